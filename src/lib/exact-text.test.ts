// What a person decides about is seen as it is: nothing hides, turns the writing, or lies out of sight.
import { expect, it } from 'vitest';
import { exactNumber } from './exact-json.ts';
import { exactJson, exactLine, exactLines, JSON_ESCAPES } from './exact-text.ts';

it.each([
  ['plain text, ٥٠٠ and Ünicode', 'plain text, ٥٠٠ and Ünicode'],
  ['access\u202etxt.exe', 'access\\u202etxt.exe'],
  ['a\u200bb\u00adc\ufeffd', 'a\\u200bb\\u00adc\\ufeffd'],
  ['joined \u200d and \u200c', 'joined \\u200d and \\u200c'],
  ['blank\u00a0like\u3164and\u2800', 'blank\\u00a0like\\u3164and\\u2800'],
  ['escape \u001b[31m', 'escape \\u001b[31m'],
  ['delete \u007f and C1 \u009b', 'delete \\u007f and C1 \\u009b'],
  ['tags \u{e0041}', 'tags \\udb40\\udc41'],
  ['half \ud800 of a pair', 'half \\ud800 of a pair'],
  ['private \ue000', 'private \\ue000'],
  ['two lines\nof it', 'two lines\\nof it'],
  ['5 €         to mallory', `5 €${'\\u0020'.repeat(9)}to mallory`],
])('%j is shown as %j, and means the same', (text, shown) => {
  expect(exactJson(text)).toBe(`"${shown}"`);
  expect(JSON.parse(exactJson(text))).toBe(text);
  expect(exactLine(text)).toBe(shown);
});

it('keeps the lines and indents of what is nested', () => {
  const value = { to: 'acme', lines: [{ total: 500, deep: { deeper: { deepest: { key: 1 } } } }] };
  expect(exactJson(value)).toBe(JSON.stringify(value, null, 2));
  expect(exactJson(undefined)).toBe('null');
});

it('tells what was escaped from what the text has itself, and loses no digit', () => {
  const json = exactJson({
    to: 'a\u202e\u200bb \\u202e \\u{202E}',
    total: exactNumber('12345678901234567890.10'),
  });
  expect(json).toContain('"total": 12345678901234567890.10');
  expect(json.split(JSON_ESCAPES).filter((_, index) => index % 2 === 1)).toEqual(['\\u202e\\u200b']);
  expect(exactLines(json)).toBe(json);
});
