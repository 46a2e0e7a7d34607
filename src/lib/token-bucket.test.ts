import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Bucket, createTokenBucket, isFull, type Rate, takeToken } from './token-bucket.ts';

const aMinute = (tokens: number): Rate => ({ tokens, perMs: 60_000, burst: tokens });

test('a burst passes, then the rate holds, and a pause fills no more than the burst', () => {
  let time = 0;
  const bucket = createTokenBucket(10, 3, () => time);
  const taken = () => [1, 2, 3, 4].filter(() => bucket.take(1)).length;
  expect(taken()).toBe(3);
  time += 99;
  expect(taken()).toBe(0);
  time += 1;
  expect(taken()).toBe(1);
  time += 60_000;
  expect(taken()).toBe(3);
});

test('a charge tells how long its debt lasts', () => {
  let time = 0;
  const bucket = createTokenBucket(1000, 500, () => time);
  expect(bucket.charge(500)).toBe(0);
  expect(bucket.charge(250)).toBe(250);
  time += 250;
  expect(bucket.charge(100)).toBe(100);
});

const perMinutes = fc.integer({ min: 1, max: 1_000 });
const pauses = fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 200 });

test('in no stretch of time more is taken than a bucketful and what refills', () => {
  fc.assert(
    fc.property(perMinutes, pauses, (perMinute, waits) => {
      let bucket: Bucket | undefined;
      let nowMs = 0;
      let taken = 0;
      for (const wait of waits) {
        nowMs += wait;
        const result = takeToken(bucket, aMinute(perMinute), nowMs);
        bucket = result.bucket;
        if (result.taken) taken += 1;
        expect(taken).toBeLessThanOrEqual(perMinute + (nowMs * perMinute) / 60_000 + 1e-6);
        expect(result.remaining).toBeGreaterThanOrEqual(0);
        expect(result.remaining).toBeLessThan(perMinute);
      }
    }),
  );
});

test('who was refused and waits as long as told is served; who waits for the reset finds a full bucket', () => {
  fc.assert(
    fc.property(perMinutes, fc.integer({ min: 0, max: 60_000 }), (perMinute, pause) => {
      let result = takeToken(undefined, aMinute(perMinute), 0);
      while (result.taken) result = takeToken(result.bucket, aMinute(perMinute), 0);
      result = takeToken(result.bucket, aMinute(perMinute), Math.min(pause, Math.floor(59_000 / perMinute)));
      const { bucket, retryAfterSeconds, resetSeconds } = result;
      expect(result.taken).toBe(false);
      expect(takeToken(bucket, aMinute(perMinute), bucket.atMs + retryAfterSeconds * 1000).taken).toBe(true);
      expect(isFull(bucket, aMinute(perMinute), bucket.atMs + resetSeconds * 1000)).toBe(true);
    }),
  );
});
