// What time it is in the cluster, as near as its own timestamps tell: they are whole seconds, each cut off. The
// clock of this machine may be set otherwise, and is not asked. Used by the deadlines of pods.

const SECOND_MS = 1000;

export interface ServerClock {
  /** The cluster has written this down between two moments of this process. */
  note(timestamp: string, before: number, after: number): void;
  /** The earliest moment, of this process, that such a timestamp can stand for; null before anything was noted. */
  earliest(timestamp: string): number | null;
  /** The latest time, in Unix milliseconds, that it can be there at a moment of this process. */
  latest(moment: number): number | null;
}

export function createServerClock(): ServerClock {
  /** What is to be added to a moment of this process for the cluster's time: between these two. */
  let offset: { low: number; high: number } | null = null;
  return {
    note(timestamp, before, after) {
      const cut = Date.parse(timestamp);
      if (!Number.isFinite(cut)) return;
      const seen = { low: cut - after, high: cut + SECOND_MS - before };
      const both = offset && { low: Math.max(offset.low, seen.low), high: Math.min(offset.high, seen.high) };
      // Clocks drift: what contradicts the newest is given up.
      offset = both && both.low <= both.high ? both : seen;
    },
    earliest: (timestamp) => (offset === null ? null : Date.parse(timestamp) - offset.high),
    latest: (moment) => (offset === null ? null : moment + offset.high),
  };
}
