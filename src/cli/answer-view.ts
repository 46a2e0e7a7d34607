// Prints a command's answer: JSON as it is, CSV, a table, or names and values. Used by run.ts and login.ts.

import { escapeJson } from '../lib/escape-json.ts';
import { shellWord } from '../lib/shell-word.ts';
import { SeedError } from '../protocol/errors.ts';
import type { ManifestCommand } from '../protocol/manifest.ts';
import { cellText, isRecord, words } from './cell.ts';
import { listCsv, objectCsv } from './csv-view.ts';
import { kebabCase } from './flags.ts';
import type { Io } from './io.ts';
import { listView, type ViewOptions } from './list-view.ts';
import { objectView } from './object-view.ts';
import { styleFor } from './style.ts';

export interface AnswerOptions {
  json: boolean;
  csv?: boolean;
  quiet: boolean;
  /** The command line up to its flags, for the note on how to see the next page. */
  commandLine: string;
}

/** @param text the JSON text of the answer */
export function printAnswer(io: Io, command: ManifestCommand, text: string, options: AnswerOptions): void {
  const note = (line: string) => {
    if (!options.quiet) io.stderr.write(`${line}\n`);
  };
  const answer = parseAnswer(text);
  if (options.json) printJson(io, text, answer);
  else if (command.output === 'list') printList(io, command, answer, options, note);
  else if (options.csv) io.stdout.write(objectCsv(answer));
  else
    io.stdout.write(isRecord(answer) ? objectView(answer, viewOptions(io)) : `${JSON.stringify(answer)}\n`);
  if (!options.json && isRecord(answer) && typeof answer['secret'] === 'string') {
    note('The secret is shown once. Store it now.');
  }
}

export function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SeedError('unreachable', 'the server answered with broken JSON', { cause });
  }
}

/** The body as it came; on a terminal indented. */
export function printJson(io: Io, text: string, answer: unknown): void {
  const shown = io.stdout.isTerminal ? JSON.stringify(answer, null, 2) : text;
  io.stdout.write(`${escapeJson(shown).trimEnd()}\n`);
}

function printList(
  io: Io,
  command: ManifestCommand,
  answer: unknown,
  { csv, commandLine }: AnswerOptions,
  note: (line: string) => void,
): void {
  const { items: given, nextCursor, nextPage, totals, ...about } = isRecord(answer) ? answer : {};
  const items = Array.isArray(given) ? given : [];
  if (csv) io.stdout.write(listCsv(items, command.columns));
  else if (items.length === 0)
    note(command.name.endsWith(' list') ? `No ${command.name.split(' ').at(-2)}.` : 'Nothing to show.');
  else {
    const sums = isRecord(totals) ? totals : null;
    const { text, hidden } = listView(items, command.columns, viewOptions(io), sums);
    io.stdout.write(text);
    if (hidden.length > 0)
      note(
        `Not shown for want of width: ${hidden.join(', ').toLowerCase()} (a wider terminal, --csv or --json shows them)`,
      );
  }
  const told = Object.entries(about).filter(([, value]) => value !== null && value !== 0);
  if (told.length > 0)
    note(told.map(([name, value]) => `${words(name)} ${cellText(value, null)}`).join(' · '));
  if (isRecord(nextPage)) note(`There is more: add ${flagsText(nextPage)}`);
  if (typeof nextCursor === 'string') note(`There is more: ${commandLine} --cursor ${shellWord(nextCursor)}`);
}

/** The inputs of the next page, of a platform that pages in its own way. */
function flagsText(inputs: Record<string, unknown>): string {
  const flags = Object.entries(inputs).map(
    ([name, value]) => `--${kebabCase(name)} ${shellWord(String(value))}`,
  );
  return flags.join(' ');
}

function viewOptions(io: Io): ViewOptions {
  const { isTerminal, columns } = io.stdout;
  return {
    style: styleFor(io.stdout, io),
    width: isTerminal ? columns : null,
    now: isTerminal ? io.clock.now() : null,
  };
}
