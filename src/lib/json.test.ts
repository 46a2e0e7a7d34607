import { expect, it } from 'vitest';
import { isRecord, parseJson, repeatedName } from './json.ts';

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

it.each([
  ['{"a":1,"a":2}', 'a'],
  ['{"a":1,"b":{"c":1,"c":1}}', 'c'],
  ['[{"a":1},{"b":1 , "b"\n :2}]', 'b'],
  ['{"\\u0061":1,"a":2}', 'a'],
  ['{"__proto__":1,"__proto__":2}', '__proto__'],
  ['{"":1,"":2}', ''],
  ['{"a\\"b":1,"x":"\\\\","a\\"b":2}', 'a"b'],
])('in %s a name is given twice', (json, name) => {
  expect(repeatedName(json)).toBe(name);
});

it.each([
  '{}',
  '"a"',
  '{"a":{"a":{"a":"a"}},"b":["a","a",{"a":1}],"c":{"a":1}}',
  '{"a":"\\",\\"a\\":","b":"{\\"b\\":1"}',
  '[["a"],["a"],"a","a"]',
])('in %s none is', (json) => {
  JSON.parse(json);
  expect(repeatedName(json)).toBeNull();
});
