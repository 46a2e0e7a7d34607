// What an account's webhooks hear of a task. Called in the transaction of every change of its status.
import type { TaskRow, Tx } from '../../db/tables.ts';
import { usdOf } from '../../lib/money.ts';
import type { TaskStatus } from '../../protocol/task.ts';
import { emitEvent } from '../webhooks/events.ts';

/** Enough for an error's message in an event; all of it is in the task. */
const MESSAGE_MOST = 1_000;

/**
 * What a status is announced as; not yet a queued or running one: a task that is running may go back to the queue.
 */
const TYPES: Record<TaskStatus, string | null> = {
  queued: null,
  running: null,
  waiting_for_approval: 'task.approval_requested',
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
  const data = dataOf(task);
  await emitEvent(tx, { accountId: task.account_id, type, data, url: task.webhook_url }, now);
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
  const { compute_nano_usd, llm_nano_usd } = task;
  return {
    ...always,
    completedAt: completed_at.toISOString(),
    exitCode: task.exit_code,
    inputTokens: task.input_tokens,
    outputTokens: task.output_tokens,
    cost: {
      compute: usdOf(compute_nano_usd),
      llm: usdOf(llm_nano_usd),
      total: usdOf(compute_nano_usd + llm_nano_usd),
      currency: 'USD',
    },
    error: errorOf(task),
  };
}

/** A task that timed out has no error of its own. */
function errorOf({ status, error, timeout_ms }: TaskRow): { code: string; message: string } | null {
  if (status === 'timed_out')
    return { code: 'timed_out', message: `It was killed at its deadline, after ${timeout_ms} ms.` };
  return error && { code: error.code, message: error.message.slice(0, MESSAGE_MOST).toWellFormed() };
}
