import { expect, test } from 'vitest';
import { contentHash } from './content-hash.ts';

test('contentHash depends on every part and on where one ends', () => {
  expect(contentHash('a', 'b')).toMatch(/^[0-9a-f]{32}$/);
  expect(contentHash('a', 'b')).toBe(contentHash('a', Buffer.from('b')));
  expect(contentHash('a', 'b')).not.toBe(contentHash('ab'));
  expect(contentHash('a', 'b')).not.toBe(contentHash('b', 'a'));
});
