// A cut goes neither through a character nor through an escape sequence.
import { expect, it } from 'vitest';
import { beginningOf, endOf } from './use-cut.ts';

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
