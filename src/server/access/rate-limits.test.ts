import { expect, test } from 'vitest';
import type { SeedError } from '../../protocol/errors.ts';
import type { Lineage } from '../../protocol/key.ts';
import { RateLimits, SignInLimits } from './rate-limits.ts';

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

const refusal = (limits: SignInLimits, address: string | null) => {
  try {
    limits.attempt(address);
    return null;
  } catch (error) {
    const { code, retryAfterSeconds } = error as SeedError;
    return { code, retryAfterSeconds };
  }
};

test('an address may fail so often, and again as time goes by', () => {
  let nowMs = 0;
  const limits = new SignInLimits({ perMinute: 2, nowMs: () => nowMs });
  expect(refusal(limits, '203.0.113.1')).toBeNull();
  expect(refusal(limits, '203.0.113.1')).toBeNull();
  expect(refusal(limits, '203.0.113.1')).toEqual({ code: 'rate_limited', retryAfterSeconds: 30 });
  expect(refusal(limits, '203.0.113.2')).toBeNull();
  nowMs = 30_000;
  expect(refusal(limits, '203.0.113.1')).toBeNull();
  expect(refusal(limits, '203.0.113.1')).not.toBeNull();
});

test('what has succeeded is not counted, and gives back no more than it took', () => {
  const limits = new SignInLimits({ perMinute: 2, nowMs: () => 0 });
  for (let index = 0; index < 10; index += 1) limits.attempt('203.0.113.1')();
  limits.attempt('203.0.113.1');
  limits.attempt('203.0.113.1');
  expect(refusal(limits, '203.0.113.1')).not.toBeNull();
});

test('the addresses of one IPv6 network count as one', () => {
  const limits = new SignInLimits({ perMinute: 1, nowMs: () => 0 });
  expect(refusal(limits, '2001:db8:0:1::1')).toBeNull();
  expect(refusal(limits, '2001:db8:0:1:ffff::2')).not.toBeNull();
  expect(refusal(limits, '2001:db8:0:2::1')).toBeNull();
});

test('however many addresses there are, memory is bounded and none of them gets around the limit', () => {
  let nowMs = 0;
  const limits = new SignInLimits({ perMinute: 1, addressesMost: 3, nowMs: () => nowMs });
  for (const last of [1, 2, 3]) expect(refusal(limits, `203.0.113.${last}`)).toBeNull();
  // The first beyond the table, and a connection whose address is not known, share one place.
  expect(refusal(limits, '203.0.113.4')).toBeNull();
  for (let last = 5; last < 200; last += 1) expect(refusal(limits, `203.0.113.${last}`)).not.toBeNull();
  expect(refusal(limits, null)).not.toBeNull();
  expect(limits.size).toBe(4);
  // Those counted before keep their own places.
  expect(refusal(limits, '203.0.113.1')).not.toBeNull();
  nowMs = 60_000;
  expect(refusal(limits, '203.0.113.9')).toBeNull();
  expect(limits.size).toBe(1);
});
