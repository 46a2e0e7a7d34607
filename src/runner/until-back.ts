// Waiting for a server or its database that is away: what was not answered is sent again, until it is answered or the patience
// is at its end. What is sent this way must be safe to repeat.
import { type ErrorCode, SeedError } from '../protocol/errors.ts';
import { LIMITS } from '../protocol/limits.ts';
import { createBackoff, pause } from './backoff.ts';

/** Nothing was done, or whatever was done is found by who asks again. */
const AWAY: readonly ErrorCode[] = ['unreachable', 'unavailable', 'storage_full', 'idempotency_in_progress'];
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
 * What the attempt answers. Throws what it threw last, when that does not mean that the server is away, when the signal is
 * aborted, or when waiting any longer would take more than the patience.
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
      const pauseMs = Math.max(backoff.next(), retryAfterMs(error));
      if (performance.now() + pauseMs > until) throw error;
      await pause(pauseMs, signal);
      if (signal.aborted) throw error;
    }
  }
}

function retryAfterMs({ retryAfterSeconds }: SeedError): number {
  return Math.min((retryAfterSeconds ?? 0) * 1_000, RETRY_AFTER_MOST_MS);
}
