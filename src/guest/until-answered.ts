// Requests of the guest that wait for a server that is away, as the runner does for the agent's.
import { setTimeout as delay } from 'node:timers/promises';
import { LIMITS } from '../protocol/limits.ts';
import type { LinkAnswer } from './link.ts';

const PAUSE_MS = 500;
const BROKEN_OFF = ['ERR_HTTP2_STREAM_ERROR', 'ERR_STREAM_PREMATURE_CLOSE'];

/** Shared by requests that follow one another: what one of them has waited the next need not wait again. */
export interface Patience {
  ms: number;
  /** Null: the last answer was final. */
  endsAt: number | null;
}

export const newPatience = (ms: number = LIMITS.guest.patienceMs): Patience => ({ ms, endsAt: null });

/** Whether sending it again would change nothing. */
export function isFinal({ status }: LinkAnswer): boolean {
  return status < 500 && status !== 429;
}

/** Sends again until the answer is final and whole, or the patience is at its end. Rejects when the link breaks. */
export async function untilAnswered(
  send: () => Promise<LinkAnswer>,
  patience: Patience,
): Promise<LinkAnswer> {
  for (;;) {
    const answer = await send().catch(brokenOff);
    if (isFinal(answer)) {
      patience.endsAt = null;
      return answer;
    }
    patience.endsAt ??= performance.now() + patience.ms;
    if (performance.now() >= patience.endsAt) return answer;
    await delay(PAUSE_MS);
  }
}

/** The runner broke its answer off, as the server did. Where it was the link, the next request says so. */
function brokenOff(error: NodeJS.ErrnoException): LinkAnswer {
  if (BROKEN_OFF.includes(error.code ?? '')) return { status: 503, body: Buffer.from('it broke off') };
  throw error;
}
