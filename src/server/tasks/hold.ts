// What runners (runners/routes.ts) do with tasks they hold: renew leases, give back what reached nobody, leave.
import { sql } from 'kysely';
import { later, timeIn } from '../../db/database-clock.ts';
import type { Store } from '../../db/store.ts';
import type { Db, TaskRow, Tx } from '../../db/tables.ts';
import { changeTasks, type TaskTx } from '../../db/task-changes.ts';
import { statusIn } from '../../db/task-conditions.ts';
import { notify } from '../../db/telling.ts';
import { LEASE_MS } from '../../protocol/runner.ts';
import { isTerminal, LEASED } from '../../protocol/statuses.ts';
import type { TaskError } from '../../protocol/task.ts';
import { type LeasedTaskId, lockTask } from './rows.ts';
import { freeTask, isToBeFreed } from './take-over.ts';
import { type Change, transition } from './transition.ts';
import { waitLeftMs } from './work-time.ts';

/** No message between runner and server is on its way for so long. */
const CLOCK_WAS_SET_MS = 60_000;

const LOST: TaskError = {
  code: 'interrupted',
  message: 'The runner of this task was lost. Nothing was run again: the task may have changed something already.',
};

export interface Renewal {
  runnerId: string;
  taskIds: readonly string[];
  /** How long each of them has until its deadline, as the runner measures it. */
  leftMs?: readonly number[] | undefined;
  /** Those of which the runner says that they wait for people. */
  waiting?: readonly string[] | undefined;
}

/** What is renewed lasts LEASE_MS, and is renewed when so much of that has gone: not with every heartbeat. */
const RENEW_AFTER_MS = 15_000;

/**
 * Keeps the runner's leases alive. Returns those of `taskIds` that it has to kill: they are not its own any more.
 * Where the database's clock was set since, their deadlines move along: a task has its time and no other.
 */
export async function renewLeases(
  store: Store,
  { runnerId, taskIds, leftMs = [], waiting = [] }: Renewal,
): Promise<string[]> {
  if (taskIds.length === 0) return [];
  const held = await store.db
    .selectFrom('tasks')
    .select(['lease_expires_at', ...TIMED, store.time().as('now')])
    .where(isHeld(runnerId, taskIds))
    .execute();
  const left: LeftMs = (task) =>
    waiting.includes(task.id) === (task.status === 'waiting_for_approval')
      ? leftMs[taskIds.indexOf(task.id)]
      : undefined;
  const due = held.filter((task) => {
    const { lease_expires_at, now } = task;
    const leaseLeftMs = (lease_expires_at?.getTime() ?? 0) - now.getTime();
    const isFresh = leaseLeftMs >= LEASE_MS - RENEW_AFTER_MS && leaseLeftMs <= LEASE_MS;
    return !isFresh || movedDeadline(task, left(task), now) !== null;
  });
  const lost = due.length === 0 ? [] : await renew(store, runnerId, due, left);
  const ids = new Set(held.map(({ id }) => id));
  return taskIds.filter((id) => !ids.has(id) || lost.includes(id));
}

/** Returns those that are not the runner's own any more. */
async function renew(
  store: Store,
  runnerId: string,
  due: readonly { id: string }[],
  left: LeftMs,
): Promise<string[]> {
  const dueIds = due.map(({ id }) => id);
  return store.db.transaction().execute(async (tx) => {
    // In the order in which tasks are locked (spending/sums.ts).
    const held = await tx
      .selectFrom('tasks')
      .select(TIMED)
      .where(isHeld(runnerId, dueIds))
      .orderBy('depth')
      .orderBy('id')
      .forNoKeyUpdate()
      .execute();
    const ids = held.map(({ id }) => id);
    if (ids.length > 0) {
      const now = await timeIn(store, tx);
      const lease_expires_at = later(now, LEASE_MS);
      await tx.updateTable('tasks').set({ lease_expires_at }).where('id', '=', anyOf(ids)).execute();
      for (const task of held) await keepDeadline(tx, task, left(task), now);
    }
    return dueIds.filter((id) => !ids.includes(id));
  });
}

const anyOf = (ids: readonly string[]) => sql<string>`any(${ids}::uuid[])`;

function isHeld(runnerId: string, taskIds: readonly string[]) {
  return sql<boolean>`id = ${anyOf(taskIds)} and runner_id = ${runnerId} and ${statusIn(LEASED)}`;
}

const TIMED = ['id', 'status', 'deadline', 'timeout_ms', 'wait_ms', 'waited_ms'] as const;
type Timed = Pick<TaskRow, (typeof TIMED)[number]>;
/** Not of one that has begun or ceased to wait since its runner looked: its deadline is another by that. */
type LeftMs = (task: Timed) => number | undefined;

/** Null when it stays. */
function movedDeadline(task: Timed, leftMs: number | undefined, now: Date): Date | null {
  const { deadline, timeout_ms, status } = task;
  if (leftMs === undefined || deadline === null) return null;
  const most = timeout_ms + (status === 'waiting_for_approval' ? waitLeftMs(task) : 0);
  const moved = later(now, Math.min(leftMs, most));
  return Math.abs(moved.getTime() - deadline.getTime()) < CLOCK_WAS_SET_MS ? null : moved;
}

async function keepDeadline(tx: Tx, task: Timed, leftMs: number | undefined, now: Date): Promise<void> {
  const { id } = task;
  const moved = movedDeadline(task, leftMs, now);
  if (moved === null) return;
  await tx.updateTable('tasks').set({ deadline: moved }).where('id', '=', id).execute();
  // Never earlier: servers follow the database's clock a few seconds later. The task's end revokes it in any case.
  const expires_at = sql<Date>`greatest(expires_at, ${moved})`;
  await tx.updateTable('keys').set({ expires_at }).where('task_id', '=', id).execute();
  await notify(tx, 'keys');
}

/** Those of `taskIds` that the runner has to kill; renews nothing. */
export async function tasksToStop(
  { db }: Pick<Store, 'db'>,
  runnerId: string,
  taskIds: readonly string[],
): Promise<string[]> {
  return (await lookAtHeld({ db }, runnerId, taskIds)).stop;
}

/** Those, and how many messages the others were sent until now, where they were sent any. */
export async function lookAtHeld(
  { db }: Pick<Store, 'db'>,
  runnerId: string,
  taskIds: readonly string[],
): Promise<{ stop: string[]; messages: Record<string, number> }> {
  if (taskIds.length === 0) return { stop: [], messages: {} };
  const held = await db.selectFrom('tasks').select(['id', 'messages']).where(isHeld(runnerId, taskIds)).execute();
  const ids = new Set(held.map(({ id }) => id));
  const sent = held.filter(({ messages }) => messages > 0);
  return {
    stop: taskIds.filter((id) => !ids.has(id)),
    messages: Object.fromEntries(sent.map(({ id, messages }) => [id, messages])),
  };
}

async function heldBy(db: Db, runnerId: string): Promise<string[]> {
  const held = await db
    .selectFrom('tasks')
    .select('id')
    .where(statusIn(LEASED))
    .where('runner_id', '=', runnerId)
    .execute();
  return held.map(({ id }) => id);
}

/** Gives a task back to the queue whose lease has reached nobody. Nothing happens once its run has begun. */
export async function returnLease(store: Store, { taskId, leaseId }: LeasedTaskId): Promise<void> {
  const decide = (task: TaskRow): Change | null =>
    task.lease_id === leaseId && isReturnable(task) ? { status: 'queued' } : null;
  await changeTasks(store, (tx) => transition(store, tx, { taskId, decide }));
}

/** What became of the tasks that a runner left. */
export interface Left {
  returned: string[];
  freed: string[];
  ended: string[];
}

/**
 * Takes from a runner all that it has but `taskIds`: what it has not begun goes back to the queue, what another
 * runner can go on with waits for one, the rest ends `failed`/`interrupted`. Returns the ids of each.
 */
export async function leaveTasks(
  store: Store,
  { runnerId, taskIds }: { runnerId: string; taskIds: readonly string[] },
): Promise<Left> {
  const left: Left = { returned: [], freed: [], ended: [] };
  // One in a transaction: with it end the tasks below it.
  for (const id of await heldBy(store.db, runnerId)) {
    if (taskIds.includes(id)) continue;
    const became = await changeTasks(store, async (tx) => {
      const task = await lockTask(tx, id);
      return task?.runner_id === runnerId ? loseRunner(store, tx, task, await timeIn(store, tx)) : null;
    });
    if (became !== null) left[became].push(id);
  }
  return left;
}

/** @param task locked in this transaction, whose runner has it no more. Null: it has ended */
async function loseRunner(store: Store, tx: TaskTx, task: TaskRow, now: Date): Promise<keyof Left | null> {
  if (isToBeFreed(task, now)) {
    await freeTask(tx, task, now);
    return 'freed';
  }
  const change = await transition(store, tx, { taskId: task.id, decide: withoutRunner, now, locked: task });
  if (!change?.changed) return null;
  return change.task.status === 'queued' ? 'returned' : 'ended';
}

/** What becomes of a task whose runner has it no more; null when it has ended. */
export function withoutRunner(task: TaskRow): Change | null {
  if (isTerminal(task.status)) return null;
  return isReturnable(task) ? { status: 'queued' } : { status: 'failed', error: LOST };
}

function isReturnable({ status, begun_at }: TaskRow): boolean {
  return status === 'running' && begun_at === null;
}
