import { expect, it } from 'vitest';
import { bytes, count, money, shortCount } from './numbers.ts';

it.each([
  [count(1_234_567), '1,234,567'],
  [shortCount(9_999), '9,999'],
  [shortCount(1_234_567), '1.2M'],
  [money(0), '$0.00'],
  [money(12.3), '$12.30'],
  [money(0.1), '$0.10'],
  [money(0.00042), '$0.00042'],
  [money(1_234.5), '$1,234.50'],
  [bytes(0), '0 B'],
  [bytes(999), '999 B'],
  [bytes(1_536), '1.5 kB'],
  [bytes(64_000_000), '64 MB'],
])('%s', (shown, expected) => {
  expect(shown).toBe(expected);
});
