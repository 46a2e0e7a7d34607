import { expect, it } from 'vitest';
import { prettyJson, visibleText } from './safe-text.ts';

it('shows what hides, and keeps lines and tabs', () => {
  expect(visibleText('a\u001b[31mb\r\n\tc\u202ed\u0000')).toBe('a\\u001b[31mb\n\tc\\u202ed\\u0000');
});

it('keeps what JSON means', () => {
  const value = { text: 'a\u202eb\u0007\u200b"é🙂', list: [1, null] };
  const json = prettyJson(value);
  for (const hidden of '\u202e\u200b\u0007') expect(json).not.toContain(hidden);
  expect(JSON.parse(json)).toEqual(value);
});
