// Leases: a runner takes a task, says how far it is, keeps its leases alive. Called by the runner's routes.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { notify } from '../../db/signals.ts';
import type { Store } from '../../db/store.ts';
import type { TaskRow, Tx } from '../../db/tables.ts';
import { changeTasks, noteChange, type TaskTx } from '../../db/task-changes.ts';
import { later, timeIn } from '../../db/time.ts';
import { BEGIN_WITHIN_MS, LEASE_MS } from '../../protocol/runner.ts';
import { isTerminal } from '../../protocol/statuses.ts';
import type { Task, TaskPhase } from '../../protocol/task.ts';
import { insertKey } from '../access/keys.ts';
import { lineageOf, worstOf } from '../access/presented-key.ts';
import { emitTaskStarted } from './announce.ts';
import { appendEvents, leaseLost } from './events.ts';
import { lockTask, toTask } from './rows.ts';
import { transition } from './transition.ts';

export interface LeasedTask {
  task: Task;
  leaseId: string;
  deadline: Date;
  /** Whether the task's account is the operator's. */
  operator: boolean;
}

/** Makes the task key's secret; only its hash and prefix come here. Called once for each task that is tried. */
export type MintKey = () => { secretHash: string; prefix: string };

/** No message between runner and server is on its way for so long. */
const CLOCK_WAS_SET_MS = 60_000;

const PHASES: readonly TaskPhase[] = ['starting', 'working', 'finishing'];

/**
 * Gives the runner the task that has waited longest, with a task key that lives as long as the task; null when none
 * waits. Taking it from the queue and `queued → running` are one transaction: no crash loses or doubles a task. What is
 * taken goes back to the queue unless the runner says that the run begins (reportPhase): its answer may have been lost.
 * A task whose key was revoked or expired while it waited is not run: it ends `stopped` with an error that says so.
 */
export async function leaseNextTask(
  store: Store,
  { runnerId, mintKey }: { runnerId: string; mintKey: MintKey },
): Promise<LeasedTask | null> {
  for (;;) {
    const outcome = await changeTasks(store, (tx) => tryNext(store, tx, runnerId, mintKey));
    if (outcome !== 'skipped') return outcome;
  }
}

async function tryNext(
  store: Store,
  tx: TaskTx,
  runnerId: string,
  mintKey: MintKey,
): Promise<LeasedTask | null | 'skipped'> {
  const taskId = await store.queue.take(tx);
  if (taskId === null) return null;
  const waiting = await lockTask(tx, taskId);
  if (waiting?.status !== 'queued') return 'skipped';
  // With the time, which is asked for when the task is locked: that saves a statement.
  const { now, operator } = await tx
    .selectFrom('accounts')
    .select(['operator', store.time().as('now')])
    .where('id', '=', waiting.account_id)
    .executeTakeFirstOrThrow();
  const caller = worstOf(await lineageOf(tx, waiting.key_id, now));
  if (caller !== 'active') {
    const message = `The key that posted this task was ${caller ?? 'revoked'} before it could run.`;
    const error = { code: 'interrupted', message } as const;
    await transition(store, tx, taskId, () => ({ status: 'stopped', error }), now);
    return 'skipped';
  }
  const lease = {
    id: randomUUID(),
    runnerId,
    expiresAt: later(now, BEGIN_WITHIN_MS),
    deadline: await deadlineOf(tx, waiting, now),
  };
  await insertTaskKey(tx, waiting, mintKey(), now, lease.deadline);
  const change = { status: 'running', phase: 'starting', lease } as const;
  const leased = await transition(store, tx, taskId, () => change, now);
  if (!leased) throw leaseLost(taskId);
  return { task: toTask(leased.task), leaseId: lease.id, deadline: lease.deadline, operator };
}

/** A task never outlives the one whose agent started it. */
async function deadlineOf(tx: Tx, { timeout_ms, parent_task_id }: TaskRow, now: Date): Promise<Date> {
  const own = later(now, timeout_ms);
  if (parent_task_id === null) return own;
  const { deadline } = await tx
    .selectFrom('tasks')
    .select('deadline')
    .where('id', '=', parent_task_id)
    .executeTakeFirstOrThrow();
  return deadline !== null && deadline < own ? deadline : own;
}

/**
 * Records how far a running task is; a phase it has reached already changes nothing. The first report begins the run: from
 * then on the task never goes back to the queue. Throws SeedError `lease_lost`.
 */
export async function reportPhase(
  store: Store,
  { taskId, leaseId, phase }: { taskId: string; leaseId: string; phase: TaskPhase },
): Promise<void> {
  await changeTasks(store, async (tx) => {
    const task = await lockTask(tx, taskId);
    if (!task || task.lease_id !== leaseId || isTerminal(task.status)) throw leaseLost(taskId);
    const reaches = PHASES.indexOf(phase) > (task.phase === null ? -1 : PHASES.indexOf(task.phase));
    const begins = task.begun_at === null;
    if (!reaches && !begins) return;
    const now = await timeIn(store, tx);
    const works = task.working_at === null && phase !== 'starting';
    const changed = await tx
      .updateTable('tasks')
      .set({
        ...(begins && { begun_at: now, lease_expires_at: later(now, LEASE_MS) }),
        ...(reaches && { phase }),
        ...(works && { working_at: now }),
      })
      .where('id', '=', taskId)
      .returningAll()
      .executeTakeFirstOrThrow();
    if (begins) await emitTaskStarted(tx, changed, now);
    if (reaches)
      await appendEvents(tx, task, [{ type: 'status', status: task.status, phase, error: null }], now);
    if (works) noteChange(tx, 'working', changed);
  });
}

export interface Renewal {
  runnerId: string;
  taskIds: readonly string[];
  /** Of each of them: until its deadline, as the runner measures it. */
  leftMs?: readonly number[] | undefined;
}

/**
 * Keeps the runner's leases alive. Returns those of `taskIds` that it has to kill: they are not its own any more.
 * Where the database's clock was set since, their deadlines move along: a task has its time and no other.
 */
export async function renewLeases(
  store: Store,
  { runnerId, taskIds, leftMs = [] }: Renewal,
): Promise<string[]> {
  if (taskIds.length === 0) return [];
  // In the order in which tasks are locked (task-line.ts).
  return store.db.transaction().execute(async (tx) => {
    const held = await tx
      .selectFrom('tasks')
      .select(['id', 'deadline', 'timeout_ms'])
      .where('id', 'in', taskIds)
      .where('runner_id', '=', runnerId)
      .where('status', 'in', ['running', 'waiting_for_approval'])
      .orderBy('depth')
      .orderBy('id')
      .forNoKeyUpdate()
      .execute();
    const ids = held.map(({ id }) => id);
    if (ids.length > 0) {
      const now = await timeIn(store, tx);
      const lease_expires_at = later(now, LEASE_MS);
      await tx.updateTable('tasks').set({ lease_expires_at }).where('id', 'in', ids).execute();
      for (const task of held) await keepDeadline(tx, task, leftMs[taskIds.indexOf(task.id)], now);
    }
    return taskIds.filter((id) => !ids.includes(id));
  });
}

async function keepDeadline(
  tx: Tx,
  { id, deadline, timeout_ms }: Pick<TaskRow, 'id' | 'deadline' | 'timeout_ms'>,
  leftMs: number | undefined,
  now: Date,
): Promise<void> {
  if (leftMs === undefined || deadline === null) return;
  const moved = later(now, Math.min(leftMs, timeout_ms));
  if (Math.abs(moved.getTime() - deadline.getTime()) < CLOCK_WAS_SET_MS) return;
  await tx.updateTable('tasks').set({ deadline: moved }).where('id', '=', id).execute();
  // Never earlier: servers follow the database's clock a few seconds later. The task's end revokes it in any case.
  const expires_at = sql<Date>`greatest(expires_at, ${moved})`;
  await tx.updateTable('keys').set({ expires_at }).where('task_id', '=', id).execute();
  await notify(tx, 'keys');
}

/** Those of `taskIds` that the runner has to kill; renews nothing. */
export async function tasksToStop(
  store: Pick<Store, 'db'>,
  runnerId: string,
  taskIds: readonly string[],
): Promise<string[]> {
  if (taskIds.length === 0) return [];
  const held = await store.db
    .selectFrom('tasks')
    .select('id')
    .where('id', 'in', taskIds)
    .where('runner_id', '=', runnerId)
    .where('status', 'in', ['running', 'waiting_for_approval'])
    .execute();
  const ids = new Set(held.map(({ id }) => id));
  return taskIds.filter((id) => !ids.has(id));
}

async function insertTaskKey(
  tx: Tx,
  task: TaskRow,
  minted: { secretHash: string; prefix: string },
  now: Date,
  deadline: Date,
): Promise<void> {
  await insertKey(tx, {
    ...minted,
    accountId: task.account_id,
    name: `task:${task.id.slice(0, 8)}`,
    scopes: task.scopes.effective,
    createdAt: now,
    expiresAt: deadline,
    taskId: task.id,
    callerKeyId: task.key_id,
  });
}
