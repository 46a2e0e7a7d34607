import { expect, test } from 'vitest';
import { retryAfterMs } from './retry-after.ts';

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
