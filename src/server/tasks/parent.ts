// A task that the agent of another one starts: it takes from that one's budget and deadline, and the line has an end.

import type { Store } from '../../db/store.ts';
import type { Tx } from '../../db/tables.ts';
import { timeIn } from '../../db/time.ts';
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { isTerminal } from '../../protocol/statuses.ts';
import { lockLine } from '../spending/ancestors.ts';
import { boundsOfLine } from '../spending/bounds.ts';
import { firstExhausted } from '../spending/budget.ts';

export interface PlaceInLine {
  depth: number;
  /** The most that it may have. */
  timeoutMs: number;
}

/**
 * Locks the parent and all above it, so that none of them ends without its new child.
 * @throws SeedError key_revoked, too_deep or budget_exceeded
 */
export async function placeBelow(
  store: Pick<Store, 'time'>,
  tx: Tx,
  parentTaskId: string,
): Promise<PlaceInLine> {
  const line = await lockLine(tx, parentTaskId);
  const now = await timeIn(store, tx);
  const parent = line.at(-1);
  const left = (parent?.deadline?.getTime() ?? 0) - now.getTime();
  if (!parent || isTerminal(parent.status) || left <= 0)
    throw new SeedError('key_revoked', `the task ${parentTaskId}, which this key belongs to, has ended`);
  if (parent.depth >= LIMITS.taskDepth) {
    throw new SeedError(
      'too_deep',
      `this task is ${LIMITS.taskDepth} deep and cannot start another: it was started by one that another one started`,
      { hint: 'Do the work here, or give it back to the task above in the answer.' },
    );
  }
  const exhausted = firstExhausted(boundsOfLine(line));
  if (exhausted) {
    throw new SeedError('budget_exceeded', `this task is out of budget: ${exhausted.says}`, {
      hint: 'It cannot start tasks any more: they would take from the same budget.',
    });
  }
  return { depth: parent.depth + 1, timeoutMs: left };
}
