// What playbooks read: the output of `seed … --json` as the bash tool gives it, where output and error messages
// come merged, and lists of any number of pages. Packs get these functions as `seed/pack`.
import type { z } from 'zod';
import { parseJson } from '../lib/json.ts';
import { LIMITS } from '../protocol/limits.ts';
import { pageOf } from '../protocol/page.ts';
import type { Steps, ToolResult } from './playbook.ts';

const REASON_LENGTH = 200;

/** The agent shows both ends of a long output only, and says so like this. */
const CUT = /\[… (?:lines \d+ to \d+ of \d+|\d+ of \d+ bytes) left out/;

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
  return said === undefined ? `the command failed with exit code ${result.exitCode ?? 'unknown'}` : plain(said);
}

/** The scope a refused command asks for, or null when it failed for another reason. */
export function missingScopeOf(result: ToolResult): string | null {
  if (!result.failed) return null;
  return /\bscopes?\b[^\n]{0,40}?\b([a-z][a-z0-9-]*:(?:\*|[a-z][a-z0-9-]*))/.exec(result.output)?.[1] ?? null;
}

/** A page that the agent would cut is asked for again with fewer items. */
const PAGE_SIZES = [LIMITS.pageSize, 25, 5, 1] as const;
const PAGES_AT_MOST = 1_000;
/** What may stand in a shell command without quotes. */
const SAFE_CURSOR = /^[\w.=~+/:-]{1,200}$/;

/** @param command a list's command line without --json and --limit, such as `seed keys list` */
export function* readPages<Item>(
  command: string,
  item: z.ZodType<Item>,
): Steps<{ items: Item[] } | { trouble: string }> {
  const Page = pageOf(item);
  const items: Item[] = [];
  let size = 0;
  let cursor: string | null = null;
  for (let pages = 0; pages < PAGES_AT_MOST; pages++) {
    const from: string = cursor === null ? '' : ` --cursor ${cursor}`;
    const result: ToolResult = yield `${command} --json --limit ${PAGE_SIZES[size]}${from}`;
    if (result.failed) return { trouble: reasonOf(result) };
    const page: z.infer<typeof Page> | null = parseOutput(Page, result);
    if (page === null && CUT.test(result.output) && size + 1 < PAGE_SIZES.length) {
      size += 1;
      continue;
    }
    if (page === null) return { trouble: `the answer of \`${command}\` is not the list it should be` };
    items.push(...page.items);
    if (page.nextCursor === null) return { items };
    if (!SAFE_CURSOR.test(page.nextCursor)) return { trouble: 'the cursor of the next page is malformed' };
    cursor = page.nextCursor;
  }
  return { trouble: `the list does not end after ${PAGES_AT_MOST} pages` };
}
