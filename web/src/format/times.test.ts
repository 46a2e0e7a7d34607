import { expect, it } from 'vitest';
import { duration, relativeTime } from './times.ts';

const NOW = Date.parse('2026-11-24T12:00:00Z');

it.each([
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
