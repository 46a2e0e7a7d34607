// Knows when a process that is frozen between requests runs, and when it may have stood still. Used by
// function.ts.

/** A process that was not seen to run for so long may have been frozen. */
const STOOD_STILL_MS = 1_000;
const TICK_MS = 1_000;

export interface Awake {
  /** Runs the work as a request: what `onTick` does goes on until its end. */
  during<Result>(work: (enter: { stoodStill: boolean }) => Promise<Result>): Promise<Result>;
}

/**
 * @param onTick called every second while any work is under way; must not throw
 * @param nowMs the clock of the day: one that only goes forward may stand still with its machine
 */
export function createAwake(onTick: () => void, nowMs: () => number = Date.now): Awake {
  let under = 0;
  let seenMs = Number.NEGATIVE_INFINITY;
  let ticking: NodeJS.Timeout | undefined;
  const see = () => {
    const before = seenMs;
    seenMs = nowMs();
    return Math.abs(seenMs - before);
  };
  return {
    async during(work) {
      const stoodStill = see() > (under === 0 ? STOOD_STILL_MS : 5 * TICK_MS);
      under += 1;
      ticking ??= setInterval(() => {
        see();
        onTick();
      }, TICK_MS).unref();
      try {
        return await work({ stoodStill });
      } finally {
        see();
        under -= 1;
        if (under === 0) {
          clearInterval(ticking);
          ticking = undefined;
        }
      }
    },
  };
}
