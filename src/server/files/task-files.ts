// The files of a task and the artifacts out of it: saved while it runs, read by its account, let go of when they are old.

import { storableJson } from '../../db/storable.ts';
import type { Store } from '../../db/store.ts';
import type { Db, StoredFile, TaskRow, Tx } from '../../db/tables.ts';
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { isTerminal } from '../../protocol/statuses.ts';
import { leaseLost } from '../tasks/events.ts';
import { lockTask } from '../tasks/rows.ts';
import { releaseBlobs, useBlobs } from './blobs.ts';

interface Held {
  taskId: string;
  leaseId: string;
}

type FileStore = Pick<Store, 'db' | 'clock'>;

/**
 * Saves an artifact, in place of one of the same name. Returns the blobs that nobody has any more. Throws SeedError
 * `lease_lost` when the task does not run under this lease, `body_too_large` when its artifacts become too many or too large.
 */
export async function saveArtifact(store: FileStore, held: Held, artifact: StoredFile): Promise<string[]> {
  return changeArtifacts(store, held, async (tx, artifacts) => {
    const others = artifacts.filter(({ name }) => name !== artifact.name);
    refuseTooMuch([...others, artifact]);
    await useBlobs(tx, [artifact.blobId]);
    return [...others, artifact];
  });
}

/** Likewise for one that its agent has deleted. */
export async function deleteArtifact(store: FileStore, held: Held, name: string): Promise<string[]> {
  return changeArtifacts(store, held, async (_tx, artifacts) =>
    artifacts.filter((artifact) => artifact.name !== name),
  );
}

/** The files that a running task was given. Throws SeedError `lease_lost`. */
export async function filesOfLease(db: Db, { taskId, leaseId }: Held): Promise<StoredFile[]> {
  const task = await db
    .selectFrom('tasks')
    .select(['files', 'lease_id', 'status'])
    .where('id', '=', taskId)
    .executeTakeFirst();
  if (!task || task.lease_id !== leaseId || isTerminal(task.status)) throw leaseLost(taskId);
  return task.files;
}

/** By name; null when the account has no such task. */
export async function artifactsOf(db: Db, accountId: string, taskId: string): Promise<StoredFile[] | null> {
  const task = await db
    .selectFrom('tasks')
    .select('artifacts')
    .where('account_id', '=', accountId)
    .where('id', '=', taskId)
    .executeTakeFirst();
  return task?.artifacts ?? null;
}

/** Ended tasks let go of files and artifacts from before `before`. Returns how many tasks did; at most `limit`. */
export async function releaseOldFiles(
  store: FileStore & Pick<Store, 'caches'>,
  before: Date,
  limit: number,
): Promise<number> {
  const released = await store.db.transaction().execute(async (tx) => {
    const old = await tx
      .selectFrom('tasks')
      .select('id')
      .where('completed_at', 'is not', null)
      .where('id', 'in', (tasks) =>
        tasks
          .selectFrom('blobs')
          .select('task_id')
          .where('created_at', '<', before)
          .where('unused_since', 'is', null),
      )
      .orderBy('id')
      .limit(limit)
      .forNoKeyUpdate()
      .execute();
    const ids = old.map(({ id }) => id);
    if (ids.length === 0) return 0;
    await tx.updateTable('tasks').set({ files: '[]', artifacts: '[]' }).where('id', 'in', ids).execute();
    await tx
      .updateTable('blobs')
      .set({ unused_since: store.clock.now() })
      .where('task_id', 'in', ids)
      .where('unused_since', 'is', null)
      .execute();
    return ids.length;
  });
  store.caches.forget('ended tasks');
  return released;
}

async function changeArtifacts(
  store: FileStore,
  { taskId, leaseId }: Held,
  change: (tx: Tx, artifacts: StoredFile[]) => Promise<StoredFile[]>,
): Promise<string[]> {
  return store.db.transaction().execute(async (tx) => {
    const task = await lockTask(tx, taskId);
    if (!isHeld(task, leaseId)) throw leaseLost(taskId);
    const artifacts = await change(tx, task.artifacts);
    artifacts.sort((one, other) => (one.name < other.name ? -1 : 1));
    const released = task.artifacts.map(({ blobId }) => blobId);
    const kept = new Set(artifacts.map(({ blobId }) => blobId));
    const unused = released.filter((id) => !kept.has(id));
    await releaseBlobs(tx, unused, store.clock.now());
    await tx
      .updateTable('tasks')
      .set({ artifacts: storableJson(artifacts) })
      .where('id', '=', taskId)
      .execute();
    return unused;
  });
}

function isHeld(task: TaskRow | undefined, leaseId: string): task is TaskRow {
  return task !== undefined && task.lease_id === leaseId && !isTerminal(task.status);
}

function refuseTooMuch(artifacts: readonly StoredFile[]): void {
  const bytes = artifacts.reduce((sum, { size }) => sum + size, 0);
  if (artifacts.length > LIMITS.artifactsPerTask)
    throw new SeedError('body_too_large', `a task has at most ${LIMITS.artifactsPerTask} artifacts`);
  if (bytes > LIMITS.artifactBytesPerTask)
    throw new SeedError(
      'body_too_large',
      `the artifacts of a task have at most ${LIMITS.artifactBytesPerTask} bytes together`,
    );
}
