// Requests of the guest that wait for a server that is away, as events do in the runner: until the task's end if need be.
import { setTimeout as delay } from 'node:timers/promises';
import type { LinkAnswer } from './link.ts';

const PAUSE_MS = 500;

/** Sends again while the answer is that the server has trouble. Rejects when the link breaks. */
export async function untilAnswered(send: () => Promise<LinkAnswer>): Promise<LinkAnswer> {
  for (;;) {
    const answer = await send();
    if (answer.status < 500 && answer.status !== 429) return answer;
    await delay(PAUSE_MS);
  }
}
