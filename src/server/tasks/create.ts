// Accepts tasks. Called by the `tasks run` command.
import { sql } from 'kysely';
import { notify } from '../../db/signals.ts';
import { storableJson, storableText } from '../../db/storable.ts';
import type { Store } from '../../db/store.ts';
import type { StoredFile, Tx } from '../../db/tables.ts';
import { changeTasks, noteChange } from '../../db/task-changes.ts';
import type { Budget } from '../../protocol/budget.ts';
import type { Resources } from '../../protocol/resources.ts';
import type { ScopeGrant } from '../../protocol/scope.ts';
import type { Task } from '../../protocol/task.ts';
import { useBlobs } from '../files/blobs.ts';
import { appendEvents } from './events.ts';
import { placeBelow } from './parent.ts';
import { toTask } from './rows.ts';

export interface NewTask {
  id: string;
  accountId: string;
  /** The key that posted it. */
  keyId: string;
  /** The key that pays for it: the one that posted the first task of its chain. */
  billedKeyId: string;
  /** The task whose agent posted it; null when no task did. */
  parentTaskId: string | null;
  instruction: string;
  scopes: ScopeGrant;
  timeoutMs: number;
  model: string;
  /** Asked in this order when that one cannot answer. */
  fallbackModels: readonly string[];
  resources: Resources;
  budget: Budget | null;
  metadata: Record<string, string>;
  /** Their blobs are announced and stored. */
  files: StoredFile[];
  /** Hears of its events, besides the account's endpoints. */
  webhookUrl?: string | null;
  /** The W3C traceparent it was posted with, when that is sound. */
  traceParent?: string | null;
}

/**
 * Accepts a task: its row, its first event and its place in the queue are there together or not at all. One with a parent
 * gets no more time than that one has left.
 * @param admit looks in the same transaction whether the task may be; what it throws refuses it
 */
export async function createTask(
  store: Store,
  task: NewTask,
  admit: (tx: Tx) => Promise<void> = async () => {},
): Promise<Task> {
  const { id } = task;
  return changeTasks(store, async (tx) => {
    const place = task.parentTaskId === null ? null : await placeBelow(store, tx, task.parentTaskId);
    await admit(tx);
    const row = await tx
      .insertInto('tasks')
      .values({
        id,
        account_id: task.accountId,
        key_id: task.keyId,
        billed_key_id: task.billedKeyId,
        parent_task_id: task.parentTaskId,
        status: 'queued',
        instruction: storableText(task.instruction),
        scopes: storableJson(task.scopes),
        depth: place?.depth ?? 1,
        timeout_ms: Math.min(task.timeoutMs, place?.timeoutMs ?? task.timeoutMs),
        model: storableText(task.model),
        fallback_models: task.fallbackModels.map(storableText),
        resources: storableJson(task.resources),
        budget: task.budget && storableJson(task.budget),
        files: storableJson(task.files),
        metadata: storableJson(task.metadata),
        webhook_url: task.webhookUrl ?? null,
        trace_parent: task.traceParent ?? null,
        // The database's time and no server's: pg-boss orders by it, so that createdAt tells the order of the queue.
        created_at: sql<Date>`date_trunc('milliseconds', now())`,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    await useBlobs(
      tx,
      task.files.map(({ blobId }) => blobId),
    );
    await appendEvents(
      tx,
      row,
      [{ type: 'status', status: 'queued', phase: null, error: null }],
      row.created_at,
    );
    await store.queue.send(tx, id);
    await notify(tx, 'queue');
    noteChange(tx, 'accepted', row);
    return toTask(row);
  });
}
