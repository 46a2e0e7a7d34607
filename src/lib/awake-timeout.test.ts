import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { awakeTimeout } from './awake-timeout.ts';

let pausedMs = 0;
const now = () => performance.now() + pausedMs;
beforeEach(() => {
  pausedMs = 0;
  vi.useFakeTimers();
});
afterEach(() => void vi.useRealTimers());

test.each([0, 1, 999, 1_000, 2_500, 300_000])('%d ms are as long as any', (ms) => {
  const over = vi.fn();
  awakeTimeout(ms, over, now);
  if (ms > 0) vi.advanceTimersByTime(ms - 1);
  expect(over).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(over).toHaveBeenCalledOnce();
});

test('a pause does not count, however long it is', () => {
  const over = vi.fn();
  awakeTimeout(10_000, over, now);
  for (let pauses = 0; pauses < 3; pauses += 1) {
    vi.advanceTimersByTime(1_500);
    pausedMs += 3_600_000;
  }
  vi.advanceTimersByTime(5_400);
  expect(over).not.toHaveBeenCalled();
  vi.advanceTimersByTime(3_100);
  expect(over).toHaveBeenCalledOnce();
});

test('one that was nearly over leaves time to read what came in the pause', () => {
  const over = vi.fn();
  awakeTimeout(10_000, over, now);
  vi.advanceTimersByTime(9_950);
  pausedMs += 60_000;
  vi.advanceTimersByTime(50);
  expect(over).not.toHaveBeenCalled();
  vi.advanceTimersByTime(500);
  expect(over).toHaveBeenCalledOnce();
});

test('a busy host that is late by a second counts', () => {
  const over = vi.fn();
  awakeTimeout(3_000, over, now);
  vi.advanceTimersByTime(900);
  pausedMs += 1_500;
  vi.advanceTimersByTime(600);
  expect(over).toHaveBeenCalledOnce();
});

test('withdrawn it is silent', () => {
  const over = vi.fn();
  awakeTimeout(100, over, now)();
  vi.advanceTimersByTime(200);
  expect(over).not.toHaveBeenCalled();
});
