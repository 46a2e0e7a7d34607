// Reads what `seed … --json` printed through the bash tool, where output and error messages come merged.

import type { z } from 'zod';
import { parseJson } from '../../../lib/json.ts';
import type { ToolResult } from './conversation.ts';

const REASON_LENGTH = 200;

/** The agent shows the end of a long output only, and says so like this. */
const CUT = /\[Showing (?:lines|last) /;

export function wasCut(result: ToolResult): boolean {
  return CUT.test(result.output);
}

/** The JSON object in the output, if it is there and has the schema's shape; null otherwise. */
export function parseOutput<Output>(schema: z.ZodType<Output>, result: ToolResult): Output | null {
  const { output } = result;
  const json = output.slice(output.indexOf('{'), output.lastIndexOf('}') + 1);
  const parsed = schema.safeParse(parseJson(json));
  return parsed.success ? parsed.data : null;
}

/** Text from the platform for use in a sentence: one line, no control characters, at most 200 characters. */
export function plain(text: string): string {
  const oneLine = text.replace(/[\s\p{C}]+/gu, ' ').trim();
  return [...oneLine].slice(0, REASON_LENGTH).join('');
}

/** `1 key`, `2 keys` */
export function counted(count: number, singular: string): string {
  return `${count} ${singular}${count === 1 ? '' : 's'}`;
}

/** Why a command failed, for use after a colon, with the missing scope where that is it. */
export function reasonOf(result: ToolResult): string {
  const scope = missingScopeOf(result);
  if (scope !== null) return `this key lacks the scope ${scope}`;
  const lines = result.output.split('\n').map((line) => line.replace(/^(?:seed: |error: )+/i, '').trim());
  const said = lines.find((line) => line !== '' && !line.startsWith('Command exited with code'));
  return said === undefined
    ? `the command failed with exit code ${result.exitCode ?? 'unknown'}`
    : plain(said);
}

/** The scope a refused command asks for, or null when it failed for another reason. */
export function missingScopeOf(result: ToolResult): string | null {
  if (!result.failed) return null;
  return /\bscopes?\b[^\n]{0,40}?\b([a-z][a-z0-9-]*:(?:\*|[a-z][a-z0-9-]*))/.exec(result.output)?.[1] ?? null;
}
