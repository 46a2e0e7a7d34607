import { expect, test } from 'vitest';
import { createServerClock } from './server-clock.ts';

const at = (ms: number) => new Date(Math.floor(ms / 1000) * 1000).toISOString();

test('knows the time of a cluster whose clock is another, better with each timestamp', () => {
  const clock = createServerClock();
  expect(clock.earliest(at(0))).toBeNull();
  const offset = 7_000_250;
  for (const moment of [1000, 2300, 3600, 4900]) clock.note(at(moment + offset), moment - 20, moment + 20);
  const earliest = clock.earliest(at(10_000 + offset)) ?? Number.NaN;
  // Cut off to its second, a quarter of which had gone by; and what was noted is not exact.
  expect(earliest).toBeGreaterThan(10_000 - 250 - 350);
  expect(earliest).toBeLessThanOrEqual(10_000 - 250);
});

test('believes the newest where two contradict each other', () => {
  const clock = createServerClock();
  clock.note(at(0), 0, 10);
  clock.note(at(60_000), 100, 110);
  const earliest = clock.earliest(at(60_000)) ?? Number.NaN;
  expect(earliest).toBeGreaterThan(-1000);
  expect(earliest).toBeLessThanOrEqual(110);
  clock.note('', 0, 0);
  expect(clock.earliest(at(60_000))).toBe(earliest);
});
