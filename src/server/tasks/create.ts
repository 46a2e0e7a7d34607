// Accepts a task in one transaction: its row, its first event and its place in the queue; one that an agent starts
// under its parent's deadline and budget; those that nothing bounds several together. Called by accept.ts.
import { sql } from 'kysely';
import { timeIn } from '../../db/database-clock.ts';
import type { Store } from '../../db/store.ts';
import type { TaskRow, Tx } from '../../db/tables.ts';
import { changeTasks, noteChange, type TaskTx } from '../../db/task-changes.ts';
import { statusIn } from '../../db/task-conditions.ts';
import { createBatches } from '../../lib/batches.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Lineage } from '../../protocol/key.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { isTerminal, UNFINISHED } from '../../protocol/statuses.ts';
import type { Task } from '../../protocol/task.ts';
import { boundsOfTasks } from '../spending/bounds.ts';
import { firstExhausted } from '../spending/budget.ts';
import { lockAncestors } from '../spending/sums.ts';
import { insertTasks, type NewTask, type PlacedTask } from './insert.ts';
import { toTask } from './rows.ts';

/**
 * Accepts a task: its row, its first event and its place in the queue are there together or not at all. One with a
 * parent gets no more time than that one has left.
 * @param admit checks in the same transaction that the task may be, and takes its files; what it throws refuses it
 */
export async function createTask(
  store: Store,
  task: NewTask,
  admit: (tx: Tx) => Promise<void> = async () => {},
): Promise<Task> {
  const [row] = await changeTasks(store, async (tx) => {
    const place = task.parentTaskId === null ? null : await placeBelow(store, tx, task.parentTaskId);
    await admit(tx);
    const timeoutMs = Math.min(task.timeoutMs, place?.timeoutMs ?? task.timeoutMs);
    return queueTasks(store, tx, [{ ...task, depth: place?.depth ?? 1, timeoutMs }]);
  });
  if (!row) throw new Error('a task was made and has no row');
  return toTask(row);
}

/** Accepts a task that needs nothing of the database but to be written there: no parent, no files, no limit. */
export type CreateFreeTask = (task: NewTask) => Promise<Task>;

/** So many are written together, and so many such transactions at a time: one commits while one is filled. */
const TOGETHER = { most: 64, atOnce: 2 };
/** Several wait no longer for a lock: the one that it is about waits by itself. */
const LOCK_MS = 200;

/** Tasks that are posted at the same time are accepted in one transaction; each fails or stands by itself. */
export function openTaskCreation(store: Store): CreateFreeTask {
  return createBatches<NewTask, Task>({
    ...TOGETHER,
    async write(tasks) {
      const rows = await changeTasks(store, async (tx) => {
        const placed = tasks.map((task) => ({ ...task, depth: 1 }));
        return queueTasks(store, tx, placed, tasks.length > 1 ? LOCK_MS : undefined);
      });
      return rows.map(toTask);
    },
    // Also where it is not known whether they were kept: nothing is made twice with the same id.
    separates: (error) => !(error instanceof SeedError && error.logged),
  });
}

async function queueTasks(
  { queue }: Pick<Store, 'queue'>,
  tx: TaskTx,
  tasks: readonly PlacedTask[],
  lockMs?: number,
): Promise<TaskRow[]> {
  const rows = await insertTasks(tx, tasks, lockMs);
  await queue.send(
    tx,
    rows.map(({ id }) => id),
  );
  for (const row of rows) noteChange(tx, 'accepted', row);
  return rows;
}

/**
 * The depth of a task that the parent's agent starts, and the most time that it may have. Locks the parent and its
 * ancestors, so that none of them ends without its new child.
 * @throws SeedError key_revoked, too_deep or budget_exceeded
 */
async function placeBelow(store: Pick<Store, 'time'>, tx: Tx, parentTaskId: string) {
  const ancestors = await lockAncestors(tx, parentTaskId);
  const now = await timeIn(store, tx);
  const parent = ancestors.at(-1);
  const left = (parent?.deadline?.getTime() ?? 0) - now.getTime();
  if (!parent || isTerminal(parent.status) || left <= 0)
    throw new SeedError('key_revoked', `the task ${parentTaskId}, which this key belongs to, has ended`);
  if (parent.depth >= LIMITS.taskDepth)
    throw new SeedError(
      'too_deep',
      `this task is ${LIMITS.taskDepth} deep and cannot start another: it was started by one that another one started`,
      { hint: 'Do the work here, or give it back to the task above in the answer.' },
    );
  const exhausted = firstExhausted(boundsOfTasks(ancestors));
  if (exhausted)
    throw new SeedError('budget_exceeded', `this task is out of budget: ${exhausted.says}`, {
      hint: 'It cannot start tasks any more: they would take from the same budget.',
    });
  return { depth: parent.depth + 1, timeoutMs: left };
}

/** Asked in the transaction that accepts a task. @throws SeedError too_many_tasks when a key may not have it */
export async function refuseTooManyTasks(tx: Tx, lineage: Lineage): Promise<void> {
  // From the root on, so that two callers that descend from one key lock in the same order.
  for (const { id, name, concurrentTasks } of lineage.toReversed()) {
    if (concurrentTasks === null || (await lockAndCountTasks(tx, id)) < concurrentTasks) continue;
    throw new SeedError(
      'too_many_tasks',
      `the key "${name}" has ${concurrentTasks} unfinished tasks, and may not have more`,
      { hint: 'Wait until one has ended, or stop one.' },
    );
  }
}

/**
 * Counts, too, what the key's tasks and the keys they made have started: from the unfinished tasks up, which are
 * few. The key's row stays locked, so that tasks posted at once cannot pass its limit together.
 */
async function lockAndCountTasks(tx: Tx, keyId: string): Promise<number> {
  await tx.selectFrom('keys').select('id').where('id', '=', keyId).forNoKeyUpdate().execute();
  const { rows } = await sql<{ count: number }>`
    with recursive unfinished as (
      select key_id as id, count(*) as tasks from tasks
      where account_id = (select account_id from keys where id = ${keyId}) and ${statusIn(UNFINISHED)}
      group by key_id
    ), ancestors as (
      select id, tasks from unfinished
      union all
      select keys.caller_key_id, ancestors.tasks from ancestors join keys on keys.id = ancestors.id
      where keys.caller_key_id is not null
    )
    select coalesce(sum(tasks), 0)::bigint as count from ancestors where id = ${keyId}`.execute(tx);
  return rows[0]?.count ?? 0;
}
