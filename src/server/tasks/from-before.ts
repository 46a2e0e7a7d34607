// What a task has of the one that it goes on from, taken in the transaction that accepts it. Called by accept.ts.
import type { StoredFile, TaskRow, Tx } from '../../db/tables.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Continued } from './insert.ts';

/** What a task has of the one that it goes on from. */
export interface From extends Continued {
  /** Files that one was given, and this one is given again. */
  files: StoredFile[];
}

/**
 * Files that were given to the task before are the new one's from then on; what is kept of /workspace is both's.
 * @throws SeedError conflict when one of them was removed meanwhile
 */
export async function takeFrom(tx: Tx, from: From, id: string, now: Date): Promise<void> {
  // Shared: it is not forgotten before this task is there.
  const before = await tx
    .selectFrom('tasks')
    .select(['id', 'workspace', 'forgotten_at'])
    .where('id', '=', from.taskId)
    .forShare()
    .executeTakeFirst();
  if (before?.forgotten_at) throw conversationForgotten(before);
  await takeFiles(tx, from, id, now);
  if (from.workspace === null) return;
  if (before?.workspace?.blobId !== from.workspace.stored.blobId)
    throw removed('what was kept of /workspace', from);
}

async function takeFiles(tx: Tx, { files, taskId }: From, id: string, now: Date): Promise<void> {
  if (files.length === 0) return;
  const ids = files.map(({ blobId }) => blobId);
  const { numUpdatedRows } = await tx
    .updateTable('blobs')
    .set({ task_id: id, created_at: now })
    .where('id', 'in', ids)
    .where('unused_since', 'is', null)
    .executeTakeFirst();
  if (Number(numUpdatedRows) === ids.length) return;
  throw removed('the files', { taskId });
}

function removed(what: string, { taskId }: Pick<From, 'taskId'>): SeedError {
  return new SeedError('conflict', `${what} of the task ${taskId} was removed at this moment`, {
    hint: 'Do it again: it goes on without that.',
  });
}

/** What `tasks continue` says of a task that was forgotten. */
export function conversationForgotten({ id, forgotten_at }: Pick<TaskRow, 'id' | 'forgotten_at'>): SeedError {
  return new SeedError(
    'conversation_forgotten',
    `the task ${id} was forgotten at ${forgotten_at?.toISOString()}`,
    {
      hint: 'Start a new task with "seed tasks run", and say in it what it should know.',
    },
  );
}
