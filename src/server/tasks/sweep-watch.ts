// Whether silence means anything: a look that comes late, or after one that failed, has missed what was said
// meanwhile. Kept by the sweep of lapsed leases.

/** Looks come every second. One that is later than this may have missed that runners were heard, or could not be. */
const LATE_MS = 5_000;

export interface Watch {
  /**
   * Says that a look is made. Returns for how many milliseconds looks have come in time; 0 for the first one after a
   * gap. A clock of the database that was set makes a gap, too.
   * @param now the database's time
   */
  look(now: Date): number;
  /** A look has failed. */
  missed(): void;
}

/** @param monotonicMs a clock that only goes forward */
export function createWatch(monotonicMs: () => number = () => performance.now()): Watch {
  let since = new Date(0);
  let last: { database: Date; here: number } | null = null;
  return {
    look(now) {
      const here = monotonicMs();
      const passedMs = last && now.getTime() - last.database.getTime();
      const isLate = last === null || passedMs === null || passedMs > LATE_MS || here - last.here > LATE_MS;
      if (isLate || passedMs < -LATE_MS) since = now;
      last = { database: now, here };
      return now.getTime() - since.getTime();
    },
    missed() {
      last = null;
    },
  };
}
