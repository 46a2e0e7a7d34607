import fc from 'fast-check';
import { expect, test } from 'vitest';
import { afterAttempt, hasFailedTooLong, RETRY_DELAYS_MS } from './attempt.ts';

const NOW = new Date('2026-11-24T10:00:00Z');
const SECONDS = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
const failed = { attemptsMade: 1, status: 500, retryAfter: null, once: false };
const msUntil = (time: Date | null) => (time === null ? null : time.getTime() - NOW.getTime());

test("the delays are those of the specification's table, ten attempts in all", () => {
  expect(RETRY_DELAYS_MS).toEqual(SECONDS.map((seconds) => seconds * 1000));
  const total = SECONDS.reduce((sum, seconds) => sum + seconds, 0);
  expect(total).toBe(75 * 3600 + 35 * 60 + 5);
  for (const [index, seconds] of SECONDS.entries()) {
    const verdict = afterAttempt({ ...failed, attemptsMade: index + 1 }, NOW, 0);
    expect(verdict).toMatchObject({ status: 'pending', gone: false, holdUntil: null });
    expect(msUntil(verdict.nextAttemptAt)).toBe(seconds * 1000);
  }
  expect(afterAttempt({ ...failed, attemptsMade: 10 }, NOW, 0)).toMatchObject({
    status: 'failed',
    nextAttemptAt: null,
  });
});

test('jitter makes a delay at most a tenth longer and never shorter', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.double({ min: 0, max: 1, noNaN: true }), (made, random) => {
      const ms = msUntil(afterAttempt({ ...failed, attemptsMade: made }, NOW, random).nextAttemptAt) ?? 0;
      const delay = RETRY_DELAYS_MS[made - 1] ?? 0;
      expect(ms).toBeGreaterThanOrEqual(delay);
      expect(ms).toBeLessThanOrEqual(delay * 1.1 + 1);
    }),
  );
});

test('2xx only is success', () => {
  for (let status = 100; status < 600; status += 1) {
    const { status: outcome } = afterAttempt({ ...failed, status }, NOW, 0);
    expect(outcome === 'delivered').toBe(status >= 200 && status < 300);
  }
  expect(afterAttempt({ ...failed, status: null }, NOW, 0).status).toBe('pending');
});

test('410 ends it at once, a test is tried once', () => {
  expect(afterAttempt({ ...failed, status: 410 }, NOW, 0)).toMatchObject({ status: 'failed', gone: true });
  expect(afterAttempt({ ...failed, once: true }, NOW, 0)).toMatchObject({ status: 'failed', gone: false });
});

test.each([
  [429, '60', 60_000, 60_000],
  [503, '60', 60_000, 60_000],
  [429, '2', 5_000, 2_000],
  [429, new Date(NOW.getTime() + 90_000).toUTCString(), 90_000, 90_000],
  [429, new Date(NOW.getTime() - 90_000).toUTCString(), 5_000, null],
  [429, '99999999', 86_400_000, 86_400_000],
  [429, 'soon', 5_000, 5_000],
  [429, null, 5_000, 5_000],
  [502, null, 5_000, 5_000],
  [504, null, 5_000, 5_000],
  [500, null, 5_000, null],
])('%i with Retry-After %s: again after %i ms, others held for %s ms', (status, retryAfter, againMs, holdMs) => {
  const verdict = afterAttempt({ ...failed, status, retryAfter }, NOW, 0);
  expect(msUntil(verdict.nextAttemptAt)).toBe(againMs);
  expect(msUntil(verdict.holdUntil)).toBe(holdMs);
});

test('without Retry-After others are held for a minute at most, however long the retry waits', () => {
  const verdict = afterAttempt({ ...failed, status: 429, attemptsMade: 9 }, NOW, 0);
  expect(msUntil(verdict.holdUntil)).toBe(60_000);
});

test('five days of failure are too long', () => {
  const days = (count: number) => new Date(NOW.getTime() - count * 86_400_000);
  expect(hasFailedTooLong(days(4.99), NOW)).toBe(false);
  expect(hasFailedTooLong(days(5), NOW)).toBe(true);
});
