// A call of a vendor's API that is made again while that may help: after no answer, and when the vendor has said
// after how long. Used by all that asks a vendor.
import { setTimeout as sleep } from 'node:timers/promises';
import { SeedError } from '../../protocol/errors.ts';
import { patient } from '../patience.ts';

const WITHIN_MS = 30_000;
const FIRST_MS = 250;
const LONGEST_MS = 4_000;

/** Whether the same call may do later. */
export function mayPass(error: unknown): boolean {
  return error instanceof SeedError && (error.code === 'unreachable' || error.code === 'unavailable');
}

/** How long to wait before the next attempt. @param attempts how many there were */
export function pauseMs(error: unknown, attempts: number): number {
  const asked = error instanceof SeedError ? error.retryAfterSeconds : null;
  // Not all at once, those that were refused together.
  const backoff = Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempts - 1)) * (0.5 + Math.random() / 2);
  return asked === null ? backoff : asked * 1000 + backoff;
}

/** @throws what the call throws in the end: `unavailable` where the vendor asks for a longer wait than this */
export async function askedAgain<Answer>(call: () => Promise<Answer>, withinMs = WITHIN_MS): Promise<Answer> {
  const until = performance.now() + patient(withinMs);
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await call();
    } catch (error) {
      const waitMs = pauseMs(error, attempts);
      if (!mayPass(error) || performance.now() + waitMs >= until) throw error;
      await sleep(waitMs);
    }
  }
}
