// The rows of batches and of their inputs in the database, and what is shown of them. Called by all of batches/.
import type { Selectable } from 'kysely';
import { decodeText, newestFirst, type PageRequest, pageAfter } from '../../db/cursor.ts';
import type { Db, Tables, Tx } from '../../db/tables.ts';
import { usdOf } from '../../lib/money.ts';
import type { Batch, BatchCounts, BatchFilter, BatchRow, RowStatus } from '../../protocol/batch.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Page } from '../../protocol/page.ts';

export type BatchesRow = Selectable<Tables['batches']>;
export type InputRow = Selectable<Tables['batch_rows']>;

/** @throws SeedError not_found */
export async function findBatch(db: Db, accountId: string, id: string): Promise<BatchesRow> {
  const query = db.selectFrom('batches').selectAll().where('account_id', '=', accountId).where('id', '=', id);
  return (await query.executeTakeFirst()) ?? refuseUnknown(id);
}

/** No task of it is made, and none of them ends, until the transaction ends. @throws SeedError not_found */
export async function lockBatch(tx: Tx, accountId: string, id: string): Promise<BatchesRow> {
  const query = tx.selectFrom('batches').selectAll().where('account_id', '=', accountId).where('id', '=', id);
  return (await query.forUpdate().executeTakeFirst()) ?? refuseUnknown(id);
}

function refuseUnknown(id: string): never {
  throw new SeedError('not_found', `there is no batch ${id}`, {
    hint: '`seed batches list` shows those there are.',
  });
}

/** Newest first. */
export function findBatches(db: Db, accountId: string, filter: BatchFilter): Promise<Page<Batch>> {
  let query = db.selectFrom('batches').selectAll().where('account_id', '=', accountId);
  if (filter.status) query = query.where('status', '=', filter.status);
  return newestFirst(query, filter, toBatch);
}

export function toBatch(row: BatchesRow): Batch {
  return {
    id: row.id,
    name: row.name,
    status: row.status,
    pauseReason: row.pause_reason,
    statusNote: row.note,
    counts: countsOf(row),
    concurrency: row.concurrency,
    budget: row.budget,
    used: { tokens: row.used_tokens, usd: usdOf(row.used_nano_usd), calls: row.used_calls },
    task: row.task,
    attach: row.attach,
    columns: row.columns,
    source: row.source,
    notes: row.notes,
    keyId: row.key_id,
    createdAt: row.created_at.toISOString(),
    completedAt: row.completed_at?.toISOString() ?? null,
  };
}

export function countsOf(row: BatchesRow): BatchCounts {
  return {
    rows: row.rows,
    pending: row.pending,
    queued: row.queued,
    running: row.running,
    waitingForApproval: row.waiting_for_approval,
    completed: row.completed,
    failed: row.failed,
    timedOut: row.timed_out,
    stopped: row.stopped,
    invalid: row.invalid,
  };
}

/** Its tasks that have not ended. */
export const unfinishedOf = ({ queued, running, waiting_for_approval }: BatchesRow): number =>
  queued + running + waiting_for_approval;

/** Those rows in their order, with what is known of their tasks. */
export async function findRows(
  db: Db,
  batchId: string,
  { status, limit, cursor }: PageRequest & { status?: RowStatus | undefined },
): Promise<Page<BatchRow>> {
  const after = cursor === undefined ? 0 : numberIn(cursor);
  const rows = await withTasks(db, batchId, after, limit + 1, status).execute();
  const page = pageAfter(rows, limit, ({ number }) => String(number));
  return { ...page, items: page.items.map(toRow) };
}

/** @throws SeedError invalid_input: the list has not made it */
function numberIn(cursor: string): number {
  const number = Number(decodeText(cursor));
  if (Number.isSafeInteger(number) && number >= 0 && number < 2 ** 31) return number;
  throw new SeedError('invalid_input', 'The cursor is not one that this list gave out.');
}

/** @param after the number of the row before the first */
export function withTasks(db: Db, batchId: string, after: number, most: number, status?: RowStatus) {
  const query = db
    .selectFrom('batch_rows')
    .leftJoin('tasks', (join) =>
      join.onRef('tasks.id', '=', 'batch_rows.task_id').on('batch_rows.has_task', '=', true),
    )
    .selectAll('batch_rows')
    .select(['tasks.error as task_error', 'tasks.used_nano_usd'])
    .where('batch_rows.batch_id', '=', batchId)
    .where('batch_rows.number', '>', after)
    .orderBy('batch_rows.number')
    .limit(most);
  return status === undefined ? query : query.where('batch_rows.status', '=', status);
}

type RowWithTask = Awaited<ReturnType<ReturnType<typeof withTasks>['execute']>>[number];

export function toRow(row: RowWithTask): BatchRow {
  return {
    number: row.number,
    status: row.status,
    input: row.input,
    taskId: row.has_task ? row.task_id : null,
    attempt: row.attempt,
    earlierTasks: row.earlier,
    error: row.error ?? row.task_error,
    usd: row.used_nano_usd === null ? null : usdOf(row.used_nano_usd),
  };
}
