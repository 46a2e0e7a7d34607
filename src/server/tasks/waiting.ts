// A task that waits for people: its status, and its clock, which stands meanwhile. Its runner says when that
// begins and ends (runners/routes.ts); approvals ask how long it may wait, and tell when nobody has decided.
import { sql } from 'kysely';
import { later, timeIn } from '../../db/database-clock.ts';
import type { Store } from '../../db/store.ts';
import type { TaskRow, Tx } from '../../db/tables.ts';
import { changeTasks, type TaskTx } from '../../db/task-changes.ts';
import { notify } from '../../db/telling.ts';
import { approvalSettingOf, type Grants } from '../../protocol/grant.ts';
import { isTerminal } from '../../protocol/statuses.ts';
import { lineageOf } from '../access/presented-key.ts';
import { type LeasedTaskId, leaseLost, lockLeasedTask, refuseLostLease } from './rows.ts';
import { type Change, transition } from './transition.ts';
import { type Waited, waitedUntil, waitLeftMs } from './work-time.ts';

/**
 * All that its sandbox runs waits for people from now on: its clock stands, and its deadline is the latest that it
 * can be. Nothing changes for one that waits already. @throws SeedError lease_lost
 */
export async function reportWaiting(store: Store, lease: LeasedTaskId): Promise<void> {
  await changeTasks(store, (tx) => becomeWaiting(store, tx, lease));
}

/** The same in the transaction that found it. @throws SeedError lease_lost */
export async function becomeWaiting(
  store: Pick<Store, 'queue' | 'time'>,
  tx: TaskTx,
  lease: LeasedTaskId,
): Promise<void> {
  const decide = (task: TaskRow): Change | null => {
    refuseLostLease(task, lease);
    return task.status === 'running' ? { status: 'waiting_for_approval' } : null;
  };
  const changed = await transition(store, tx, { taskId: lease.taskId, decide });
  if (!changed) throw leaseLost(lease.taskId);
  if (changed.changed) await moveKeyExpiry(tx, changed.task);
}

/** It works again, with the time that it had left when it began to wait. @throws SeedError lease_lost */
export async function reportWorking(
  store: Store,
  { waitedMs, leftMs, ...lease }: LeasedTaskId & Waited,
): Promise<void> {
  await changeTasks(store, async (tx) => {
    const decide = (task: TaskRow): Change | null => {
      refuseLostLease(task, lease);
      return task.status === 'waiting_for_approval' ? { status: 'running', waited: { waitedMs, leftMs } } : null;
    };
    const changed = await transition(store, tx, { taskId: lease.taskId, decide });
    if (!changed) throw leaseLost(lease.taskId);
    if (changed.changed) await moveKeyExpiry(tx, changed.task);
  });
}

/**
 * It works again, with the time that it had left, by the database's word alone: of a task that nobody keeps a
 * clock for. Nothing changes for one that does not wait. @throws SeedError lease_lost
 */
export async function workAgain(store: Store, lease: LeasedTaskId): Promise<void> {
  await changeTasks(store, async (tx) => {
    const task = await lockLeasedTask(tx, lease);
    const { waiting_since: since, deadline } = task;
    if (since === null || deadline === null) return;
    const now = await timeIn(store, tx);
    const waitedMs = now.getTime() - since.getTime();
    const leftMs = deadline.getTime() - waitLeftMs(task) - since.getTime();
    const decide = (): Change => ({ status: 'running', waited: { waitedMs, leftMs } });
    const changed = await transition(store, tx, { taskId: lease.taskId, decide, now, locked: task });
    if (changed) await moveKeyExpiry(tx, changed.task);
  });
}

/**
 * The row of a task that its runner settles, running again where it was said to wait: the word that it works may
 * have been lost. @param locked in this transaction
 */
export async function endWait(
  store: Pick<Store, 'queue' | 'time'>,
  tx: TaskTx,
  locked: TaskRow | undefined,
): Promise<TaskRow | undefined> {
  if (locked?.status !== 'waiting_for_approval') return locked;
  const now = await timeIn(store, tx);
  const waitedMs = waitedUntil(locked, now) - locked.waited_ms;
  const decide = (): Change => ({ status: 'running', waited: { waitedMs, leftMs: 0 } });
  return (await transition(store, tx, { taskId: locked.id, decide, now, locked }))?.task;
}

async function moveKeyExpiry(tx: Tx, { id, deadline }: TaskRow): Promise<void> {
  await tx.updateTable('keys').set({ expires_at: deadline }).where('task_id', '=', id).execute();
  await notify(tx, 'keys');
}

/** Until when people may decide on what a task asks for: as long as it may still wait, or as it lives. */
export async function approvalExpiry(tx: Tx, taskId: string, now: Date): Promise<Date> {
  const task = await tx
    .selectFrom('tasks')
    .select(['wait_ms', 'waited_ms', 'waiting_since', 'deadline'])
    .where('id', '=', taskId)
    .executeTakeFirstOrThrow();
  if (task.wait_ms === 0) return task.deadline ?? now;
  return later(now, Math.max(0, task.wait_ms - waitedUntil(task, now)));
}

/**
 * Called in the transaction in which something that the task asked for expires: ends the task where its setting,
 * or that of the nearest key above it, says so. @returns whether it has ended by that
 */
export async function endUndecided(store: Store, tx: TaskTx, taskId: string, now: Date): Promise<boolean> {
  const { rows } = await sql<TaskRow>`select * from tasks where id = ${taskId} for no key update`.execute(tx);
  const [task] = rows;
  if (!task || isTerminal(task.status)) return false;
  const binding: Pick<Grants, 'approval'>[] = [task, ...(await lineageOf(tx, task.key_id, now))];
  if (approvalSettingOf(binding)?.onExpiry !== 'end') return false;
  const message = 'Nobody decided in time on what the task asked for. That is no denial.';
  const decide = (): Change => ({ status: 'failed', error: { code: 'approval_expired', message } });
  return (await transition(store, tx, { taskId, decide, now, locked: task }))?.changed ?? false;
}
