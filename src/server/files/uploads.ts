// Files that callers send to the store themselves: announced and signed, found, and taken by the task that is
// given them. Used by the command `tasks upload` and where tasks are accepted. What no task takes is removed by
// KeptBlobs.clean.
import { randomUUID } from 'node:crypto';
import { getMimeType } from 'hono/utils/mime';
import { sql } from 'kysely';
import type { Actor, Call } from '../../command/call.ts';
import { ADVISORY_LOCKS } from '../../db/advisory-locks.ts';
import { later } from '../../db/database-clock.ts';
import type { Store } from '../../db/store.ts';
import type { StoredFile, Tx } from '../../db/tables.ts';
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { GivenUpload, Upload } from '../../protocol/upload.ts';
import { taskOf } from '../access/lineage.ts';
import type { KeptBlobs } from './blobs.ts';

/** Long after the last moment at which it can be sent. */
const USABLE_MS = 3_600_000;

/**
 * Announces a file that the caller then sends to the store. Throws SeedError `conflict` where there is no store
 * that it could reach, `not_allowed` to agents, `too_many_requests` where too many wait for a task.
 */
export async function openUpload(
  { actor, store }: Pick<Call, 'actor' | 'store'>,
  file: { size: number; sha256: string },
  { presigner }: Pick<KeptBlobs, 'presigner'>,
): Promise<Upload> {
  if (taskOf(actor.lineage) !== null)
    throw new SeedError('not_allowed', 'an agent cannot reach the store of files', {
      hint: 'Give the files in the request that starts the task.',
    });
  if (presigner === null)
    throw new SeedError('conflict', 'this Seed keeps files in a folder of its own, which nothing is uploaded to', {
      hint: 'Send the file in the request that starts the task: under "files", or as a part of a form.',
    });
  const id = randomUUID();
  const now = store.clock.now();
  const expiresAt = later(now, USABLE_MS);
  await store.db.transaction().execute(async (tx) => {
    // Not removed while it can be used: KeptBlobs.clean counts from `unused_since`.
    const blob = { id, task_id: randomUUID(), created_at: now, unused_since: expiresAt };
    await tx.insertInto('blobs').values(blob).execute();
    const { accountId, key } = actor;
    // Each counts those that were announced at the same time.
    await sql`select pg_advisory_xact_lock(${ADVISORY_LOCKS.uploads}::int, hashtext(${accountId}))`.execute(tx);
    const { rows } = await sql`
      insert into uploads (id, account_id, key_id, size, sha256, created_at, expires_at)
      select ${id}, ${accountId}, ${key.id}, ${file.size}, ${file.sha256}, ${now}, ${expiresAt}
      where ${LIMITS.uploadsPerAccount} > (
        select count(*) from uploads where account_id = ${accountId} and expires_at > ${now}
      )
      returning id`.execute(tx);
    if (rows.length === 0)
      throw new SeedError(
        'too_many_requests',
        `${LIMITS.uploadsPerAccount} uploads of the account wait for a task already`,
        { hint: 'Start the tasks that they are for; those that none takes within an hour count no more.' },
      );
  });
  const { url, headers, sendBefore } = await presigner.put(id, file);
  return {
    id,
    ...file,
    ...{ method: 'PUT', url, headers },
    sendBefore: sendBefore.toISOString(),
    expiresAt: expiresAt.toISOString(),
  };
}

/** What the key has announced and no task has taken. Throws SeedError `invalid_input` for one that is none. */
export async function findUploads(
  { db, clock }: Pick<Store, 'db' | 'clock'>,
  { accountId, key }: Pick<Actor, 'accountId' | 'key'>,
  given: readonly GivenUpload[],
): Promise<StoredFile[]> {
  if (given.length === 0) return [];
  const rows = await db
    .selectFrom('uploads')
    .select(['id', 'size', 'sha256'])
    .where('id', 'in', [...new Set(given.map(({ id }) => id))])
    .where('account_id', '=', accountId)
    .where('key_id', '=', key.id)
    .where('expires_at', '>', clock.now())
    .execute();
  const known = new Map(rows.map((row) => [row.id, row]));
  return given.map(({ id, name, type = getMimeType(name) ?? 'application/octet-stream' }) => {
    const row = known.get(id.toLowerCase());
    // Each can be given once.
    if (row === undefined) throw noUpload(id);
    known.delete(row.id);
    return { name, type, size: Number(row.size), sha256: row.sha256, blobId: row.id };
  });
}

/** Throws SeedError `invalid_input` unless the bytes of all have come. */
export async function refuseUnsent(blobs: Pick<KeptBlobs, 'sizeOf'>, files: readonly StoredFile[]): Promise<void> {
  for (const { blobId, name, size } of files) {
    if ((await blobs.sizeOf(blobId)) === size) continue;
    throw new SeedError('invalid_input', `uploads: the content of "${name}" has not been sent`, {
      hint: 'Send it to the url of the upload, with its method and headers, and then start the task.',
    });
  }
}

/** In the transaction that accepts the task. Throws SeedError `invalid_input` where another one was first. */
export async function takeUploads(tx: Tx, taskId: string, files: readonly StoredFile[]): Promise<void> {
  if (files.length === 0) return;
  const ids = files.map(({ blobId }) => blobId);
  const taken = await tx.deleteFrom('uploads').where('id', 'in', ids).returning('id').execute();
  const missing = ids.find((id) => !taken.some((row) => row.id === id));
  if (missing !== undefined) throw noUpload(missing);
  await tx.updateTable('blobs').set({ task_id: taskId, unused_since: null }).where('id', 'in', ids).execute();
}

const noUpload = (id: string) =>
  new SeedError('invalid_input', `uploads: there is no upload ${id} of this key that waits for a task`, {
    hint: 'Each is given to one task, within an hour, by the key that asked for it.',
  });
