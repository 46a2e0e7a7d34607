// Requests of the guest that wait for a server that is away, as events do in the runner: until the task's end if need be.
import { setTimeout as delay } from 'node:timers/promises';
import type { LinkAnswer } from './link.ts';

const PAUSE_MS = 500;

/** Whether sending it again would change nothing. */
export function isFinal({ status }: LinkAnswer): boolean {
  return status < 500 && status !== 429;
}

/** Sends again until the answer is final and whole. Rejects when the link breaks. */
export async function untilAnswered(send: () => Promise<LinkAnswer>): Promise<LinkAnswer> {
  for (;;) {
    const answer = await send().catch(brokenOff);
    if (answer !== null && isFinal(answer)) return answer;
    await delay(PAUSE_MS);
  }
}

const BROKEN_OFF = ['ERR_HTTP2_STREAM_ERROR', 'ERR_STREAM_PREMATURE_CLOSE'];

/** Null: the runner broke its answer off, as the server did. Where it was the link, the next request says so. */
function brokenOff(error: NodeJS.ErrnoException): null {
  if (BROKEN_OFF.includes(error.code ?? '')) return null;
  throw error;
}
