import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Duration, durationMs, Lifetime, PastTime, pastTime } from './time.ts';

test('spans are whole amounts of a unit, up to ten years', () => {
  expect(durationMs('45m')).toBe(45 * 60_000);
  expect(durationMs('12h')).toBe(12 * 3_600_000);
  expect(durationMs('30d')).toBe(30 * 86_400_000);
  expect(durationMs('8w')).toBe(56 * 86_400_000);
  expect(durationMs('0m')).toBe(0);
  for (const text of ['', '30', 'd', '-1d', '1.5h', '030d', '30 d', '30D', '3651d', '9999999w', '1y', 'never'])
    expect(durationMs(text)).toBeNull();
});

test('the schemas take what they say', () => {
  expect(Duration.safeParse('never').success).toBe(false);
  expect(Lifetime.safeParse('never').success).toBe(true);
  expect(PastTime.safeParse('2026-11-01T00:00:00Z').success).toBe(true);
  expect(PastTime.safeParse('yesterday').success).toBe(false);
});

test('a span as a past time is counted back from now', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 3650 }), (days) => {
      const now = new Date('2026-03-25T10:00:00Z');
      expect(now.getTime() - pastTime(`${days}d`, now).getTime()).toBe(days * 86_400_000);
    }),
  );
});
