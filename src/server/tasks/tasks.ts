// Tasks read, listed and counted. What happens to them is in the task-*.ts files beside this one.

import { behindCursor, type PageRequest, pageOfRows } from '../../db/cursor.ts';
import type { Db, TaskRow } from '../../db/tables.ts';
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Page } from '../../protocol/page.ts';
import type { Task, TaskPhase, TaskStatus } from '../../protocol/task.ts';
import { toTask } from './rows.ts';

export interface TaskFilter extends PageRequest {
  status?: TaskStatus | undefined;
  keyId?: string | undefined;
  parentTaskId?: string | undefined;
  /** Exclusive; a string is an ISO-8601 time. */
  createdAfter?: Date | string | undefined;
  createdBefore?: Date | string | undefined;
}

export type TaskProgress = Pick<TaskRow, 'id' | 'status' | 'last_seq' | 'created_at' | 'completed_at'>;

/** Whether the task was started by the agent of the other, or by one that such an agent started, and so on. */
export async function isTaskBelow(db: Db, id: string, above: string): Promise<boolean> {
  let parent: string | null = id;
  for (let depth = 0; parent !== null && depth < LIMITS.taskDepth; depth += 1) {
    const row: { parent_task_id: string | null } | undefined = await db
      .selectFrom('tasks')
      .select('parent_task_id')
      .where('id', '=', parent)
      .executeTakeFirst();
    parent = row?.parent_task_id ?? null;
    if (parent === above) return true;
  }
  return false;
}

/** For watchers, who look often. Throws SeedError `not_found`. */
export async function getTaskProgress(db: Db, id: string): Promise<TaskProgress> {
  const row = await db
    .selectFrom('tasks')
    .select(['id', 'status', 'last_seq', 'created_at', 'completed_at'])
    .where('id', '=', id)
    .executeTakeFirst();
  if (!row) throw new SeedError('not_found', `There is no task ${id}.`);
  return row;
}

/** Newest first. */
export async function listTasks(db: Db, accountId: string, filter: TaskFilter): Promise<Page<Task>> {
  const rows = await newestTasks(db, accountId, filter)
    .limit(filter.limit + 1)
    .execute();
  return pageOfRows(rows, filter.limit, toTask);
}

/** The rows that the filter wants behind its cursor, newest first, however many. */
export function newestTasks(db: Db, accountId: string, filter: Omit<TaskFilter, 'limit'>) {
  const { status, keyId, parentTaskId, createdAfter, createdBefore, cursor } = filter;
  let query = db.selectFrom('tasks').selectAll().where('account_id', '=', accountId);
  if (status !== undefined) query = query.where('status', '=', status);
  if (keyId !== undefined) query = query.where('key_id', '=', keyId);
  if (parentTaskId !== undefined) query = query.where('parent_task_id', '=', parentTaskId);
  if (createdAfter !== undefined) query = query.where('created_at', '>', new Date(createdAfter));
  if (createdBefore !== undefined) query = query.where('created_at', '<', new Date(createdBefore));
  if (cursor !== undefined) query = query.where(behindCursor(cursor));
  return query.orderBy('created_at', 'desc').orderBy('id', 'desc');
}

/** Tasks of all accounts that hold a slot of some runner. */
export async function countRunning(db: Db): Promise<number> {
  const { count } = await db
    .selectFrom('tasks')
    .select((task) => task.fn.countAll<number>().as('count'))
    .where('status', 'in', ['running', 'waiting_for_approval'])
    .executeTakeFirstOrThrow();
  return count;
}

export interface RunnersTask {
  runnerId: string;
  taskId: string;
  accountId: string;
  phase: TaskPhase | null;
  startedAt: string | null;
  deadline: string | null;
}

/** Tasks of all accounts that these runners have, the oldest first. */
export async function tasksOfRunners(db: Db, runnerIds: readonly string[]): Promise<RunnersTask[]> {
  if (runnerIds.length === 0) return [];
  const rows = await db
    .selectFrom('tasks')
    .select(['id', 'account_id', 'runner_id', 'phase', 'started_at', 'deadline'])
    .where('status', 'in', ['running', 'waiting_for_approval'])
    .where('runner_id', 'in', runnerIds)
    .orderBy('started_at')
    .execute();
  return rows.map((row) => ({
    runnerId: row.runner_id ?? '',
    taskId: row.id,
    accountId: row.account_id,
    phase: row.phase,
    startedAt: row.started_at?.toISOString() ?? null,
    deadline: row.deadline?.toISOString() ?? null,
  }));
}
