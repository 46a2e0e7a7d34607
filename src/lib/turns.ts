// The turns of something that is done again and again: one at a time, also where several ask for one. Used by
// every.ts, where time asks, and by collected-loops.ts, where requests do.
import type { BaseLogger } from 'pino';
import { logFailure } from './log.ts';

export interface Turns {
  /** How many have failed in a row. */
  readonly failures: number;
  readonly running: Promise<void> | null;
  /** Resolves when the one that runs and the one that was asked for behind it are over. */
  over(): Promise<void>;
  /** As `Loop.now`. */
  now(): Promise<void>;
}

/**
 * @param options.name what a turn does, as the log says it of one that failed: "could not <name>"
 * @param options.log null: whoever does the work tells of its failures
 */
export function createTurns({ name, log }: { name: string; log: BaseLogger | null }, work: () => unknown): Turns {
  let failures = 0;
  let running: Promise<void> | null = null;
  /** The turn that follows the running one. */
  let queued: Promise<void> | null = null;

  async function turn(): Promise<void> {
    try {
      await work();
      failures = 0;
    } catch (error) {
      failures += 1;
      if (log) logFailure(log, error, `could not ${name}`);
    }
  }

  function now(): Promise<void> {
    if (!running) {
      const over = () => {
        running = null;
      };
      running = Promise.resolve().then(turn).finally(over);
      return running;
    }
    queued ??= running.then(() => {
      queued = null;
      return now();
    });
    return queued;
  }

  return {
    get failures() {
      return failures;
    },
    get running() {
      return running;
    },
    over: async () => {
      await (queued ?? running);
    },
    now,
  };
}
