import { expect, test } from 'vitest';
import { exactNumber } from '../lib/exact-json.ts';
import { storableJson } from './storable.ts';

test('what Postgres cannot store is replaced in every string, and no number loses a digit', () => {
  const value = { 'a\u0000': ['b\ud800', { total: exactNumber('12345678901234567890.10') }, null] };
  expect(storableJson(value)).toBe('{"a\ufffd":["b\ufffd",{"total":12345678901234567890.10},null]}');
});
