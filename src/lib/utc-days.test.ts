import { expect, test } from 'vitest';
import { dayOf, daysOf, monthOf, secondsUntilNext } from './utc-days.ts';

test.each([
  ['2026-11-30T23:59:59.999Z', '2026-11-30', '2026-11-01', 1, 1],
  ['2026-12-01T00:00:00.000Z', '2026-12-01', '2026-12-01', 86_400, 31 * 86_400],
  ['2027-01-01T12:00:00.000Z', '2027-01-01', '2027-01-01', 43_200, 31 * 86_400 - 43_200],
  ['2028-02-29T23:00:00.000Z', '2028-02-29', '2028-02-01', 3_600, 3_600],
])('%s', (time, day, month, toDay, toMonth) => {
  const now = new Date(time);
  expect([dayOf(now), monthOf(now)]).toEqual([day, month]);
  expect([secondsUntilNext('day', now), secondsUntilNext('month', now)]).toEqual([toDay, toMonth]);
});

test.each([
  ['2026-11-29T23:59:59.999Z', '2026-12-01T00:00:00.000Z', ['2026-11-29', '2026-11-30']],
  ['2026-11-30T00:00:00.000Z', '2026-12-01T00:00:00.001Z', ['2026-11-30', '2026-12-01']],
  ['2026-11-30T10:00:00.000Z', '2026-11-30T11:00:00.000Z', ['2026-11-30']],
])('from %s to %s', (from, to, days) => {
  expect(daysOf({ from: new Date(from), to: new Date(to) })).toEqual(days);
});
