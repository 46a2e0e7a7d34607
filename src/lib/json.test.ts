import { expect, it } from 'vitest';
import { isRecord, parseJson } from './json.ts';

it('tells a text that is no JSON from every JSON value', () => {
  expect(['null', '0', '""', '{"a":[1]}'].map((text) => parseJson(text))).toEqual([null, 0, '', { a: [1] }]);
  expect(['', '{', 'undefined'].map((text) => parseJson(text))).toEqual([undefined, undefined, undefined]);
});

it('throws what the caller makes of the reason', () => {
  const failure = (cause: Error) => new Error('no price list', { cause });
  expect(() => parseJson('{', failure)).toThrow(
    expect.objectContaining({ message: 'no price list', cause: expect.any(SyntaxError) }),
  );
  expect(parseJson('1', failure)).toBe(1);
});

it('takes no list, no null and no text for a record', () => {
  expect([{}, { a: 1 }, [], null, 'a', undefined].map(isRecord)).toEqual([true, true, false, false, false, false]);
});
