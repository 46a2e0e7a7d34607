import { describe, expect, it } from 'vitest';
import { createWatch } from './lapse.ts';

const START = Date.parse('2026-06-01T12:00:00Z');

/** A watch whose two clocks the test moves. */
function open() {
  let here = 5_000_000;
  let database = START;
  const watch = createWatch(() => here);
  return {
    ...watch,
    /** Lets both clocks go on, and looks. */
    after: (hereMs: number, databaseMs = hereMs) => {
      here += hereMs;
      database += databaseMs;
      return watch.look(new Date(database));
    },
  };
}

/** Looks every second for so many seconds. */
function watched(seconds: number) {
  const watch = open();
  watch.after(0);
  for (let second = 0; second < seconds; second += 1) watch.after(1_000);
  return watch;
}

describe('a watch', () => {
  it('has seen nothing at its first look, and then what passes between looks', () => {
    const watch = open();
    expect(watch.after(0)).toBe(0);
    expect(watch.after(1_000)).toBe(1_000);
    expect(watch.after(4_000)).toBe(5_000);
    expect(watched(120).after(1_000)).toBe(121_000);
  });

  it('begins anew after a look that came late: the process or the database stood still', () => {
    const watch = watched(120);
    expect(watch.after(20_000)).toBe(0);
    expect(watch.after(1_000)).toBe(1_000);
  });

  it('begins anew after a look that failed', () => {
    const watch = watched(120);
    watch.missed();
    expect(watch.after(1_000)).toBe(0);
  });

  it.each([3_600_000, 8_000, -3_600_000, -8_000])(
    "begins anew when the database's clock is set by %d ms",
    (byMs) => {
      const watch = watched(120);
      expect(watch.after(1_000, 1_000 + byMs)).toBe(0);
      expect(watch.after(1_000)).toBe(1_000);
    },
  );

  it("begins anew when only this process stood still, such as for another's database", () => {
    expect(watched(120).after(20_000, 0)).toBe(0);
  });
});
