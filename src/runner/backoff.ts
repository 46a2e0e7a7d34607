// Waiting: how long before trying the server again, and waits that can be cut short.
import { setTimeout as delay } from 'node:timers/promises';

const FIRST_MS = 100;
const LONGEST_MS = 2_000;

export interface Backoff {
  /** Milliseconds until the next attempt: doubles up to a limit, with jitter so that runners do not come back all at once. */
  next(): number;
  reset(): void;
}

/** @param random 0 to 1 */
export function createBackoff(
  random: () => number = Math.random,
  firstMs = FIRST_MS,
  longestMs = LONGEST_MS,
): Backoff {
  let failures = 0;
  return {
    next() {
      const longest = Math.min(longestMs, firstMs * 2 ** Math.min(failures++, 20));
      return Math.round(longest * (0.5 + random() / 2));
    },
    reset() {
      failures = 0;
    },
  };
}

/** Resolves after `ms`, or at once when the signal is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await delay(ms, undefined, { signal }).catch((error: Error) => {
    if (error.name !== 'AbortError') throw error;
  });
}

/** Whether the promise was settled in time; it goes on if not. */
export async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  const late = new AbortController();
  const inTime = await Promise.race([promise.then(() => true), pause(ms, late.signal).then(() => false)]);
  late.abort();
  return inTime;
}
