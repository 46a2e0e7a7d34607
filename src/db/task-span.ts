// When what belongs to a task was written: from its creation until a little after its end. Who reads by a task says so, and
// Postgres looks into the partitions of those days only.
import { type RawBuilder, sql } from 'kysely';
import type { TaskRow } from './tables.ts';

/** Servers' clocks differ by far less, and a call that was under way at the end has ended by then. */
const SLACK_MS = 3_600_000;

export type TaskSpan = Pick<TaskRow, 'id' | 'created_at' | 'completed_at'>;

/** The SQL condition on `task_id` and `created_at`. */
export function writtenFor({ id, created_at, completed_at }: TaskSpan): RawBuilder<boolean> {
  const from = new Date(created_at.getTime() - SLACK_MS);
  if (completed_at === null) return sql`task_id = ${id} and created_at >= ${from}`;
  const to = new Date(Math.max(created_at.getTime(), completed_at.getTime()) + SLACK_MS);
  return sql`task_id = ${id} and created_at >= ${from} and created_at < ${to}`;
}
