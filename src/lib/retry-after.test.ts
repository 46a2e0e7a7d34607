import { expect, test } from 'vitest';
import { retryAfterMs, sentAt } from './retry-after.ts';

test.each([
  ['0', 0],
  ['120', 120_000],
  ['Wed, 21 Oct 2026 07:28:30 GMT', 30_000],
  ['Wed, 21 Oct 2026 07:27:00 GMT', 0],
  ['soon', null],
  ['-5', null],
  ['9'.repeat(400), null],
  [null, null],
])('%s', (header, ms) => {
  expect(retryAfterMs(header, new Date('2026-10-21T07:28:00Z'))).toBe(ms);
});

test("a date is measured by the sender's clock, not by this machine's", () => {
  const sent = sentAt('Wed, 21 Oct 2009 07:28:00 GMT');
  expect(retryAfterMs('Wed, 21 Oct 2009 07:28:30 GMT', sent)).toBe(30_000);
  expect(Math.abs(sentAt(null).getTime() - Date.now())).toBeLessThan(1_000);
  expect(Math.abs(sentAt('now').getTime() - Date.now())).toBeLessThan(1_000);
});
