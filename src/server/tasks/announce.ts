// What an account's webhooks hear of a task. Called in the transaction of every change of its status.
import type { TaskRow, Tx } from '../../db/tables.ts';
import type { TaskStatus } from '../../protocol/task.ts';
import { emitEvent } from '../webhooks/events.ts';
import { costOf } from './rows.ts';

/** Enough for an error's message in an event; all of it is in the task. */
const MESSAGE_MOST = 1_000;

/** What a status is announced as. Not queued or running: a task that is running may go back to the queue. */
const TYPES: Record<TaskStatus, string | null> = {
  queued: null,
  running: null,
  /** What it waits for was announced when it was asked. */
  waiting_for_approval: null,
  completed: 'task.completed',
  failed: 'task.failed',
  timed_out: 'task.failed',
  stopped: 'task.stopped',
};

/** @param type of the event; unless it is said, what the task's new status is announced as */
export async function emitTaskEvent(
  tx: Tx,
  task: TaskRow,
  now: Date,
  type: string | null = TYPES[task.status],
): Promise<void> {
  if (type === null) return;
  await emitEvent(tx, { accountId: task.account_id, type, data: dataOf(task), url: task.webhook_url }, now);
}

function dataOf(task: TaskRow): Record<string, unknown> {
  const { id, status, key_id, parent_task_id, created_at, started_at, completed_at } = task;
  const always = {
    taskId: id,
    status,
    keyId: key_id,
    parentTaskId: parent_task_id,
    createdAt: created_at.toISOString(),
    startedAt: started_at?.toISOString() ?? null,
  };
  if (completed_at === null) return always;
  return {
    ...always,
    completedAt: completed_at.toISOString(),
    exitCode: task.exit_code,
    inputTokens: task.input_tokens,
    outputTokens: task.output_tokens,
    cost: costOf(task),
    error: errorOf(task),
  };
}

/** A task that timed out has no error of its own. */
function errorOf({ status, error, timeout_ms }: TaskRow): { code: string; message: string } | null {
  if (status === 'timed_out')
    return { code: 'timed_out', message: `It was killed at its deadline, after ${timeout_ms} ms.` };
  return error && { code: error.code, message: error.message.slice(0, MESSAGE_MOST).toWellFormed() };
}
