import { expect, it } from 'vitest';
import { prettyJson } from './pretty-json.ts';

it('keeps what JSON means', () => {
  const value = { text: 'a\u202eb\u0007\u200b"é🙂', list: [1, null] };
  const json = prettyJson(value);
  for (const hidden of '\u202e\u200b\u0007') expect(json).not.toContain(hidden);
  expect(JSON.parse(json)).toEqual(value);
});
