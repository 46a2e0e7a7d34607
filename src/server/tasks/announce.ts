// What an account's webhooks hear of a task. Called in the transaction of every change of its status.

import type { TaskRow, Tx } from '../../db/tables.ts';
import { usdOf } from '../../lib/money.ts';
import type { TaskStatus } from '../../protocol/task.ts';
import { emitEvent } from '../webhooks/events.ts';

/** Enough for an error's message in an event; all of it is in the task. */
const MESSAGE_MOST = 1_000;

/** Announces a change of status that is one for webhooks: a task that is running may yet go back to the queue. */
export async function emitTaskEvent(tx: Tx, task: TaskRow, now: Date): Promise<void> {
  const type = typeOf(task.status);
  if (type !== null) await emit(tx, task, type, now);
}

/** Announces that the run of the task begins. */
export async function emitTaskStarted(tx: Tx, task: TaskRow, now: Date): Promise<void> {
  await emit(tx, task, 'task.started', now);
}

async function emit(tx: Tx, task: TaskRow, type: string, now: Date): Promise<void> {
  const data = dataOf(task);
  await emitEvent(tx, { accountId: task.account_id, type, data, url: task.webhook_url }, now);
}

function typeOf(status: TaskStatus): string | null {
  switch (status) {
    case 'waiting_for_approval':
      return 'task.approval_requested';
    case 'completed':
      return 'task.completed';
    case 'failed':
    case 'timed_out':
      return 'task.failed';
    case 'stopped':
      return 'task.stopped';
    default:
      return null;
  }
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
