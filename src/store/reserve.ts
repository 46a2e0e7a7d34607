// Reserves what a call of a model may take from the budgets and limits that bound it, or says why not. Called by
// server/spending before every call.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { decide, type Estimate } from '../core/budget.ts';
import { isTerminal } from '../core/lifecycle.ts';
import { boundsOfKeys, boundsOfLine, hasSpendLimit } from './bounds.ts';
import { lineageOf, worstOf } from './presented-key.ts';
import { callsInFlight, insertReservation, topicOfCalls } from './reservations.ts';
import type { Topic } from './signals.ts';
import { lockSpend } from './spend.ts';
import { storableText } from './storable.ts';
import type { Store } from './store.ts';
import type { Db, TaskRow, Tx } from './tables.ts';
import { lockLine } from './task-line.ts';

export type ReserveOutcome =
  /** Null: nothing bounds the call. */
  | { kind: 'go'; reservation: string | null }
  /** Calls under way may take what is left; the topic is notified when one of them has ended. */
  | { kind: 'wait'; topic: Topic }
  /** For good: the task has been marked, and ends. */
  | { kind: 'refused'; why: string }
  /** The task has ended, or its key is worth nothing any more. */
  | { kind: 'ended' };

/** Of calls that come at once each sees the ones before: budgets are locked by their tasks, limits by their keys' spend. */
export async function tryReserve(
  store: Pick<Store, 'db' | 'clock'>,
  taskId: string,
  atMost: Estimate,
): Promise<ReserveOutcome> {
  if (!(await isBounded(store.db, taskId))) return { kind: 'go', reservation: null };
  return store.db.transaction().execute(async (tx): Promise<ReserveOutcome> => {
    const now = store.clock.now();
    const line = await lockLine(tx, taskId);
    const task = line.at(-1);
    if (!task || isTerminal(task.status)) return { kind: 'ended' };
    const lineage = await lineageOf(tx, task.key_id, now);
    if (worstOf(lineage) !== 'active') return { kind: 'ended' };
    const limited = lineage.filter(hasSpendLimit);
    await lockSpend(
      tx,
      limited.map(({ id }) => id),
      now,
    );
    const bounds = [...boundsOfLine(line), ...(await boundsOfKeys(tx, limited, now))];
    const holders = [...line, ...lineage].map(({ id }) => id);
    const billedKeyId = task.billed_key_id;
    const verdict = decide(bounds, atMost, await callsInFlight(tx, billedKeyId, holders, now));
    if (verdict.kind === 'wait') return { kind: 'wait', topic: topicOfCalls(billedKeyId) };
    if (verdict.kind === 'refuse') {
      const why = `this task is out of budget: ${verdict.bound.says}`;
      await markOverspent(tx, task, why, now);
      return { kind: 'refused', why };
    }
    const id = randomUUID();
    await insertReservation(tx, { id, billedKeyId, holders, atMost, uncovered: verdict.uncovered }, now);
    return { kind: 'go', reservation: id };
  });
}

/** So that calls that nothing bounds take no lock. */
async function isBounded(db: Db, taskId: string): Promise<boolean> {
  const { rows } = await sql<{ bounded: boolean }>`
    with recursive task_line as (
      select parent_task_id, budget from tasks where id = ${taskId}
      union all
      select tasks.parent_task_id, tasks.budget from task_line join tasks on tasks.id = task_line.parent_task_id
    ), key_line as (
      select keys.* from keys where id = (select key_id from tasks where id = ${taskId})
      union all
      select keys.* from key_line join keys on keys.id = key_line.caller_key_id
    )
    select exists (select from task_line where budget is not null) or exists (
      select from key_line
      where coalesce(spend_per_day_nano_usd, spend_per_month_nano_usd, tokens_per_day) is not null
    ) as bounded`.execute(db);
  return rows[0]?.bounded ?? false;
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
