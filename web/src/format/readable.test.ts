import { expect, it } from 'vitest';
import { bytes, count, duration, money, relativeTime, shortCount } from './readable.ts';

const NOW = Date.parse('2026-11-24T12:00:00Z');

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
  [duration(0), '0 ms'],
  [duration(320), '320 ms'],
  [duration(1_500), '1.5 s'],
  [duration(9_999), '9.9 s'],
  [duration(59_999), '59 s'],
  [duration(60_000), '1 min'],
  [duration(65_000), '1 min 5 s'],
  [duration(3_600_000), '1 h'],
  [duration(90_000_000), '1 d 1 h'],
  [relativeTime('2026-11-24T11:59:58Z', NOW), 'now'],
  [relativeTime('2026-11-24T11:58:00Z', NOW), '2 min ago'],
  [relativeTime('2026-11-24T15:00:00Z', NOW), 'in 3 h'],
  [relativeTime('2026-11-22T11:00:00Z', NOW), '2 d ago'],
  [relativeTime('2026-09-01T00:00:00Z', NOW), '2026-09-01'],
])('%s', (shown, expected) => {
  expect(shown).toBe(expected);
});
