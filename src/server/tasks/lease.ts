// Leases: a runner (runners/routes.ts) takes a task and says how far it is. What it does meanwhile is in hold.ts.
import { randomUUID } from 'node:crypto';
import { later, timeIn } from '../../db/database-clock.ts';
import type { Store } from '../../db/store.ts';
import type { Db, TaskRow, Tx } from '../../db/tables.ts';
import { changeTasks, noteChange, type TaskTx } from '../../db/task-changes.ts';
import type { AnswerSchema } from '../../protocol/output.ts';
import { BEGIN_WITHIN_MS, LEASE_MS, type SandboxRef } from '../../protocol/runner.ts';
import { type Task, TaskPhase } from '../../protocol/task.ts';
import { insertKey } from '../access/keys.ts';
import { lineageOf, worstOf } from '../access/presented-key.ts';
import { emitTaskEvent } from './announce.ts';
import { appendEvents } from './events.ts';
import { type LeasedTaskId, leaseLost, lockLeasedTask, lockTask, refuseLostLease, toTask } from './rows.ts';
import { transition } from './transition.ts';
import { waitLeftMs } from './work-time.ts';

export interface LeasedTask {
  task: Task;
  leaseId: string;
  deadline: Date;
  /** How long its clock may stand in all, while it waits for people. */
  waitMs: number;
  operator: boolean;
  /** How many it was sent until now. */
  messages: number;
  /** What its answer is to fit; null: it is text. */
  outputSchema: AnswerSchema | null;
}

/** Makes the task key's secret; only its hash and prefix come here. Called once for each task that is tried. */
export type MintKey = () => { secretHash: string; prefix: string };

/** Runs tasks without anybody's lease being renewed: their ends are its own to find out. */
export interface Keeper {
  /** Whether it has room for another, asked in the transaction before a task is taken. */
  hasRoom(tx: Tx): Promise<boolean>;
  /** Writes down in the same transaction what it is to do. The run has begun by that. */
  keep(tx: Tx, leased: LeasedTask, now: Date): Promise<void>;
}

interface Taker {
  runnerId: string;
  mintKey: MintKey;
  /** Missing: a runner, which keeps its lease alive. */
  keeper?: Keeper;
}

/**
 * Gives the runner the task that has waited longest, with a task key that lives as long as it; null when none
 * waits. Leaving the queue and `queued → running` are one transaction: no crash loses or doubles a task. It goes
 * back to the queue unless the runner says that the run begins (reportPhase): the answer may have been lost. A
 * task whose key was revoked or expired while it waited is not run: it ends `stopped` with an error that says so.
 */
export async function leaseNextTask(store: Store, taker: Taker): Promise<LeasedTask | null> {
  for (;;) {
    const outcome = await changeTasks(store, (tx) => tryNext(store, tx, taker));
    if (outcome !== 'skipped') return outcome;
  }
}

async function tryNext(
  store: Store,
  tx: TaskTx,
  { runnerId, mintKey, keeper }: Taker,
): Promise<LeasedTask | null | 'skipped'> {
  if (keeper && !(await keeper.hasRoom(tx))) return null;
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
    await transition(store, tx, { taskId, decide: () => ({ status: 'stopped', error }), now });
    return 'skipped';
  }
  const lease = {
    id: randomUUID(),
    runnerId,
    expiresAt: keeper ? null : later(now, BEGIN_WITHIN_MS),
    ...(await timesOf(tx, waiting, now)),
  };
  await insertKey(tx, {
    ...mintKey(),
    accountId: waiting.account_id,
    name: `task:${taskId.slice(0, 8)}`,
    scopes: waiting.scopes.effective,
    createdAt: now,
    expiresAt: lease.deadline,
    taskId,
    callerKeyId: waiting.key_id,
    grants: { limits: waiting.limits, approval: waiting.approval, loop: waiting.loop },
  });
  const change = { status: 'running', phase: 'starting', lease } as const;
  const leased = await transition(store, tx, { taskId, decide: () => change, now, locked: waiting });
  if (!leased) throw leaseLost(taskId);
  const { id: leaseId, deadline, waitMs } = lease;
  const { messages, output_schema: outputSchema } = waiting;
  const taken = { task: toTask(leased.task), leaseId, deadline, waitMs, operator, messages, outputSchema };
  if (keeper) {
    await tx.updateTable('tasks').set({ begun_at: now }).where('id', '=', taskId).execute();
    await emitTaskEvent(tx, leased.task, now, 'task.started');
    await keeper.keep(tx, taken, now);
  }
  return taken;
}

/** What was leased, as it is now. @throws SeedError lease_lost */
export async function leasedTask(db: Db, lease: LeasedTaskId): Promise<LeasedTask> {
  const row = await db.selectFrom('tasks').selectAll().where('id', '=', lease.taskId).executeTakeFirst();
  const { account_id, deadline, ...task } = refuseLostLease(row, lease);
  const { operator } = await db
    .selectFrom('accounts')
    .select('operator')
    .where('id', '=', account_id)
    .executeTakeFirstOrThrow();
  return {
    task: toTask({ ...task, deadline }),
    leaseId: lease.leaseId,
    deadline: deadline ?? task.created_at,
    waitMs: waitLeftMs(task),
    operator,
    messages: task.messages,
    outputSchema: task.output_schema,
  };
}

/** A task never outlives the one whose agent started it, which may itself wait as long as it has left. */
async function timesOf(
  tx: Tx,
  { timeout_ms, wait_ms, parent_task_id }: TaskRow,
  now: Date,
): Promise<{ deadline: Date; waitMs: number }> {
  const own = later(now, timeout_ms);
  if (parent_task_id === null) return { deadline: own, waitMs: wait_ms };
  const parent = await tx
    .selectFrom('tasks')
    .select(['deadline', 'status', 'wait_ms', 'waited_ms'])
    .where('id', '=', parent_task_id)
    .executeTakeFirstOrThrow();
  if (parent.deadline === null) return { deadline: own, waitMs: wait_ms };
  const deadline = new Date(Math.min(parent.deadline.getTime(), own.getTime()));
  const isLatest = parent.status === 'waiting_for_approval';
  const outside = isLatest ? parent.deadline : later(parent.deadline, waitLeftMs(parent));
  return { deadline, waitMs: Math.min(wait_ms, outside.getTime() - deadline.getTime()) };
}

/**
 * Records how far a running task is; a phase it has reached already changes nothing. The first report begins the
 * run: from then on the task never goes back to the queue. Throws SeedError `lease_lost`.
 */
export async function reportPhase(
  store: Store,
  { taskId, leaseId, phase, sandbox }: LeasedTaskId & { phase: TaskPhase; sandbox?: SandboxRef | undefined },
): Promise<void> {
  await changeTasks(store, async (tx) => {
    const task = await lockLeasedTask(tx, { taskId, leaseId });
    const { options: inOrder } = TaskPhase;
    const reaches = task.phase === null || inOrder.indexOf(phase) > inOrder.indexOf(task.phase);
    const begins = task.begun_at === null;
    const resumes = task.free_since !== null;
    const names = sandbox !== undefined && sandbox.id !== task.sandbox_id;
    if (!reaches && !begins && !resumes && !names) return;
    const now = await timeIn(store, tx);
    const works = task.working_at === null && phase !== 'starting';
    const changed = await tx
      .updateTable('tasks')
      .set({
        ...(begins && { begun_at: now }),
        ...((begins || resumes) && { lease_expires_at: later(now, LEASE_MS), free_since: null }),
        ...(names && { sandbox_id: sandbox.id, sandbox_reach: sandbox.reach }),
        ...(reaches && { phase }),
        ...(works && { working_at: now }),
      })
      .where('id', '=', taskId)
      .returningAll()
      .executeTakeFirstOrThrow();
    if (begins) await emitTaskEvent(tx, changed, now, 'task.started');
    if (reaches) await appendEvents(tx, task, [{ type: 'status', status: task.status, phase, error: null }], now);
    if (works) noteChange(tx, 'working', changed);
  });
}
