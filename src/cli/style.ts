// Colours, only on a terminal and never with NO_COLOR (https://no-color.org).
import type { Io, Output } from './io.ts';

type Paint = (text: string) => string;

export interface Style {
  bold: Paint;
  dim: Paint;
  red: Paint;
  green: Paint;
  yellow: Paint;
  cyan: Paint;
}

const plain: Paint = (text) => text;
const paint = (open: number, close: number): Paint => {
  return (text) => (text === '' ? '' : `\u001b[${open}m${text}\u001b[${close}m`);
};

export function styleFor(output: Output, io: Io): Style {
  const coloured = output.isTerminal && io.env('NO_COLOR') === undefined && io.env('TERM') !== 'dumb';
  if (!coloured) return { bold: plain, dim: plain, red: plain, green: plain, yellow: plain, cyan: plain };
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    green: paint(32, 39),
    yellow: paint(33, 39),
    cyan: paint(36, 39),
  };
}

const GOOD = new Set(['active', 'completed', 'delivered', 'ok']);
const BAD = new Set(['failed', 'timed_out', 'revoked', 'refused']);
const WARNING = new Set(['expired', 'disabled', 'stopped', 'waiting_for_approval']);

/** Colours a status word; other words stay as they are. */
export function paintStatus(text: string, style: Style): string {
  const word = text.trim();
  if (GOOD.has(word)) return style.green(text);
  if (BAD.has(word)) return style.red(text);
  return WARNING.has(word) ? style.yellow(text) : text;
}
