// The one way a task changes its status, in the caller's transaction: lock, ask the transition table, update, add
// the event, tell webhooks, revoke the task key, wake who waits. Used by lease.ts, hold.ts, end.ts and lapse.ts.

import { timeIn } from '../../db/database-clock.ts';
import { storableJson, storableTextOrNull } from '../../db/storable.ts';
import type { Store } from '../../db/store.ts';
import type { TaskRow, Tx } from '../../db/tables.ts';
import { noteChange, type TaskTx } from '../../db/task-changes.ts';
import { notify } from '../../db/telling.ts';
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { canBecome, isTerminal } from '../../protocol/statuses.ts';
import type { TaskError, TaskPhase, TaskStatus } from '../../protocol/task.ts';
import { cutMiddle } from '../../protocol/text.ts';
import { revokeTaskKey } from '../access/key-changes.ts';
import { cancelApprovalsOf } from '../approvals/end.ts';
import { dropTaskCredentials } from '../credentials/given.ts';
import { emitTaskEvent } from './announce.ts';
import { changeWithEvent } from './events.ts';
import type { Settled } from './output/settle.ts';
import { readOutputSoFar, readTextsSoFar } from './output-so-far.ts';
import { lockTask } from './rows.ts';
import { type Waited, waitedUntil, waitingColumns, workingColumns } from './work-time.ts';

/** What becomes of the task. `stdout` null or missing at the end: the output so far stands in for the answer. */
export interface Change {
  status: TaskStatus;
  /** Of one that is queued again: behind the others, and not before them. */
  last?: boolean;
  phase?: TaskPhase;
  error?: TaskError | null;
  stdout?: string | null;
  stderr?: string | null;
  exitCode?: number | null;
  /** The answer as a value, at the end; missing: as it was. */
  output?: Settled;
  /** One that never expires is looked after by whoever has it. */
  lease?: { id: string; runnerId: string; expiresAt: Date | null; deadline: Date; waitMs: number };
  /** Of one that works again. */
  waited?: Waited;
}

export interface WantedTransition {
  taskId: string;
  /** Says what becomes of the task on seeing its locked row; null: it stays as it is. */
  decide(task: TaskRow): Change | null;
  /** The database's time, where the caller has asked it since the task is locked. */
  now?: Date | undefined;
  /** The task's row where the transaction has locked it, and changed nothing that its status depends on since. */
  locked?: TaskRow | undefined;
  /** Its runner says so itself, and need not hear of it. */
  byRunner?: boolean;
}

export interface Transition {
  task: TaskRow;
  changed: boolean;
}

/**
 * Locks the task and does what `decide` says on seeing it. With a task end all that its agent has started. Returns
 * undefined when there is no such task. Throws SeedError `conflict` for what the transition table does not know.
 */
export async function transition(
  store: TransitionStore,
  tx: TaskTx,
  wanted: WantedTransition,
): Promise<Transition | undefined> {
  const ended = await change(store, tx, wanted);
  if (ended?.changed && isTerminal(ended.task.status)) await stopDescendants(store, tx, ended.task);
  return ended;
}

type TransitionStore = Pick<Store, 'queue' | 'time'>;

/** Level by level, each in the order of the ids: the order in which tasks are locked (spending/sums.ts). */
async function stopDescendants(store: TransitionStore, tx: TaskTx, ended: TaskRow): Promise<void> {
  const message = `The task ${ended.id}, which this one was started for, has ended.`;
  const now = ended.completed_at ?? undefined;
  let parents = [ended.id];
  while (parents.length > 0) {
    // A parent that has ended gets no more children, so that none is missed.
    const children = await tx
      .selectFrom('tasks')
      .select(['id', 'status'])
      .where('parent_task_id', 'in', parents)
      .where('completed_at', 'is', null)
      .orderBy('id')
      .execute();
    // Before the rows are locked, as leasing does.
    for (const { id, status } of children) if (status === 'queued') await store.queue.remove(tx, id);
    for (const { id } of children) {
      const decide = ({ status }: TaskRow): Change | null =>
        isTerminal(status) ? null : { status: 'stopped', error: { code: 'interrupted', message } };
      await change(store, tx, { taskId: id, decide, now });
    }
    parents = children.map(({ id }) => id);
  }
}

async function change(
  store: TransitionStore,
  tx: TaskTx,
  { taskId, decide, now: known, locked, byRunner = false }: WantedTransition,
): Promise<Transition | undefined> {
  const task = locked ?? (await lockTask(tx, taskId));
  if (!task) return undefined;
  const wanted = decide(task);
  if (!wanted) return { task, changed: false };
  if (!canBecome(task.status, wanted.status) || (wanted.status === 'queued' && task.begun_at !== null))
    throw new SeedError('conflict', `Task ${taskId} is ${task.status} and cannot become ${wanted.status}.`, {
      hint: 'Read the task again and act on its present status.',
    });
  const now = known ?? (await timeIn(store, tx));
  const columns = await columnsOf(tx, task, wanted, now);
  const { status } = wanted;
  const event = { type: 'status', status, phase: columns.phase, error: wanted.error ?? null } as const;
  const changed = await changeWithEvent(tx, task, { status, ...columns }, event, now);
  await emitTaskEvent(tx, changed, now);
  if (isTerminal(status)) {
    await revokeTaskKey(tx, taskId, now);
    await dropTaskCredentials(tx, taskId);
    await cancelApprovalsOf(tx, changed, now);
    if (changed.runner_id && !byRunner) await notify(tx, `runner:${changed.runner_id}`);
    noteChange(tx, 'ended', changed);
  } else if (wanted.lease) noteChange(tx, 'leased', changed);
  else if (status === 'queued') {
    // In front of those that no runner has taken yet. Its key was never used.
    await revokeTaskKey(tx, taskId, now);
    await store.queue.send(tx, [taskId], { ahead: wanted.last !== true });
    await notify(tx, 'queue');
  }
  return { task: changed, changed: true };
}

/** How a task ends whose calls of the model were refused for good. */
export function outOfBudget(why: string): Pick<Change, 'status' | 'error'> {
  return { status: 'failed', error: { code: 'budget_exceeded', message: why } };
}

async function columnsOf(tx: Tx, task: TaskRow, wanted: Change, now: Date) {
  if (wanted.status === 'queued') return NO_LEASE;
  if (isTerminal(wanted.status)) return ending(tx, task, wanted, now);
  const { phase = task.phase, lease, waited } = wanted;
  if (wanted.status === 'waiting_for_approval') return { phase, ...waitingColumns(task, now) };
  if (waited) return { phase, ...workingColumns(task, waited, now) };
  if (!lease) return { phase };
  return {
    phase,
    started_at: now,
    lease_id: lease.id,
    runner_id: lease.runnerId,
    lease_expires_at: lease.expiresAt,
    deadline: lease.deadline,
    wait_ms: lease.waitMs,
    sandbox_id: null,
    sandbox_reach: null,
  };
}

const NO_LEASE = {
  phase: null,
  started_at: null,
  lease_id: null,
  runner_id: null,
  lease_expires_at: null,
  deadline: null,
};

/**
 * What stands in for an answer that was not given: the output so far; of an agent that ended by itself what it
 * said before, as no output of a tool is its own; and nothing where what it said was a call.
 */
async function outputInstead(tx: Tx, task: TaskRow, { status, error }: Change): Promise<string | null> {
  if (error?.code === 'tool_call_unreadable') return null;
  const endedByItself = status === 'completed' || error?.code === 'no_answer' || error?.code === 'output_invalid';
  return endedByItself ? await readTextsSoFar(tx, task) : await readOutputSoFar(tx, task);
}

function outputColumns({ output }: Change) {
  if (output === undefined) return {};
  const value = output.value === null ? null : storableJson(output.value);
  return { output: value, output_error: storableTextOrNull(output.problem) };
}

async function ending(tx: Tx, task: TaskRow, change: Change, now: Date) {
  const stdout = storableTextOrNull(change.stdout ?? (await outputInstead(tx, task, change)));
  const stderr = storableTextOrNull(change.stderr ?? null);
  return {
    phase: null,
    error: change.error ? storableJson(change.error) : null,
    stdout: stdout && cutMiddle(stdout, LIMITS.stdoutBytes),
    stderr: stderr && cutMiddle(stderr, LIMITS.stderrBytes),
    exit_code: change.exitCode ?? null,
    ...outputColumns(change),
    waited_ms: waitedUntil(task, now),
    waiting_since: null,
    free_since: null,
    completed_at: now,
  };
}
