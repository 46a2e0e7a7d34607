import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Bucket, isFull, take } from './token-bucket.ts';

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
        const result = take(bucket, perMinute, nowMs);
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
      let result = take(undefined, perMinute, 0);
      while (result.taken) result = take(result.bucket, perMinute, 0);
      result = take(result.bucket, perMinute, Math.min(pause, Math.floor(59_000 / perMinute)));
      const { bucket, retryAfterSeconds, resetSeconds } = result;
      expect(result.taken).toBe(false);
      expect(take(bucket, perMinute, bucket.at + retryAfterSeconds * 1000).taken).toBe(true);
      expect(isFull(bucket, perMinute, bucket.at + resetSeconds * 1000)).toBe(true);
    }),
  );
});
