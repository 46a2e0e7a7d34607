// SQL conditions on tasks, and on what was written for a task, that more than one feature asks for.
import { type RawBuilder, sql } from 'kysely';
import type { TaskStatus } from '../protocol/task.ts';
import type { TaskRow } from './tables.ts';

/** The clocks of servers differ by far less, and a call that was in flight at the task's end has ended by then. */
const SLACK_MS = 3_600_000;

export type TaskSpan = Pick<TaskRow, 'id' | 'created_at' | 'completed_at'>;

/**
 * The condition on `task_id` and `created_at` of rows that belong to the task: written from its creation until a
 * little after its end. Postgres then looks into the partitions of those days only.
 */
export function writtenFor({ id, created_at, completed_at }: TaskSpan): RawBuilder<boolean> {
  const from = new Date(created_at.getTime() - SLACK_MS);
  if (completed_at === null) return sql`task_id = ${id} and created_at >= ${from}`;
  const to = new Date(Math.max(created_at.getTime(), completed_at.getTime()) + SLACK_MS);
  return sql`task_id = ${id} and created_at >= ${from} and created_at < ${to}`;
}

/** The condition on `status`, with them written out: the partial indexes of tasks are found by their text. */
export function statusIn(statuses: readonly TaskStatus[]): RawBuilder<boolean> {
  return sql`status in (${sql.join(statuses.map((status) => sql.lit(status)))})`;
}
