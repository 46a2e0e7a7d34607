// A task at work passes from one runner to another, with its sandbox, which lives on. Freed, it has no lease: what
// its old runner still says is refused, and the secret of its key is nobody's. It waits for a runner that reaches
// the sandbox for HANDOVER_MS, and ends as one whose runner was lost when none has said by then that it serves it.
// Nothing else of the task changes by that. Used by hold.ts and lapse.ts, which free, and by runners/routes.ts.
import { randomBytes, randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { later, timeIn } from '../../db/database-clock.ts';
import type { Store } from '../../db/store.ts';
import type { Db, TaskRow, Tx } from '../../db/tables.ts';
import { changeTasks, type TaskTx } from '../../db/task-changes.ts';
import { statusIn } from '../../db/task-conditions.ts';
import { notify } from '../../db/telling.ts';
import { BEGIN_WITHIN_MS, HANDOVER_MS, OWNER_SEEN_MS, type Resume } from '../../protocol/runner.ts';
import { isTerminal, LEASED } from '../../protocol/statuses.ts';
import { lineageOf, worstOf } from '../access/presented-key.ts';
import type { LeasedTask, MintKey } from './lease.ts';
import { type LeasedTaskId, toTask } from './rows.ts';
import { transition } from './transition.ts';
import { waitedUntil, waitLeftMs } from './work-time.ts';

/** So long a task does not go back to the runner that had it, which may have asked before it was paused. */
const AGAIN_MS = 15_000;

/** Whether it is to wait for another runner, as its own has it no more. Not once it has waited in vain. */
export function isToBeFreed(task: TaskRow, now: Date): boolean {
  if (isTerminal(task.status) || task.begun_at === null || task.sandbox_id === null) return false;
  return task.free_since === null || now.getTime() < task.free_since.getTime() + HANDOVER_MS;
}

/** @param task locked in this transaction, and to be freed */
export async function freeTask(tx: Tx, task: TaskRow, now: Date): Promise<void> {
  const since = task.free_since ?? now;
  await tx
    .updateTable('tasks')
    .set({
      ...{ lease_id: null, runner_id: null, freed_from: task.runner_id ?? task.freed_from },
      ...{ free_since: since, lease_expires_at: later(since, HANDOVER_MS) },
    })
    .where('id', '=', task.id)
    .execute();
  await changeSecret(tx, task.id, { secretHash: randomBytes(32).toString('hex') });
  await notify(tx, 'queue');
}

async function changeSecret(
  tx: Tx,
  taskId: string,
  { secretHash, prefix }: { secretHash: string; prefix?: string },
): Promise<void> {
  const set = { secret_hash: secretHash, ...(prefix !== undefined && { prefix }) };
  await tx.updateTable('keys').set(set).where('task_id', '=', taskId).execute();
  await notify(tx, 'keys');
}

export interface TakenOver extends LeasedTask {
  leftMs: number;
  resume: Resume;
}

interface Taker {
  runnerId: string;
  reach: string;
  mintKey: MintKey;
}

/**
 * Gives the runner the task that has waited longest for one which reaches its sandbox; null when none does. It is
 * free again unless the runner says soon that it serves it (reportPhase). A task whose key was revoked or expired
 * meanwhile ends `stopped`.
 */
export async function takeOverNextTask(store: Store, taker: Taker): Promise<TakenOver | null> {
  while (await hasFree(store.db, taker.reach)) {
    const outcome = await changeTasks(store, (tx) => tryNext(store, tx, taker));
    if (outcome !== 'skipped') return outcome;
  }
  return null;
}

/** Without a transaction, for those who ask every second. */
async function hasFree(db: Db, reach: string): Promise<boolean> {
  const free = await db
    .selectFrom('tasks')
    .select('id')
    .where('free_since', 'is not', null)
    .where('lease_id', 'is', null)
    .where('sandbox_reach', '=', reach)
    .limit(1)
    .executeTakeFirst();
  return free !== undefined;
}

async function tryNext(
  store: Store,
  tx: TaskTx,
  { runnerId, reach, mintKey }: Taker,
): Promise<TakenOver | null | 'skipped'> {
  const now = await timeIn(store, tx);
  const { rows } = await sql<TaskRow>`
    select * from tasks where free_since is not null and lease_id is null and sandbox_reach = ${reach}
      and ${statusIn(LEASED)} and (freed_from is distinct from ${runnerId} or free_since < ${later(now, -AGAIN_MS)})
    order by free_since limit 1 for no key update skip locked`.execute(tx);
  const [task] = rows;
  if (task === undefined || task.sandbox_id === null) return null;
  const caller = worstOf(await lineageOf(tx, task.key_id, now));
  if (caller !== 'active') {
    const message = `The key that posted this task was ${caller ?? 'revoked'} while it ran.`;
    const error = { code: 'interrupted', message } as const;
    await transition(store, tx, {
      taskId: task.id,
      decide: () => ({ status: 'stopped', error }),
      now,
      locked: task,
    });
    return 'skipped';
  }
  const leaseId = randomUUID();
  const waited_ms = waitedUntil(task, now);
  const isWaiting = task.waiting_since !== null;
  const taken = await tx
    .updateTable('tasks')
    .set({
      lease_id: leaseId,
      runner_id: runnerId,
      lease_expires_at: later(now, BEGIN_WITHIN_MS),
      waited_ms,
      ...(isWaiting && { waiting_since: now }),
    })
    .where('id', '=', task.id)
    .returningAll()
    .executeTakeFirstOrThrow();
  await changeSecret(tx, task.id, mintKey());
  const { operator } = await tx
    .selectFrom('accounts')
    .select('operator')
    .where('id', '=', task.account_id)
    .executeTakeFirstOrThrow();
  const waitMs = waitLeftMs(taken);
  const deadline = task.deadline ?? now;
  return {
    task: toTask(taken),
    leaseId,
    deadline,
    waitMs,
    // Of one that waits, the deadline is the latest that it can be.
    leftMs: deadline.getTime() - now.getTime() - (isWaiting ? waitMs : 0),
    operator,
    messages: task.messages,
    outputSchema: task.output_schema,
    resume: {
      sandboxId: task.sandbox_id,
      phase: task.phase ?? 'starting',
      isWaiting,
      livedMs: Math.max(0, now.getTime() - (task.begun_at ?? now).getTime()),
    },
  };
}

/** Frees a task again whose new lease has reached nobody. */
export async function returnTakenOver(store: Store, { taskId, leaseId }: LeasedTaskId): Promise<void> {
  await store.db.transaction().execute(async (tx) => {
    const task = await lockedUnder(tx, taskId, leaseId);
    if (task !== undefined && task.free_since !== null) await freeTask(tx, task, await timeIn(store, tx));
  });
}

async function lockedUnder(tx: Tx, taskId: string, leaseId: string): Promise<TaskRow | undefined> {
  const { rows } = await sql<TaskRow>`
    select * from tasks where id = ${taskId} and lease_id = ${leaseId} for no key update`.execute(tx);
  return rows[0];
}

/** Those of the tasks that live on with their sandbox, whoever has them now. */
export async function tasksTaken(db: Db, taskIds: readonly string[]): Promise<string[]> {
  if (taskIds.length === 0) return [];
  const rows = await db
    .selectFrom('tasks')
    .select('id')
    .where('id', 'in', taskIds)
    .where(statusIn(LEASED))
    .where('sandbox_id', 'is not', null)
    .execute();
  return rows.map(({ id }) => id);
}

/** Those that are a living task's, and those of runners that were seen lately and may start or keep them. */
export async function sandboxesToSpare(
  { db, time }: Pick<Store, 'db' | 'time'>,
  { runnerId, reach }: { runnerId: string; reach: string },
  sandboxes: readonly { id: string; owner: string }[],
): Promise<string[]> {
  if (sandboxes.length === 0) return [];
  const ids = sandboxes.map(({ id }) => id);
  const named = await db
    .selectFrom('tasks')
    .select('sandbox_id')
    .where(sql<boolean>`sandbox_id = any(${ids})`)
    .where('sandbox_reach', '=', reach)
    .where(statusIn(LEASED))
    .execute();
  const seen = await db
    .selectFrom('runners')
    .select(sql<string>`id::text`.as('id'))
    .where('last_seen', '>=', sql<Date>`${time()} - ${OWNER_SEEN_MS} * interval '1 millisecond'`)
    .execute();
  const tasks = new Set(named.map(({ sandbox_id }) => sandbox_id));
  const runners = new Set([runnerId, ...seen.map(({ id }) => id)]);
  return sandboxes.filter(({ id, owner }) => tasks.has(id) || runners.has(owner)).map(({ id }) => id);
}
