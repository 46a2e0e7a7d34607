// What a terminal is shown: colours, sanitised texts, their width in cells, wrapped help. Used by all that prints.
import type { Io, Output } from './io.ts';

type Paint = (text: string) => string;

export type Style = Record<'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan', Paint>;

const plain: Paint = (text) => text;
const paint = (open: number, close: number) => (text: string) =>
  text === '' ? '' : `\u001b[${open}m${text}\u001b[${close}m`;

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

const GOOD = new Set(['active', 'approved', 'completed', 'delivered', 'ok']);
const BAD = new Set(['failed', 'timed_out', 'revoked', 'refused', 'denied']);
const WARNING = new Set(['expired', 'disabled', 'stopped', 'waiting_for_approval', 'stale']);

/** Colours a status word; other words stay as they are. */
export function paintStatus(text: string, style: Style): string {
  const word = text.trim();
  if (GOOD.has(word)) return style.green(text);
  if (BAD.has(word)) return style.red(text);
  return WARNING.has(word) ? style.yellow(text) : text;
}

const ESC = '\\u001b';
const CSI = `(?:${ESC}\\[|\\u009b)[0-?]*[ -/]*[@-~]?`;
/** OSC, DCS, SOS, PM and APC strings up to their terminator, or to the end of the line when it is missing. */
const STRINGS = `(?:${ESC}[\\]PX^_]|[\\u009d\\u0090\\u0098\\u009e\\u009f])[^\\u0007\\u001b\\u009c\\n]*(?:\\u0007|${ESC}\\\\|\\u009c)?`;
const ESCAPE_SEQUENCES = new RegExp(`${STRINGS}|${CSI}|${ESC}[ -/]*[0-~]?`, 'g');

/** C0 but tab and newline, DEL, C1, and the characters that reorder or hide text. */
const INVISIBLE = '\\u007f-\\u009f\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060\\u2066-\\u2069\\ufeff';
const CONTROL = new RegExp(`[\\u0000-\\u0008\\u000b-\\u001f${INVISIBLE}]`, 'g');

/** Removes escape sequences and control characters; keeps newlines and tabs. */
export function sanitise(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(ESCAPE_SEQUENCES, '').replace(CONTROL, '');
}

/** The same on one line: runs of white space become one space. */
export const sanitiseLine = (text: string): string => sanitise(text).replace(/\s+/g, ' ').trim();

const ZERO_WIDTH = /^\p{Mark}$/u;
/** East Asian wide and full-width ranges, and emoji (Unicode UAX #11, the blocks that matter). */
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]$/u;
const ASCII = /^[ -~]*$/;

function cellsOf(char: string): number {
  if (ZERO_WIDTH.test(char)) return 0;
  return WIDE.test(char) ? 2 : 1;
}

export function textWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let cells = 0;
  for (const char of text) cells += cellsOf(char);
  return cells;
}

/** The text in at most `width` cells, with `…` at its end when something was cut. */
export function truncate(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let cells = 0;
  let kept = '';
  for (const char of text) {
    cells += cellsOf(char);
    if (cells > width - 1) break;
    kept += char;
  }
  return `${kept}…`;
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)));
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - textWidth(text))) + text;
}

/** Wraps long lines at spaces; what follows stands under the line's last column of text. Examples stay whole. */
export function wrapHelp(text: string, width: number): string {
  return text
    .split('\n')
    .flatMap((line) => wrapLine(line, width))
    .join('\n');
}

function wrapLine(line: string, width: number): string[] {
  if (line.length <= width || line.startsWith('  seed ')) return [line];
  const indent = /^ +\S.*? {2,}|^ */.exec(line)?.[0].length ?? 0;
  // Too narrow for two columns: the terminal may wrap as it likes.
  if (indent > width / 2) return [line];
  const lines: string[] = [];
  let current = line.slice(0, indent);
  let isEmpty = true;
  for (const word of line.slice(indent).split(' ')) {
    if (!isEmpty && current.length + 1 + word.length > width) {
      lines.push(current);
      current = ' '.repeat(indent);
      isEmpty = true;
    }
    current += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, current];
}
