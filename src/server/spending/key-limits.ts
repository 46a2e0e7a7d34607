// Whether the limits of a key let it start one more task. Asked in the transaction that accepts the task.

import type { Tx } from '../../db/tables.ts';
import { secondsUntilNext } from '../../lib/utc-days.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Lineage } from '../../protocol/key.ts';
import { lockAndCountTasks } from '../tasks/limit.ts';
import { boundsOfKeys } from './bounds.ts';
import { firstExhausted } from './budget.ts';

/** @throws SeedError too_many_tasks */
export async function refuseTooManyTasks(tx: Tx, lineage: Lineage): Promise<void> {
  // From the root on, so that two callers of one line lock in the same order.
  for (const { id, name, concurrentTasks } of lineage.toReversed()) {
    if (concurrentTasks === null || (await lockAndCountTasks(tx, id)) < concurrentTasks) continue;
    throw new SeedError(
      'too_many_tasks',
      `the key "${name}" has ${concurrentTasks} unfinished tasks, and may not have more`,
      {
        hint: 'Wait until one has ended, or stop one.',
      },
    );
  }
}

/** @throws SeedError spend_limit_reached, with the seconds until the day or the month is over */
export async function refuseSpent(tx: Tx, lineage: Lineage, now: Date): Promise<void> {
  const spent = firstExhausted(await boundsOfKeys(tx, lineage, now));
  if (!spent) return;
  const span = spent.span ?? 'day';
  throw new SeedError('spend_limit_reached', spent.says, {
    hint: `It can start tasks again when the next ${span} begins in UTC, or when the limit is raised.`,
    retryAfterSeconds: secondsUntilNext(span, now),
  });
}
