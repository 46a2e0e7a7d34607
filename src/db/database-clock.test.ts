import { describe, expect, it } from 'vitest';
import { estimateClock, type Measurement } from './database-clock.ts';

const DATABASE = Date.parse('2026-06-01T12:00:00Z');

/** A measurement of a database clock that is `DATABASE` at our 0, set by `setMs` since. */
function measured(
  atMs: number,
  more: { setMs?: number; roundTripMs?: number; wayBackMs?: number } = {},
): Measurement {
  const { setMs = 0, roundTripMs = 1, wayBackMs = roundTripMs / 2 } = more;
  return {
    sentMs: atMs - roundTripMs,
    receivedMs: atMs,
    databaseMs: DATABASE + setMs + atMs - wayBackMs,
  };
}
const off = (estimate: { at(ms: number): number }, atMs: number) => estimate.at(atMs) - (DATABASE + atMs);

describe('the estimate of the database clock', () => {
  it('is off by half of the round trip at most, and better measurements make it better', () => {
    const estimate = estimateClock(measured(0, { roundTripMs: 3_000, wayBackMs: 0 }));
    expect(off(estimate, 100)).toBeCloseTo(1_500);
    estimate.learn(measured(1_000, { roundTripMs: 2 }));
    expect(off(estimate, 1_000)).toBeCloseTo(0);
  });

  it('does not believe slow measurements, such as those of a database that was paused', () => {
    const estimate = estimateClock(measured(0));
    estimate.learn(measured(30_000, { roundTripMs: 20_000, wayBackMs: 0 }));
    estimate.learn(measured(60_000, { roundTripMs: 20_000, wayBackMs: 20_000 }));
    expect(Math.abs(off(estimate, 60_000))).toBeLessThan(1);
  });

  it('takes a slow one rather than one that is a day old', () => {
    const estimate = estimateClock(measured(0));
    estimate.learn(measured(86_400_000, { roundTripMs: 20, wayBackMs: 0 }));
    expect(off(estimate, 86_400_000)).toBeCloseTo(10);
  });

  it.each([3_600_000, -3_600_000, 8_000])('follows a database clock set by %d ms when others agree', (setMs) => {
    const estimate = estimateClock(measured(0));
    for (let atMs = 1_000; atMs < 11_000; atMs += 1_000) {
      estimate.learn(measured(atMs, { setMs }));
      expect(off(estimate, atMs)).toBeCloseTo(0);
    }
    estimate.learn(measured(11_000, { setMs }));
    expect(off(estimate, 11_000)).toBeCloseTo(setMs);
  });

  it('forgets a jump that was taken back', () => {
    const estimate = estimateClock(measured(0));
    for (let atMs = 1_000; atMs < 60_000; atMs += 1_000)
      estimate.learn(measured(atMs, { setMs: atMs % 5_000 === 0 ? 0 : 3_600_000 }));
    expect(Math.abs(off(estimate, 60_000))).toBeLessThan(1);
  });
});
