// The line of a task: the task that a caller posted, the one whose agent its agent started, and so on down to itself.
// Whoever locks several tasks locks them by depth and then by id, so that no two wait for each other.
import { sql } from 'kysely';
import type { TaskRow, Tx } from '../../db/tables.ts';
import type { Amounts } from './budget.ts';

/** Locks the task and all above it until the transaction ends; the topmost first. Empty when there is no such task. */
export async function lockLine(tx: Tx, taskId: string): Promise<TaskRow[]> {
  const { rows } = await sql<TaskRow>`
    with recursive line as (
      select id, parent_task_id from tasks where id = ${taskId}
      union all
      select tasks.id, tasks.parent_task_id from line join tasks on tasks.id = line.parent_task_id
    )
    select tasks.* from tasks where id in (select id from line) order by depth for no key update`.execute(tx);
  return rows;
}

/** Adds what a task used to its sums and to those of all above it; the line has to be locked. */
export async function addToLine(tx: Tx, line: readonly TaskRow[], used: Amounts): Promise<void> {
  if (line.length === 0) return;
  await tx
    .updateTable('tasks')
    .set((sum) => ({
      used_tokens: sum('used_tokens', '+', used.tokens),
      used_nano_usd: sum('used_nano_usd', '+', used.nanoUsd),
      used_calls: sum('used_calls', '+', used.calls),
    }))
    .where(
      'id',
      'in',
      line.map(({ id }) => id),
    )
    .execute();
}
