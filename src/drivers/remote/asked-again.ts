// A call of somebody's API that is made again while that may help: after no answer, and when the other side has
// said after how long. Used by all that asks a vendor or a cluster.
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

const NO_CONNECTION = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
];

/** Whether there was no connection, so that nothing can have been done. @param cause as Node or undici has it */
export const neverSent = ({ code }: NodeJS.ErrnoException): boolean => NO_CONNECTION.includes(code ?? '');

export interface Attempts {
  /** When the last one begins at the latest, from the first on; missing: 30 s. */
  withinMs?: number;
  /** How many there are at most; missing: as many as there is time for. */
  most?: number;
  /** Whether another one may help, and does no harm; missing: `mayPass`. */
  again?(error: unknown): boolean;
  /** Ends a wait between two, with its reason. */
  signal?: AbortSignal | undefined;
}

/** @throws what the call throws in the end: `unavailable` where the other side asks for a longer wait than this */
export async function askedAgain<Answer>(call: () => Promise<Answer>, attempts: Attempts = {}): Promise<Answer> {
  const { withinMs = WITHIN_MS, most = Number.POSITIVE_INFINITY, again = mayPass, signal } = attempts;
  const until = performance.now() + patient(withinMs);
  for (let made = 1; ; made += 1) {
    try {
      return await call();
    } catch (error) {
      const waitMs = pauseMs(error, made);
      if (made >= most || !again(error) || performance.now() + waitMs >= until) throw error;
      await sleep(waitMs, undefined, signal && { signal });
    }
  }
}
