// Archives of /workspace that tasks leave for those that go on from them: taken from runners, handed to them, and
// let go of when their time is over. A blob goes when no task names it any more. Called by the runners' routes and
// by the removal of old files.
import { sql } from 'kysely';
import { later } from '../../db/database-clock.ts';
import { storableJson } from '../../db/storable.ts';
import type { Store } from '../../db/store.ts';
import type { Db, StoredFile, StoredWorkspace, TaskRow, Tx } from '../../db/tables.ts';
import { SeedError } from '../../protocol/errors.ts';
import { durationMs } from '../../protocol/time.ts';
import { type LeasedTaskId, lockLeasedTask, refuseLostLease } from '../tasks/rows.ts';

type WorkspaceStore = Pick<Store, 'db' | 'clock'>;

/**
 * Keeps what a task has left, in the place of what it began with. Returns the blobs that nobody has any more.
 * Throws SeedError `lease_lost`, and `not_allowed` for a task that is to keep nothing.
 * @param take takes its blob (KeptBlobs.keep)
 */
export async function saveWorkspace(
  { db, clock }: WorkspaceStore,
  lease: LeasedTaskId,
  { blobId, size, sha256 }: StoredFile,
  take: (tx: Tx) => Promise<void>,
): Promise<string[]> {
  return db.transaction().execute(async (tx) => {
    const task = await lockLeasedTask(tx, lease);
    if (task.keep === null) throw new SeedError('not_allowed', 'the task is to keep nothing of /workspace');
    const now = clock.now();
    const before = task.workspace;
    // The task that it goes on from has the same: one of them is enough.
    const isSame = before?.sha256 === sha256 && before.size === size;
    if (!isSame) await take(tx);
    const stored: StoredWorkspace = { blobId: isSame ? before.blobId : blobId, size, sha256, madeBy: task.id };
    await tx
      .updateTable('tasks')
      .set({ workspace: storableJson(stored), workspace_until: later(now, durationMs(task.keep.for) ?? 0) })
      .where('id', '=', task.id)
      .execute();
    if (isSame) return [blobId];
    return before === null ? [] : letGo(tx, [before.blobId], now);
  });
}

/** What a running task is to begin with. Throws SeedError `lease_lost`, or `not_found` when that is nothing. */
export async function workspaceOfLease(db: Db, lease: LeasedTaskId): Promise<StoredWorkspace> {
  const task: Pick<TaskRow, 'workspace' | 'lease_id' | 'status'> | undefined = await db
    .selectFrom('tasks')
    .select(['workspace', 'lease_id', 'status'])
    .where('id', '=', lease.taskId)
    .executeTakeFirst();
  const { workspace } = refuseLostLease(task, lease);
  if (workspace === null) throw new SeedError('not_found', 'the task begins with an empty /workspace');
  return workspace;
}

/** How many tasks let go of theirs in one transaction. */
const BATCH = 500;

/** Lets ended tasks go of what they were to keep until now. Returns how many did. */
export async function releaseWorkspaces(store: WorkspaceStore & Pick<Store, 'caches'>): Promise<number> {
  let released = 0;
  for (let count = BATCH; count === BATCH; released += count) count = await releaseSome(store);
  if (released > 0) store.caches.forget('ended tasks');
  return released;
}

async function releaseSome({ db, clock }: WorkspaceStore): Promise<number> {
  return db.transaction().execute(async (tx) => {
    const now = clock.now();
    const { rows } = await sql<Pick<TaskRow, 'id' | 'workspace'>>`
      select id, workspace from tasks
      where workspace is not null and workspace_until < ${now} and completed_at is not null
        and not is_task_held(id, account_id)
      order by workspace_until limit ${BATCH} for no key update skip locked`.execute(tx);
    if (rows.length === 0) return 0;
    // The moment stays: it tells that there was something.
    const ids = rows.map(({ id }) => id);
    await tx.updateTable('tasks').set({ workspace: null }).where('id', 'in', ids).execute();
    await letGo(tx, [...new Set(rows.flatMap(({ workspace }) => workspace?.blobId ?? []))], now);
    return rows.length;
  });
}

/** Marks those of the blobs that no task names any more, and returns them. */
async function letGo(tx: Tx, blobIds: readonly string[], now: Date): Promise<string[]> {
  // One after the other: of two that let go of the same at once the later one finds that it was the last.
  await sql`select from blobs where id = any(${blobIds}::uuid[]) order by id for update`.execute(tx);
  const { rows } = await sql<{ id: string }>`
    update blobs set unused_since = ${now}
    where id = any(${blobIds}::uuid[]) and not exists (
      select from tasks where workspace is not null and workspace->>'blobId' = blobs.id::text
    )
    returning id`.execute(tx);
  return rows.map(({ id }) => id);
}
