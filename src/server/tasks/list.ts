// Tasks listed, searched and counted: for `tasks list`, for the operator's list of sandboxes, and for metrics.
import { sql } from 'kysely';
import { behindCursor, encodeCursor, pageOfRows } from '../../db/cursor.ts';
import { storableText } from '../../db/storable.ts';
import type { Db } from '../../db/tables.ts';
import { statusIn } from '../../db/task-conditions.ts';
import { writtenForms } from '../../protocol/kept-text.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Page } from '../../protocol/page.ts';
import type { RunnerView } from '../../protocol/runner.ts';
import { LEASED, UNFINISHED } from '../../protocol/statuses.ts';
import type { Task, TaskFilter, TaskStatus } from '../../protocol/task.ts';
import { SHOWN_COLUMNS, toTask } from './rows.ts';

/** Task keys are named after the first eight digits of their task: so many or more are looked for in the ids. */
const BEGINNING_OF_ID = /^[0-9a-f]{8,32}$/;
const ID_DIGITS = 32;

/**
 * The account's tasks, newest first. No index serves a search for `q` in texts of up to 32 KiB: a page of a search
 * is made of a fixed number of tasks, so that it takes as long with a million as with a thousand. It can therefore
 * hold fewer than `limit`, or none, and still have a cursor, behind which the search goes on.
 */
export async function listTasks(db: Db, accountId: string, filter: TaskFilter): Promise<Page<Task>> {
  const { q, limit } = filter;
  const candidates = newestTasks(db, accountId, filter);
  if (q === undefined) return pageOfRows(await candidates.limit(limit + 1).execute(), limit, toTask);
  const digits = q.toLowerCase().replaceAll('-', '');
  if (BEGINNING_OF_ID.test(digits)) {
    const rows = await candidates
      .where('id', '>=', digits.padEnd(ID_DIGITS, '0'))
      .where('id', '<=', digits.padEnd(ID_DIGITS, 'f'))
      .limit(limit + 1)
      .execute();
    return pageOfRows(rows, limit, toTask);
  }
  const containing = writtenForms(storableText(q)).map((text) => `%${text.replace(/[\\%_]/g, '\\$&')}%`);
  const rows = await db
    .selectFrom(candidates.limit(LIMITS.searchedTasks).as('tasks'))
    .selectAll()
    .where(sql<boolean>`instruction ilike any(${containing})`)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  const page = pageOfRows(rows, limit, toTask);
  if (page.nextCursor !== null) return page;
  const last = await candidates
    .clearSelect()
    .select(['id', 'created_at'])
    .offset(LIMITS.searchedTasks - 1)
    .limit(1)
    .executeTakeFirst();
  return { ...page, nextCursor: last ? encodeCursor(last) : null };
}

/** The rows behind the filter's cursor that it wants but for `q`, newest first, however many. */
function newestTasks(db: Db, accountId: string, filter: TaskFilter) {
  const { status, keyId, parentTaskId, conversationId, createdAfter, createdBefore, cursor } = filter;
  let query = db.selectFrom('tasks').select(SHOWN_COLUMNS).where('account_id', '=', accountId);
  if (status !== undefined) query = query.where('status', '=', status);
  if (keyId !== undefined) query = query.where('key_id', '=', keyId);
  if (parentTaskId !== undefined) query = query.where('parent_task_id', '=', parentTaskId);
  if (conversationId !== undefined)
    query = query.where(sql<boolean>`(conversation_id = ${conversationId} or id = ${conversationId})`);
  if (createdAfter !== undefined) query = query.where('created_at', '>', new Date(createdAfter));
  if (createdBefore !== undefined) query = query.where('created_at', '<', new Date(createdBefore));
  if (cursor !== undefined) query = query.where(behindCursor(cursor));
  return query.orderBy('created_at', 'desc').orderBy('id', 'desc');
}

export interface UnfinishedTasks {
  status: TaskStatus;
  count: number;
  /** The age of the one that was accepted first. */
  oldestSeconds: number;
}

/** What waits and what runs at this moment, in all accounts. A status that no task has is left out. */
export async function countUnfinished(db: Db): Promise<UnfinishedTasks[]> {
  // In the database's own time, as created_at is.
  const { rows } = await sql<UnfinishedTasks>`
    select status, count(*) as count,
      greatest(0, extract(epoch from now() - min(created_at)))::double precision as "oldestSeconds"
    from tasks where ${statusIn(UNFINISHED)} group by status`.execute(db);
  return rows;
}

/** How many tasks of all accounts hold a slot of some runner. */
export async function countLeased(db: Db): Promise<number> {
  const { count } = await db
    .selectFrom('tasks')
    .select((task) => task.fn.countAll<number>().as('count'))
    .where(statusIn(LEASED))
    .executeTakeFirstOrThrow();
  return count;
}

/** Tasks of all accounts that these runners hold, by runner, the oldest first. */
export async function tasksOfRunners(
  db: Db,
  runnerIds: readonly string[],
): Promise<(runnerId: string) => RunnerView['sandboxes']> {
  const rows = await db
    .selectFrom('tasks')
    .select(['id', 'account_id', 'runner_id', 'phase', 'started_at', 'deadline'])
    .where(statusIn(LEASED))
    .where('runner_id', '=', sql<string>`any(${runnerIds}::uuid[])`)
    .orderBy('started_at')
    .execute();
  const byRunner = Map.groupBy(rows, ({ runner_id }) => runner_id);
  return (runnerId) =>
    (byRunner.get(runnerId) ?? []).map((row) => ({
      taskId: row.id,
      accountId: row.account_id,
      phase: row.phase,
      startedAt: row.started_at?.toISOString() ?? null,
      deadline: row.deadline?.toISOString() ?? null,
    }));
}
