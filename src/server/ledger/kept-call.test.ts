import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutJson } from './kept-call.ts';

test('small values stay as they are', () => {
  const input = { id: 'x', limit: 5, scopes: ['keys:read'], nested: { deep: null }, inputTokens: 7 };
  expect(cutJson(input)).toEqual(input);
});

test('secrets go, by name and by form', () => {
  const input = {
    secret: 'hidden',
    note: `use sk_live_${'a'.repeat(36)} now`,
    headers: { Authorization: 'Bearer x' },
  };
  expect(cutJson(input)).toEqual({
    secret: '[secret]',
    note: 'use [secret] now',
    headers: { Authorization: '[secret]' },
  });
});

test('what is large is cut and says so', () => {
  expect(cutJson({ text: 'x'.repeat(250) })).toEqual({ text: `${'x'.repeat(200)}… 50 more characters` });
  const list = (cutJson({ list: Array.from({ length: 30 }, (_, i) => i) }) as { list: unknown[] }).list;
  expect(list).toHaveLength(21);
  expect(list.at(-1)).toBe('… 10 more');
  const wide = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`name${i}`, 'x'.repeat(100)]));
  expect(cutJson(wide)).toEqual({ cut: Array.from({ length: 20 }, (_, i) => `name${i}`) });
});

test('is never large and never holds a key, whatever comes', () => {
  const secret = `sk_live_${'Z'.repeat(36)}`;
  const anything = fc.oneof(
    fc.jsonValue(),
    fc.jsonValue().map((value) => ({ around: [value, secret, { [secret]: secret }] })),
  );
  fc.assert(
    fc.property(anything, (value) => {
      const text = JSON.stringify(cutJson(value));
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4_096);
      expect(text).not.toContain('sk_live_ZZZZ');
    }),
  );
});
