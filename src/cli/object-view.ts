// One object as names and values, a line each; counts that belong together share one, and lists of objects are tables. Used by answer-view.ts.
import { cellText, isRecord, words } from './cell.ts';
import { listView, type ViewOptions } from './list-view.ts';
import { isIsoTime, relativeTime } from './relative-time.ts';
import { sanitise } from './sanitise.ts';
import { paintStatus, type Style } from './style.ts';
import { padEnd, textWidth } from './text-width.ts';

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
  const labels = entries
    .filter(([, value]) => !isGroup(value) && !isTable(value))
    .map(([name]) => words(name));
  const width = Math.max(0, ...labels.map(textWidth));
  return entries.flatMap(([name, value]) => {
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
  const text = cellText(value, typeof value === 'number' ? options.now : null);
  if (name === 'secret') return style.bold(text);
  return name === 'status' ? paintStatus(text, style) : text;
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return isRecord(value) && Object.keys(value).length > 0 && !isCounts(value);
}

/** An object of nothing but numbers. */
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
  return listView(items, [], { ...options, width })
    .text.trimEnd()
    .split('\n');
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `${INDENT}${line}`);
}
