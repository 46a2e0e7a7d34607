// What callers do with a batch that is there: paused, resumed, stopped, its failed rows retried. A transaction
// each, which commands.ts says; tasks are stopped and started by keep.ts.
import { sql } from 'kysely';
import type { Call } from '../../command/call.ts';
import { storableJson } from '../../db/storable.ts';
import type { Tx } from '../../db/tables.ts';
import { notify } from '../../db/telling.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { Batch, BatchChanges } from '../../protocol/batch.ts';
import { BATCH_LIMITS } from '../../protocol/batch-limits.ts';
import { SeedError } from '../../protocol/errors.ts';
import { authorityOf } from '../schedules/authority.ts';
import { toBudget } from '../spending/budget.ts';
import { endIfOver, pauseBatch } from './end.ts';
import { refuseTask } from './make.ts';
import { type BatchesRow, lockBatch, toBatch } from './rows.ts';
import { type BatchNeeds, checkedWork } from './work.ts';

/** A task may do this much: nothing runs that would not have run. */
export async function pause({ actor, store }: Call, id: string): Promise<Batch> {
  return inTransaction(store.db, async (tx) => {
    const row = await lockBatch(tx, actor.accountId, id);
    const reason = { code: 'asked', message: `paused with the key "${actor.key.name}"` };
    if (row.status === 'running') await pauseBatch(tx, row, reason, store.clock.now());
    return toBatch(await lockBatch(tx, actor.accountId, id));
  });
}

/** It has the authority of whoever resumed it. @throws SeedError conflict: it has ended */
export async function resume(call: Call, id: string, changes: BatchChanges, needs: BatchNeeds): Promise<Batch> {
  const { actor, store } = call;
  refuseTask(actor, 'resume');
  return inTransaction(store.db, async (tx) => {
    const row = await lockBatch(tx, actor.accountId, id);
    if (row.status !== 'running' && row.status !== 'paused')
      throw new SeedError('conflict', `the batch is ${row.status}: there is nothing to resume`, {
        hint: `\`seed batches retry ${id}\` starts its failed rows again.`,
      });
    const budget = changes.budget === undefined ? row.budget : toBudget(changes.budget);
    const resumed = await tx
      .updateTable('batches')
      .set({
        ...(await goingOn({ ...call, store: { ...store, db: tx } }, { ...row, budget }, needs)),
        budget: budget && storableJson(budget),
        concurrency: changes.concurrency,
      })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow();
    await notify(tx, 'batches');
    return toBatch(resumed);
  });
}

/** Rows without a task never get one; keep.ts stops the others. One that has ended stays as it is. */
export async function stop({ actor, store }: Call, id: string): Promise<Batch> {
  return inTransaction(store.db, async (tx) => {
    const row = await lockBatch(tx, actor.accountId, id);
    if (row.completed_at !== null || row.status === 'stopping') return toBatch(row);
    const now = store.clock.now();
    await tx
      .updateTable('batch_rows')
      .set({ status: 'stopped' })
      .where('batch_id', '=', id)
      .where('status', '=', 'pending')
      .execute();
    const stopping = await tx
      .updateTable('batches')
      .set({
        ...{ status: 'stopping', pause_reason: null, note: null, retry_at: null, updated_at: now },
        ...{ pending: 0, stopped: row.stopped + row.pending },
      })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow();
    await notify(tx, 'batches');
    return toBatch(await endIfOver(tx, stopping, now));
  });
}

/** What `retry` may start again. */
export type Retried = 'failed' | 'timed_out' | 'stopped';

/**
 * Rows that have ended so get a task again, with a new id; what became of the one before stays with its task.
 * @throws SeedError conflict: there are none, or the batch is being stopped
 */
export async function retry(
  call: Call,
  id: string,
  statuses: readonly Retried[],
  needs: BatchNeeds,
): Promise<Batch> {
  const { actor, store } = call;
  refuseTask(actor, 'retry');
  return inTransaction(store.db, async (tx) => {
    const row = await lockBatch(tx, actor.accountId, id);
    if (row.status === 'stopping')
      throw new SeedError('conflict', 'the batch is being stopped: its tasks have not all ended');
    const counts = await retried(tx, id, statuses);
    const pending = counts.failed + counts.timed_out + counts.stopped;
    if (pending === 0)
      throw new SeedError(
        'conflict',
        `no row of the batch is ${statuses.join(' or ')}: there is nothing to retry`,
        {
          hint: `A row is tried at most ${BATCH_LIMITS.batchAttempts} times, and not when its task is forgotten.`,
        },
      );
    const going = await tx
      .updateTable('batches')
      .set({
        ...(await goingOn({ ...call, store: { ...store, db: tx } }, row, needs)),
        pending: row.pending + pending,
        failed: row.failed - counts.failed,
        timed_out: row.timed_out - counts.timed_out,
        stopped: row.stopped - counts.stopped,
        completed_at: null,
      })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow();
    await notify(tx, 'batches');
    return toBatch(going);
  });
}

async function retried(tx: Tx, id: string, statuses: readonly Retried[]): Promise<Record<Retried, number>> {
  const { rows } = await sql<{ status: Retried; count: number }>`
    with ended as (
      select number, status from batch_rows
      where batch_id = ${id} and status = any(${statuses}::text[]) and attempt < ${BATCH_LIMITS.batchAttempts}
        and not exists (select from tasks where tasks.id = task_id and forgotten_at is not null)
      order by number for update
    ), again as (
      update batch_rows set status = 'pending', error = null, attempt = attempt + 1, has_task = false,
        earlier = case when has_task then earlier || task_id else earlier end, task_id = gen_random_uuid()
      from ended where batch_rows.batch_id = ${id} and batch_rows.number = ended.number
      returning ended.status
    )
    select status, count(*) as count from again group by status`.execute(tx);
  const of = (status: Retried) => rows.find((row) => row.status === status)?.count ?? 0;
  return { failed: of('failed'), timed_out: of('timed_out'), stopped: of('stopped') };
}

/** What makes a batch go on, with the authority of the caller. @throws SeedError: the caller may not */
async function goingOn({ actor, store }: Pick<Call, 'actor' | 'store'>, row: BatchesRow, needs: BatchNeeds) {
  const limitsUsd = typeof row.budget?.usd === 'number';
  const { scopes } = await checkedWork(store.db, actor, { task: row.task, limitsUsd }, needs);
  return {
    key_id: actor.key.id,
    authority: storableJson(authorityOf(actor, scopes)),
    status: 'running' as const,
    ...{ pause_reason: null, note: null, refusals: 0, retry_at: null, claimed_until: null },
    updated_at: store.clock.now(),
  };
}
