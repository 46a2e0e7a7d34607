// Nothing that a task prints is invisible, turns around what stands beside it, or is cut in the middle of a
// character.
import { expect, it } from 'vitest';
import { beginningOf, endOf, visiblePieces } from './foreign-text.tsx';

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

it.each([
  ['short', 10, 'short', 'short'],
  ['abcdef', 2, 'ab', 'ef'],
  ['a😀b', 2, 'a', 'b'],
  ['abc\x1b[1;31mred', 4, 'abc\x1b', '\x1b[1;31mred'],
  ['abc\x1b[1;31mred', 3, 'abc', 'red'],
])('%j in %i characters', (text, length, beginning, end) => {
  expect(beginningOf(text, length)).toBe(beginning);
  expect(endOf(text, length)).toBe(end);
});
