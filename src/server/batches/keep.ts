// What goes on by itself, in every server: rows of batches get tasks, as many at a time as their batch says; those
// of one that is stopped are stopped; one whose rows have all ended ends. A server looks when it has changed
// something of a batch itself, and from time to time for what a dead one left. Opened by the server.
//
// A batch has few tasks in the queue at a time, however many may run: another task of the account, or of any
// other, waits behind those few, and not behind a thousand.
import { sql } from 'kysely';
import { later } from '../../db/database-clock.ts';
import type { Store } from '../../db/store.ts';
import type { TaskWatcher } from '../../db/task-changes.ts';
import { BATCH_LIMITS } from '../../protocol/batch-limits.ts';
import { keepClaimedWork } from '../background/claimed-work.ts';
import { batchBounds } from '../spending/bounds.ts';
import { firstExhausted } from '../spending/budget.ts';
import { stopTask } from '../tasks/end.ts';
import { endIfOver, pauseBatch } from './end.ts';
import { type BatchesRow, type InputRow, lockBatch, unfinishedOf } from './rows.ts';
import { type StartNeeds, startRow } from './start.ts';

/** One server sees to so many batches at a time, and they are looked at again after others had their turn. */
const BATCHES_MOST = 8;
/** When the queue has as many tasks of the account's batches as it may. */
const QUEUE_FULL_MS = 1_000;

export function keepBatches(needs: StartNeeds): AsyncDisposable {
  const { store } = needs;
  const setClaim = ({ id }: BatchesRow, claimed_until: Date | null) =>
    store.db.updateTable('batches').set({ claimed_until }).where('id', '=', id).execute();
  const work = keepClaimedWork<BatchesRow>(needs, {
    name: 'see to a batch',
    most: BATCHES_MOST,
    claim: (most, until) => claim(store, most, until),
    renew: setClaim,
    async work(batch) {
      await drive(batch, needs);
      await setClaim(batch, null);
    },
    idsOf: ({ id }) => ({ batchId: id }),
    nextMoment: () => nextMoment(store),
  });
  const hearing = store.signals.watch('batches', work.look);
  const watcher: TaskWatcher = ({ moment, task }) => {
    if (task.batch_id !== null && (moment === 'leased' || moment === 'ended')) work.look();
  };
  store.taskWatchers.add(watcher);
  return {
    async [Symbol.asyncDispose]() {
      store.taskWatchers.delete(watcher);
      hearing[Symbol.dispose]();
      await work[Symbol.asyncDispose]();
    },
  };
}

/** There is something to do for a batch: a row to start, tasks to stop, or its end. */
const hasWork = (now: Date) => sql<boolean>`completed_at is null and (
  status = 'stopping'
  or pending + queued + running + waiting_for_approval = 0
  or status = 'running' and pending > 0 and (retry_at is null or retry_at <= ${now})
    and queued < ${sql.lit(BATCH_LIMITS.batchQueued)}
    and queued + running + waiting_for_approval < concurrency
)`;

/** In turn by account, so that a hundred batches of one do not keep another's from going on. */
async function claim({ db, clock }: Store, most: number, until: Date): Promise<BatchesRow[]> {
  const now = clock.now();
  const isFree = sql`(claimed_until is null or claimed_until <= ${now})`;
  const { rows } = await sql<BatchesRow>`
    update batches set claimed_until = ${until} where ${isFree} and ${hasWork(now)} and id in (
      select id from (
        select id, updated_at, row_number() over (partition by account_id order by updated_at) as place
        from batches where ${isFree} and ${hasWork(now)}
      ) as free order by place, updated_at limit ${most}
    ) returning *`.execute(db);
  return rows;
}

/** Some rows, and not all that may start: others are to have their turn. */
async function drive(batch: BatchesRow, needs: StartNeeds): Promise<void> {
  const { store } = needs;
  if (batch.status === 'stopping') await stopTasks(batch, store);
  else if (batch.status === 'running' && batch.pending > 0) {
    if (await pausedBySpending(batch, store)) return;
    const room = await roomOf(batch, store);
    if (room <= 0) return queueIsFull(batch, store);
    const rows = await pendingRows(batch, room, store);
    await Promise.all(rows.map((row) => startRow(batch, row, needs)));
    if (rows.length > 0) return;
  }
  await store.db.transaction().execute(async (tx) => {
    await endIfOver(tx, await lockBatch(tx, batch.account_id, batch.id), store.clock.now());
  });
}

async function pausedBySpending(batch: BatchesRow, store: Store): Promise<boolean> {
  const spent = firstExhausted(batchBounds(batch));
  if (!spent) return false;
  await store.db.transaction().execute(async (tx) => {
    const row = await lockBatch(tx, batch.account_id, batch.id);
    const reason = { code: 'budget_exceeded', message: `it is out of budget: ${spent.says}` };
    if (firstExhausted(batchBounds(row))) await pauseBatch(tx, row, reason, store.clock.now());
  });
  return true;
}

/** How many rows may start. */
async function roomOf(batch: BatchesRow, { db }: Store): Promise<number> {
  const { queued } = await db
    .selectFrom('batches')
    .select((row) => row.fn.sum<number | null>('queued').as('queued'))
    .where('account_id', '=', batch.account_id)
    .where('completed_at', 'is', null)
    .executeTakeFirstOrThrow();
  const { batchQueued, batchQueuedPerAccount } = BATCH_LIMITS;
  return Math.min(
    batch.concurrency - unfinishedOf(batch),
    batchQueued - batch.queued,
    batchQueuedPerAccount - Number(queued ?? 0),
  );
}

async function queueIsFull({ id }: BatchesRow, { db, clock }: Store): Promise<void> {
  const now = clock.now();
  await db
    .updateTable('batches')
    .set({ retry_at: later(now, QUEUE_FULL_MS), updated_at: now })
    .where('id', '=', id)
    .execute();
}

function pendingRows({ id }: BatchesRow, most: number, { db }: Store): Promise<InputRow[]> {
  return db
    .selectFrom('batch_rows')
    .selectAll()
    .where('batch_id', '=', id)
    .where('status', '=', 'pending')
    .orderBy('number')
    .limit(most)
    .execute();
}

async function stopTasks({ id, account_id }: BatchesRow, store: Store): Promise<void> {
  const tasks = await store.db
    .selectFrom('batch_rows')
    .select('task_id')
    .where('batch_id', '=', id)
    .where('status', 'in', ['queued', 'running', 'waiting_for_approval'])
    .execute();
  for (const { task_id } of tasks) await stopTask(store, account_id, task_id);
}

/** When something is tried again. */
async function nextMoment({ db, clock }: Store): Promise<Date | null> {
  const now = clock.now();
  const { rows } = await sql<{ moment: Date | null }>`
    select least(
      min(retry_at) filter (where status = 'running' and retry_at > ${now}),
      min(claimed_until) filter (where claimed_until > ${now})
    ) as moment from batches where completed_at is null`.execute(db);
  return rows[0]?.moment ?? null;
}
