// How many terminal cells a text takes, and cutting it to a number of them. Used by the table.

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
