// Which blobs there are, in the database: a row before the bytes and until after them. The bytes are the blob store's
// (server/files/). Called by server/files/kept-blobs.ts.
import type { Db, Tx } from '../../db/tables.ts';

/** Announces blobs whose bytes are about to be stored. Nobody has them yet. */
export async function announceBlobs(
  db: Db,
  taskId: string,
  ids: readonly string[],
  now: Date,
): Promise<void> {
  if (ids.length === 0) return;
  const rows = ids.map((id) => ({ id, task_id: taskId, created_at: now, unused_since: now }));
  await db.insertInto('blobs').values(rows).execute();
}

/** Within the transaction in which a task gets them. */
export async function useBlobs(tx: Tx, ids: readonly string[]): Promise<void> {
  await setUnusedSince(tx, ids, null);
}

/** Within the transaction in which a task lets go of them. */
export async function releaseBlobs(tx: Tx, ids: readonly string[], now: Date): Promise<void> {
  await setUnusedSince(tx, ids, now);
}

/** At most `limit` blobs that nobody has since before `before`. */
export async function unusedBlobs(db: Db, before: Date, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('blobs')
    .select('id')
    .where('unused_since', '<', before)
    .orderBy('unused_since')
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}

/** Call it when the bytes are gone. */
export async function forgetBlobs(db: Db, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await db.deleteFrom('blobs').where('id', 'in', ids).execute();
}

async function setUnusedSince(tx: Tx, ids: readonly string[], unusedSince: Date | null): Promise<void> {
  if (ids.length === 0) return;
  await tx.updateTable('blobs').set({ unused_since: unusedSince }).where('id', 'in', ids).execute();
}
