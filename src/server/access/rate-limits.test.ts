import { expect, test } from 'vitest';
import type { Lineage } from '../../protocol/key.ts';
import { RateLimits } from './rate-limits.ts';

const line = (...keys: [string, number | null][]) =>
  keys.map(([id, requestsPerMinute]) => ({ id, requestsPerMinute })) as unknown as Lineage;

test('a key without a limit is not counted', () => {
  const limits = new RateLimits(() => 0);
  expect(limits.count(line(['a', null]))).toBeNull();
  expect(limits.size).toBe(0);
});

test('calls of a task count for the key behind it, and a refused call counts for none', () => {
  let nowMs = 0;
  const limits = new RateLimits(() => nowMs);
  expect(limits.count(line(['task', null], ['caller', 2]))).toMatchObject({
    taken: true,
    remaining: 1,
    perMinute: 2,
  });
  expect(limits.count(line(['caller', 2]))).toMatchObject({ taken: true, remaining: 0 });
  expect(limits.count(line(['other', 5], ['caller', 2]))).toMatchObject({
    taken: false,
    retryAfterSeconds: 30,
  });
  expect(limits.count(line(['other', 5]))).toMatchObject({ taken: true, remaining: 4 });
  nowMs = 30_000;
  expect(limits.count(line(['caller', 2]))).toMatchObject({ taken: true });
});

test('buckets that have filled up again are forgotten', () => {
  let nowMs = 0;
  const limits = new RateLimits(() => nowMs);
  for (let i = 0; i < 900; i++) limits.count(line([`key ${i}`, 60]));
  expect(limits.size).toBe(900);
  nowMs = 60_000;
  for (let i = 0; i < 200; i++) limits.count(line(['one', 600]));
  expect(limits.size).toBe(1);
});
