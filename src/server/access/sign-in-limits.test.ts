import { expect, test } from 'vitest';
import type { SeedError } from '../../protocol/errors.ts';
import { SignInLimits } from './sign-in-limits.ts';

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
