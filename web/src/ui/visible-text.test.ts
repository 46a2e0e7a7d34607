// Nothing that a task prints is invisible or turns around what stands beside it.
import { expect, it } from 'vitest';
import { visiblePieces } from './visible-text.ts';

const shown = (text: string) =>
  visiblePieces(text)
    .map((piece) => (typeof piece === 'string' ? piece : `[${piece.sign}]`))
    .join('');

it.each([
  ['plain\ttext\nof two lines', 'plain\ttext\nof two lines'],
  ['lines\r\nof Windows', 'lines\nof Windows'],
  ['10%\r20%', '10%[CR]\n20%'],
  ['bell \x07 and escape \x1b[31m', 'bell [BEL] and escape [ESC][31m'],
  ['gone \x7f \x9b', 'gone [DEL] [U+009B]'],
  ['access\u202etxt.exe\u2066\u200f', 'access[U+202E]txt.exe[U+2066][U+200F]'],
  ['in\u200bvis\ufeffible\u00ad\u2028', 'in[U+200B]vis[U+FEFF]ible[U+00AD][U+2028]'],
  ['tags \u{e0041}\u{e0042}', 'tags [U+E0041][U+E0042]'],
  ['👩\u200d🚀 نص می\u200cخواهم', '👩\u200d🚀 نص می\u200cخواهم'],
  ['', ''],
])('%j is shown as %j', (text, expected) => {
  expect(shown(text)).toBe(expected);
});
