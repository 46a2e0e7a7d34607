import { expect, test } from 'vitest';
import { createTokenBucket } from './token-bucket.ts';

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
