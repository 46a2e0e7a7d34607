// Waiting for what comes back, such as a server or its database that is away. What was not
// answered is sent again until it is answered or the patience is at its end, and so must be safe to repeat.
import { setTimeout as delay } from 'node:timers/promises';
import { type ErrorCode, SeedError } from '../protocol/errors.ts';
import { LIMITS } from '../protocol/limits.ts';

/** Nothing was done, or whatever was done is found by who asks again. */
const AWAY: readonly ErrorCode[] = [
  'unreachable',
  'unavailable',
  'storage_full',
  'idempotency_in_progress',
  // Of several servers behind one address the next may be of a version that serves this runner.
  'version_mismatch',
];
/** The longest Retry-After that is believed: who is back sooner is to be found sooner. */
const RETRY_AFTER_MOST_MS = 2_000;

/** Whether the server is not there, or says that it cannot answer yet: what was sent to it may be sent again. */
export function isAway(error: unknown): error is SeedError {
  return error instanceof SeedError && AWAY.includes(error.code);
}

export interface Patience {
  signal: AbortSignal;
  /** Since the first attempt that failed. */
  patienceMs?: number;
  /** Called with what an attempt threw, before the first pause. */
  onAway?(error: SeedError): void;
}

/**
 * What the attempt answers. Throws what it threw last, when that does not mean that the server is away, when the
 * signal is aborted, or when waiting any longer would take more than the patience.
 */
export async function untilBack<Answer>(
  attempt: () => Promise<Answer>,
  { signal, patienceMs = LIMITS.guest.patienceMs, onAway }: Patience,
): Promise<Answer> {
  const backoff = createBackoff();
  let until: number | null = null;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!isAway(error)) throw error;
      if (until === null) onAway?.(error);
      until ??= performance.now() + patienceMs;
      const askedForMs = Math.min((error.retryAfterSeconds ?? 0) * 1_000, RETRY_AFTER_MOST_MS);
      const pauseMs = Math.max(backoff.next(), askedForMs);
      if (performance.now() + pauseMs > until) throw error;
      await pause(pauseMs, signal);
      if (signal.aborted) throw error;
    }
  }
}

export interface Backoff {
  /** Milliseconds until the next attempt: doubles up to a limit, with jitter so that runners spread out. */
  next(): number;
  reset(): void;
}

/** @param random 0 to 1 */
export function createBackoff(random = Math.random, firstMs = 100, longestMs = 2_000): Backoff {
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

/** Rejects with the signal's reason. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** Whether the promise was settled in time; it goes on if not. */
export async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  const late = new AbortController();
  const inTime = await Promise.race([promise.then(() => true), pause(ms, late.signal).then(() => false)]);
  late.abort();
  return inTime;
}
