import { expect, test } from 'vitest';
import { createBackoff } from './backoff.ts';

test('waits double up to two seconds, with jitter, and start over after a reset', () => {
  const longest = createBackoff(() => 1);
  expect(Array.from({ length: 7 }, () => longest.next())).toEqual([100, 200, 400, 800, 1600, 2000, 2000]);
  longest.reset();
  expect(longest.next()).toBe(100);
  expect(createBackoff(() => 0).next()).toBe(50);
});
