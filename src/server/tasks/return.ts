// Tasks of runners that run them no more: what was not begun goes back to the queue, what was begun ends. Called by
// the runner's routes.

import type { Store } from '../../db/store.ts';
import type { TaskRow } from '../../db/tables.ts';
import { changeTasks } from '../../db/task-changes.ts';
import { isTerminal } from '../../protocol/statuses.ts';
import type { TaskError } from '../../protocol/task.ts';
import { type Change, transition } from './transition.ts';

const LOST: TaskError = {
  code: 'interrupted',
  message:
    'The runner of this task was lost. Nothing was run again: the task may have changed something already.',
};

/** Gives a task back to the queue whose lease has reached nobody. Nothing happens once its run has begun. */
export async function returnLease(
  store: Store,
  { taskId, leaseId }: { taskId: string; leaseId: string },
): Promise<void> {
  await changeTasks(store, (tx) =>
    transition(store, tx, taskId, (task) =>
      task.lease_id === leaseId && isReturnable(task) ? { status: 'queued' } : null,
    ),
  );
}

/**
 * Takes from a runner all that it has but `taskIds`: what it has not begun goes back to the queue, the rest ends
 * `failed`/`interrupted`. Returns the ids of each.
 */
export async function leaveTasks(
  store: Store,
  { runnerId, taskIds }: { runnerId: string; taskIds: readonly string[] },
): Promise<{ returned: string[]; ended: string[] }> {
  const held = await store.db
    .selectFrom('tasks')
    .select('id')
    .where('status', 'in', ['running', 'waiting_for_approval'])
    .where('runner_id', '=', runnerId)
    .execute();
  const left = { returned: [] as string[], ended: [] as string[] };
  // One in a transaction: with it end the tasks below it.
  for (const { id } of held) {
    if (taskIds.includes(id)) continue;
    const decide = (task: TaskRow) => (task.runner_id === runnerId ? withoutRunner(task) : null);
    const change = await changeTasks(store, (tx) => transition(store, tx, id, decide));
    if (change?.changed) left[change.task.status === 'queued' ? 'returned' : 'ended'].push(id);
  }
  return left;
}

/** What becomes of a task whose runner has it no more; null when it has ended. */
export function withoutRunner(task: TaskRow): Change | null {
  if (isTerminal(task.status)) return null;
  return isReturnable(task) ? { status: 'queued' } : { status: 'failed', error: LOST };
}

function isReturnable({ status, begun_at }: TaskRow): boolean {
  return status === 'running' && begun_at === null;
}
