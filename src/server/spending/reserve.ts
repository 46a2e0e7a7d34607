// Reserves for spending.ts what a call of a model may take from what bounds it, or says why not.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Topic } from '../../db/signals.ts';
import { storableText } from '../../db/storable.ts';
import type { Store } from '../../db/store.ts';
import type { Db, TaskRow, Tx } from '../../db/tables.ts';
import { isTerminal } from '../../protocol/statuses.ts';
import { limitColumn } from '../access/key-limit-columns.ts';
import { lineageOf, worstOf } from '../access/presented-key.ts';
import { boundsOfKeys, boundsOfTasks } from './bounds.ts';
import { type Bound, decide, hasSpendLimit, SPEND_LIMIT_NAMES } from './budget.ts';
import { callsInFlight, insertReservation, type PlannedCall, topicOfCalls } from './reservations.ts';
import { lockAncestors, lockSpend } from './sums.ts';

export type ReserveOutcome =
  | { kind: 'go'; reservation: string }
  /** Calls in flight may take what is left; the topic is notified when one of them has ended. */
  | { kind: 'wait'; topic: Topic }
  /** The task has been marked, and ends: no call of it is made any more. */
  | { kind: 'refused'; why: string }
  /** This bound is one of money, and nobody knows what the model costs. */
  | { kind: 'unpriced'; bound: Bound }
  /** The task has ended, or its key is worth nothing any more. */
  | { kind: 'ended' };

/** Of calls that come at once each sees those before: budgets are locked by their tasks, limits by keys' spend. */
export async function tryReserve(
  store: Pick<Store, 'db' | 'clock'>,
  taskId: string,
  call: PlannedCall,
): Promise<ReserveOutcome> {
  const id = randomUUID();
  const unbounded = await billedKeyOfUnbounded(store.db, taskId);
  if (unbounded !== null) {
    const reservation = { id, taskId, billedKeyId: unbounded, holders: [taskId], call, overLimit: [] };
    await insertReservation(store.db, reservation, store.clock.now());
    return { kind: 'go', reservation: id };
  }
  return store.db.transaction().execute(async (tx): Promise<ReserveOutcome> => {
    const now = store.clock.now();
    const ancestors = await lockAncestors(tx, taskId);
    const task = ancestors.at(-1);
    if (!task || isTerminal(task.status)) return { kind: 'ended' };
    const lineage = await lineageOf(tx, task.key_id, now);
    if (worstOf(lineage) !== 'active') return { kind: 'ended' };
    const limited = lineage.filter(hasSpendLimit);
    const limitedIds = limited.map(({ id }) => id);
    await lockSpend(tx, limitedIds, now);
    const bounds = [...boundsOfTasks(ancestors), ...(await boundsOfKeys(tx, limited, now))];
    const money = call.priced ? undefined : bounds.find(({ unit }) => unit === 'nanoUsd');
    if (money) return { kind: 'unpriced', bound: money };
    const holders = [...ancestors, ...lineage].map(({ id }) => id);
    const billedKeyId = task.billed_key_id;
    const verdict = decide(bounds, call.atMost, await callsInFlight(tx, billedKeyId, holders));
    if (verdict.kind === 'wait') return { kind: 'wait', topic: topicOfCalls(billedKeyId) };
    if (verdict.kind === 'refuse') {
      const why = `this task is out of budget: ${verdict.bound.says}`;
      await markOverspent(tx, task, why, now);
      return { kind: 'refused', why };
    }
    const { overLimit } = verdict;
    await insertReservation(tx, { id, taskId, billedKeyId, holders, call, overLimit }, now);
    return { kind: 'go', reservation: id };
  });
}

/** The key that pays for a task that nothing bounds, so that its calls take no lock; null for all others. */
async function billedKeyOfUnbounded(db: Db, taskId: string): Promise<string | null> {
  const limits = SPEND_LIMIT_NAMES.map((name) => sql.ref(limitColumn(name)));
  const { rows } = await sql<{ billed_key_id: string }>`
    with recursive task_ancestors as (
      select parent_task_id, budget from tasks where id = ${taskId}
      union all
      select tasks.parent_task_id, tasks.budget from task_ancestors join tasks on tasks.id = task_ancestors.parent_task_id
    ), key_ancestors as (
      select keys.* from keys where id = (select key_id from tasks where id = ${taskId})
      union all
      select keys.* from key_ancestors join keys on keys.id = key_ancestors.caller_key_id
    )
    select billed_key_id from tasks where id = ${taskId}
      and not exists (select from task_ancestors where budget is not null)
      and not exists (select from key_ancestors where coalesce(${sql.join(limits)}) is not null)`.execute(db);
  return rows[0]?.billed_key_id ?? null;
}

/** The first reason stays. */
async function markOverspent(tx: Tx, task: TaskRow, why: string, now: Date): Promise<void> {
  if (task.overspent_at !== null) return;
  await tx
    .updateTable('tasks')
    .set({ overspent_at: now, overspent: storableText(why) })
    .where('id', '=', task.id)
    .execute();
}
