// How a call waits for its approval: without schemas, for the CLI that a sandbox gets, and for runner and server.
import type { Approval } from './approval.ts';

/** Of an answer to a call that waits for an approval: its id. */
export const APPROVAL_HEADER = 'seed-approval';

/** Seconds that one poll for a decision is held at the most. */
export const POLL_SECONDS = 25;

/** Whether nothing more becomes of it by a decision or a run. */
export function isSettled({ state, ranAt }: Pick<Approval, 'state' | 'ranAt'>): boolean {
  return state === 'approved' ? ranAt !== null : state !== 'pending';
}
