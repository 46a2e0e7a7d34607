// Prints an answer: JSON as it is, CSV, a table, or names and values. Used by run.ts, login.ts and follow-task.ts.

import { type CsvCell, csvLine } from '../lib/csv.ts';
import { escapeJson, isRecord, parseJson } from '../lib/json.ts';
import { kebabCase } from '../lib/kebab-case.ts';
import { shellWord } from '../lib/shell-word.ts';
import { SeedError } from '../protocol/errors.ts';
import type { ManifestCommand } from '../protocol/manifest.ts';
import { cellText, isIsoTime, namedCellText, relativeTime, valueAt, words } from './cell.ts';

import type { Io } from './io.ts';
import { page } from './pager.ts';
import { listView, type ViewOptions } from './table.ts';
import { padEnd, paintStatus, type Style, sanitise, styleFor, textWidth } from './terminal.ts';

interface AnswerOptions {
  json: boolean;
  csv?: boolean;
  quiet: boolean;
  /** What was typed, for the note on how to see the next page: it is the same but for its place. */
  typed: TypedCommand;
}

export interface TypedCommand {
  /** `seed`, the command, and what stands between them. */
  start: string;
  /** The words behind the command. */
  args: readonly string[];
}

export function printAnswer(io: Io, command: ManifestCommand, text: string, options: AnswerOptions): void {
  const note = (line: string) => {
    if (!options.quiet) io.stderr.write(`${line}\n`);
  };
  const answer = parseAnswer(text);
  if (options.json) printJson(io, text, answer);
  else if (command.output === 'list') printList(io, command, answer, { ...options, note });
  else if (options.csv) io.stdout.write(objectCsv(answer));
  else io.stdout.write(isRecord(answer) ? objectView(answer, viewOptions(io)) : `${JSON.stringify(answer)}\n`);
  if (!options.json && isRecord(answer) && typeof answer['secret'] === 'string') {
    note('The secret is shown once. Store it now.');
  }
}

export function parseAnswer(text: string): unknown {
  const problem = 'the server answered with broken JSON';
  return parseJson(text, (cause) => new SeedError('unreachable', problem, { cause }));
}

/** The body as it came; on a terminal indented. */
export function printJson(io: Io, text: string, answer: unknown): void {
  const shown = io.stdout.isTerminal ? JSON.stringify(answer, null, 2) : text;
  page(io, `${escapeJson(shown).trimEnd()}\n`);
}

function printList(
  io: Io,
  command: ManifestCommand,
  answer: unknown,
  { csv, typed, note }: AnswerOptions & { note: (line: string) => void },
): void {
  const { items: given, nextCursor, nextPage, totals, ...about } = isRecord(answer) ? answer : {};
  const items = Array.isArray(given) ? given : [];
  if (csv) io.stdout.write(listCsv(items, command.columns));
  else if (items.length === 0)
    note(command.name.endsWith(' list') ? `No ${command.name.split(' ').at(-2)}.` : 'Nothing to show.');
  else {
    const { text, hidden } = listView(items, command.columns, viewOptions(io), isRecord(totals) ? totals : null);
    page(io, text);
    const names = hidden.join(', ').toLowerCase();
    const way = '(a wider terminal, --csv or --json shows them)';
    if (hidden.length > 0) note(`Not shown for want of width: ${names} ${way}`);
  }
  const told = Object.entries(about).filter(([, value]) => value !== null && value !== 0);
  if (told.length > 0) note(told.map(([name, value]) => `${words(name)} ${cellText(value, null)}`).join(' · '));
  const next = nextInputs(command, { items, nextCursor, nextPage, cut: about['cut'] });
  if (next !== null) note(`There is more: ${nextCommand(typed, next)}`);
  // CSV is for programs, and many read both streams together.
  else if (nextCursor === null && !csv && items.length > 0) note(endOf(items.length, typed));
}

interface PageEnd {
  items: readonly unknown[];
  nextCursor: unknown;
  /** Of a platform that pages in its own way: the inputs of its next page. */
  nextPage: unknown;
  /** How many a report left out. */
  cut: unknown;
}

function nextInputs(command: ManifestCommand, { items, nextCursor, nextPage, cut }: PageEnd) {
  if (typeof nextCursor === 'string') return { cursor: nextCursor };
  if (isRecord(nextPage)) return nextPage;
  const hasLimit = command.input.properties?.['limit'] !== undefined;
  return typeof cut === 'number' && cut > 0 && hasLimit ? { limit: items.length + cut } : null;
}

/** The same command with these inputs, to be typed as it stands. */
function nextCommand({ start, args }: TypedCommand, inputs: Record<string, unknown>): string {
  const flags = Object.entries(inputs).map(([name, value]) => [`--${kebabCase(name)}`, shellWord(String(value))]);
  const kept = withoutFlags(args, new Set(flags.map(([name = '']) => name)));
  return [start, ...kept.map(shellWord), ...flags.flat()].join(' ');
}

function withoutFlags(args: readonly string[], names: ReadonlySet<string>): string[] {
  return args.filter((word, i) => {
    const before = args[i - 1] ?? '';
    const isValue = names.has(before) && !word.startsWith('--');
    return !isValue && !names.has(word.split('=')[0] ?? '');
  });
}

function endOf(count: number, { args }: TypedCommand): string {
  const isFirst = !args.some((word) => word.split('=')[0] === '--cursor');
  return `That is all: ${count}${isFirst ? '' : ' on this last page'}.`;
}

export function viewOptions(io: Io): ViewOptions {
  const { isTerminal, columns } = io.stdout;
  return {
    style: styleFor(io.stdout, io),
    width: isTerminal ? columns : null,
    now: isTerminal ? io.clock.now() : null,
  };
}

const INDENT = '  ';

/** An answer of one object under its name ({key: {…}}) is shown as that object. */
export function objectView(answer: Record<string, unknown>, options: ViewOptions): string {
  const values = Object.values(answer);
  const only = values.length === 1 && isRecord(values[0]) ? values[0] : answer;
  return `${linesOf(only, options).join('\n')}\n`;
}

function linesOf(object: Record<string, unknown>, options: ViewOptions): string[] {
  const { style } = options;
  const entries = Object.entries(object);
  const labels = entries.filter(([, value]) => !isGroup(value) && !isTable(value)).map(([name]) => words(name));
  const width = Math.max(0, ...labels.map(textWidth));
  return entries.flatMap(([name, value]) => {
    if (isSchema(value)) return [style.dim(words(name)), ...indent(schemaLines(value))];
    if (isGroup(value)) return [style.dim(words(name)), ...indent(linesOf(value, options))];
    if (isTable(value)) return [style.dim(words(name)), ...indent(tableLines(value, options))];
    const label = style.dim(padEnd(words(name), width));
    if (typeof value === 'string' && value.trim().includes('\n')) {
      return [style.dim(words(name)), ...indent(sanitise(value).trimEnd().split('\n'))];
    }
    return [`${label}  ${valueText(name, value, options, style)}`];
  });
}

function valueText(name: string, value: unknown, options: ViewOptions, style: Style): string {
  if (isCounts(value)) return countsText(value, options);
  if (typeof value === 'string' && isIsoTime(value)) {
    return options.now ? `${value} ${style.dim(`(${relativeTime(value, options.now)})`)}` : value;
  }
  const text = namedCellText(name, value, typeof value === 'number' ? options.now : null);
  if (name === 'secret') return style.bold(text);
  return name === 'status' ? paintStatus(text, style) : text;
}

/** A JSON Schema is read as such. */
const isSchema = (value: unknown): value is Record<string, unknown> =>
  isRecord(value) && (isRecord(value['$defs']) || (value['type'] === 'object' && isRecord(value['properties'])));

const schemaLines = (schema: Record<string, unknown>) => escapeJson(JSON.stringify(schema, null, 2)).split('\n');

function isGroup(value: unknown): value is Record<string, unknown> {
  return isRecord(value) && Object.keys(value).length > 0 && !isCounts(value);
}

function isCounts(value: unknown): value is Record<string, number> {
  if (!isRecord(value)) return false;
  const values = Object.values(value);
  return values.length > 0 && values.every((part) => typeof part === 'number');
}

/** What is 0 is left out behind the first. */
function countsText(counts: Record<string, number>, { now }: ViewOptions): string {
  return Object.entries(counts)
    .filter(([, value], i) => i === 0 || value !== 0)
    .map(([name, value]) => `${words(name)} ${cellText(value, now)}`)
    .join(' · ');
}

function isTable(value: unknown): value is Record<string, unknown>[] {
  return Array.isArray(value) && value.length > 0 && value.every(isRecord);
}

function tableLines(items: readonly Record<string, unknown>[], options: ViewOptions): string[] {
  const width = options.width === null ? null : options.width - INDENT.length;
  const { text } = listView(items, [], { ...options, width });
  return text.trimEnd().split('\n');
}

const indent = (lines: readonly string[]): string[] => lines.map((line) => `${INDENT}${line}`);

/** Columns are named as in the JSON. Without any in the manifest they are the first item's. */
export function listCsv(items: readonly unknown[], columns: readonly string[]): string {
  const [first] = items;
  const names = columns.length > 0 || !isRecord(first) ? columns : Object.keys(first);
  const lines = items.map((item) => names.map((name) => cellOf(valueAt(item, name))));
  return [names.map(cellOf), ...lines].map(csvLine).join('');
}

/** `cost.total` is the name of what stands in a group; the elements of a list are counted from 0. */
export function objectCsv(answer: unknown): string {
  return [['name', 'value'], ...namesAndValues(answer, '')].map(csvLine).join('');
}

function namesAndValues(value: unknown, path: string): CsvCell[][] {
  const parts = isRecord(value) || isListOfObjects(value) ? Object.entries(value) : [];
  if (parts.length === 0) return [[path, cellOf(value)]];
  return parts.flatMap(([name, part]) => namesAndValues(part, path === '' ? name : `${path}.${name}`));
}

function isListOfObjects(value: unknown): value is object[] {
  return Array.isArray(value) && value.some((item) => typeof item === 'object');
}

function cellOf(value: unknown): CsvCell {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'string') return sanitise(value);
  if (Object.keys(value).length === 0) return null;
  const isPlainList = Array.isArray(value) && value.every((item) => typeof item !== 'object');
  return sanitise(isPlainList ? value.join(', ') : JSON.stringify(value));
}
