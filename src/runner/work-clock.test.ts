import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createWorkClock } from './work-clock.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function clockOf(leftMs: number, waitMs: number) {
  const told: string[] = [];
  const clock = createWorkClock({
    diesAt: performance.now() + leftMs,
    waitMs,
    onOver: () => void told.push('over'),
    onWaited() {
      told.push('waited');
      clock.go();
    },
  });
  return { clock, told };
}

test('it counts down to the deadline', () => {
  const { clock, told } = clockOf(1_000, 0);
  vi.advanceTimersByTime(999);
  expect([clock.leftMs(), told]).toEqual([1, []]);
  clock.stand();
  expect(clock.stands()).toBe(false);
  vi.advanceTimersByTime(1);
  expect(told).toEqual(['over']);
});

test('it stands while its run waits, and goes on with what was left', () => {
  const { clock, told } = clockOf(1_000, 10_000);
  vi.advanceTimersByTime(400);
  clock.stand();
  expect(clock.diesAt()).toBe(performance.now() + 600 + 10_000);
  vi.advanceTimersByTime(7_000);
  expect([clock.leftMs(), clock.waitLeftMs(), told]).toEqual([600, 3_000, []]);
  expect(clock.diesAt()).toBe(performance.now() + 600 + 3_000);
  expect(clock.go()).toBe(7_000);
  expect(clock.go()).toBe(0);
  vi.advanceTimersByTime(599);
  expect(told).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(told).toEqual(['over']);
});

test('what it may stand is one total: then it goes on, and stands no more', () => {
  const { clock, told } = clockOf(1_000, 5_000);
  clock.stand();
  vi.advanceTimersByTime(3_000);
  clock.go();
  clock.stand();
  vi.advanceTimersByTime(2_000);
  expect([told, clock.stands(), clock.waitLeftMs()]).toEqual([['waited'], false, 0]);
  clock.stand();
  vi.advanceTimersByTime(999);
  expect(told).toEqual(['waited']);
  vi.advanceTimersByTime(1);
  expect(told).toEqual(['waited', 'over']);
});

test('of one that has ended nothing is heard', () => {
  const { clock, told } = clockOf(1_000, 5_000);
  clock.end();
  vi.advanceTimersByTime(100_000);
  expect(told).toEqual([]);
});
