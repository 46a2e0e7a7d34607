// One object as names and values, a line each. Used by answer-view.ts.
import { cellText, isRecord, words } from './cell.ts';
import type { ViewOptions } from './list-view.ts';
import { isIsoTime, relativeTime } from './relative-time.ts';
import { sanitise } from './sanitise.ts';
import { paintStatus, type Style } from './style.ts';
import { padEnd, textWidth } from './text-width.ts';

/** An answer of one object under its name ({key: {…}}) is shown as that object. */
export function objectView(answer: Record<string, unknown>, options: ViewOptions): string {
  const values = Object.values(answer);
  const only = values.length === 1 && isRecord(values[0]) ? values[0] : answer;
  return `${linesOf(only, options).join('\n')}\n`;
}

function linesOf(object: Record<string, unknown>, options: ViewOptions): string[] {
  const { style } = options;
  const entries = Object.entries(object);
  const labels = entries.filter(([, value]) => !isGroup(value)).map(([name]) => words(name));
  const width = Math.max(0, ...labels.map(textWidth));
  return entries.flatMap(([name, value]) => {
    if (isGroup(value)) return [style.dim(words(name)), ...indent(linesOf(value, options))];
    const label = style.dim(padEnd(words(name), width));
    if (typeof value === 'string' && value.trim().includes('\n')) {
      return [style.dim(words(name)), ...indent(sanitise(value).trimEnd().split('\n'))];
    }
    return [`${label}  ${valueText(name, value, options, style)}`];
  });
}

function valueText(name: string, value: unknown, options: ViewOptions, style: Style): string {
  if (typeof value === 'string' && isIsoTime(value)) {
    return options.now ? `${value} ${style.dim(`(${relativeTime(value, options.now)})`)}` : value;
  }
  const text = cellText(value, null);
  if (name === 'secret') return style.bold(text);
  return name === 'status' ? paintStatus(text, style) : text;
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return isRecord(value) && Object.keys(value).length > 0;
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
