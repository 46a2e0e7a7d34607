// The files of a task and the artifacts out of it: saved while it runs, read by its account, let go of when they
// are old. Called by the commands of artifacts, by the runner's routes and by the removal of old files.
import { sql } from 'kysely';
import type { Call } from '../../command/call.ts';
import type { SentFile } from '../../command/define-command.ts';
import { storableJson } from '../../db/storable.ts';
import type { Store } from '../../db/store.ts';
import type { Db, StoredFile, TaskRow, Tx } from '../../db/tables.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { KeptFile } from '../../protocol/file.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { taskOf } from '../access/lineage.ts';
import {
  forgotten,
  isTaskBelow,
  type LeasedTaskId,
  lockLeasedTask,
  noSuchTask,
  refuseLostLease,
} from '../tasks/rows.ts';
import { type KeptBlobs, setUnusedSince } from './blobs.ts';

/** How many tasks let go of their files in one transaction. */
const BATCH = 500;

type FileStore = Pick<Store, 'db' | 'clock'>;

/**
 * Saves an artifact, in place of one of the same name. Returns the blobs that nobody has any more. Throws
 * SeedError `lease_lost` when the task does not run under this lease, `body_too_large` when its artifacts become
 * too many or too large.
 * @param take takes the artifact's blob (KeptBlobs.keep)
 */
export async function saveArtifact(
  store: FileStore,
  lease: LeasedTaskId,
  artifact: StoredFile,
  take: (tx: Tx) => Promise<void>,
): Promise<string[]> {
  return changeArtifacts(store, lease, async (tx, artifacts) => {
    const others = artifacts.filter(({ name }) => name !== artifact.name);
    refuseTooMuch([...others, artifact]);
    await take(tx);
    return [...others, artifact];
  });
}

/** Removes what its agent deleted. Returns the blobs that nobody has any more. Throws SeedError `lease_lost`. */
export async function deleteArtifact(store: FileStore, lease: LeasedTaskId, name: string): Promise<string[]> {
  return changeArtifacts(store, lease, async (_tx, artifacts) =>
    artifacts.filter((artifact) => artifact.name !== name),
  );
}

type LeasedRow = Pick<TaskRow, 'files' | 'continues' | 'created_at' | 'completed_at'>;

/** What a running task was given: files, and the task that it goes on from. Throws SeedError `lease_lost`. */
export async function taskOfLease(db: Db, lease: LeasedTaskId): Promise<LeasedRow> {
  const task = await db
    .selectFrom('tasks')
    .select(['files', 'continues', 'created_at', 'completed_at', 'lease_id', 'status'])
    .where('id', '=', lease.taskId)
    .executeTakeFirst();
  return refuseLostLease(task, lease);
}

type Reader = Pick<Call, 'actor' | 'store'>;

/** What the task's agent has left until now, by name. Throws SeedError `not_found` or `not_allowed`. */
export async function listArtifacts(reader: Reader, taskId: string): Promise<KeptFile[]> {
  return (await artifactsOf(reader, taskId)).map(({ blobId: _, ...artifact }) => artifact);
}

/** Throws SeedError as `listArtifacts` does, and `not_found` when there is none of this name. */
export async function readArtifact(
  reader: Reader,
  blobs: Pick<KeptBlobs, 'sent'>,
  { id, name }: { id: string; name: string },
): Promise<SentFile> {
  const artifact = (await artifactsOf(reader, id)).find((candidate) => candidate.name === name);
  if (!artifact)
    throw new SeedError('not_found', `the task has no artifact "${name}"`, {
      hint: `seed tasks artifacts list ${id} shows what it has.`,
    });
  return blobs.sent(artifact);
}

async function artifactsOf({ actor, store }: Reader, taskId: string): Promise<StoredFile[]> {
  const task = await store.db
    .selectFrom('tasks')
    .select(['artifacts', 'forgotten_at'])
    .where('account_id', '=', actor.accountId)
    .where('id', '=', taskId)
    .executeTakeFirst();
  if (!task) throw noSuchTask(taskId);
  const own = taskOf(actor.lineage);
  const isOwn = own === null || own === taskId || (await isTaskBelow(store.db, taskId, own));
  if (!isOwn)
    throw new SeedError('not_allowed', 'an agent gets the artifacts of its own task and of those below it only');
  const forgottenAt = task.forgotten_at?.toISOString() ?? null;
  if (forgottenAt !== null) throw forgotten({ id: taskId, forgottenAt });
  return task.artifacts;
}

/** Lets ended tasks go of files and artifacts from before `before`. Returns how many tasks did. */
export async function releaseOldFiles(store: FileStore & Pick<Store, 'caches'>, before: Date): Promise<number> {
  let released = 0;
  for (let count = BATCH; count === BATCH; released += count) count = await releaseSome(store, before);
  store.caches.forget('ended tasks');
  return released;
}

async function releaseSome(store: FileStore, before: Date): Promise<number> {
  return store.db.transaction().execute(async (tx) => {
    const old = await tx
      .selectFrom('tasks')
      .select('id')
      .where('completed_at', 'is not', null)
      .where(sql<boolean>`not is_task_held(id, account_id)`)
      .where('id', 'in', (tasks) =>
        tasks
          .selectFrom('blobs')
          .select('task_id')
          .where('created_at', '<', before)
          .where('unused_since', 'is', null),
      )
      .orderBy('id')
      .limit(BATCH)
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
}

async function changeArtifacts(
  store: FileStore,
  lease: LeasedTaskId,
  change: (tx: Tx, artifacts: StoredFile[]) => Promise<StoredFile[]>,
): Promise<string[]> {
  return store.db.transaction().execute(async (tx) => {
    const task = await lockLeasedTask(tx, lease);
    const artifacts = await change(tx, task.artifacts);
    artifacts.sort((one, other) => (one.name < other.name ? -1 : 1));
    const kept = new Set(artifacts.map(({ blobId }) => blobId));
    const unused = task.artifacts.map(({ blobId }) => blobId).filter((id) => !kept.has(id));
    await setUnusedSince(tx, unused, store.clock.now());
    await tx
      .updateTable('tasks')
      .set({ artifacts: storableJson(artifacts) })
      .where('id', '=', task.id)
      .execute();
    return unused;
  });
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
