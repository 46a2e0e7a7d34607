// The blobs of tasks: bytes in the blob store, and rows in the database, which are there before the bytes and
// until after them. Used where a task is accepted, by the commands of artifacts and by the runner's routes.
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { getMimeType } from 'hono/utils/mime';
import type { Logger } from 'pino';
import type { SentFile } from '../../command/define-command.ts';
import type { Store } from '../../db/store.ts';
import type { StoredFile, Tx } from '../../db/tables.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { ReceivedFile } from '../../protocol/file.ts';
import type { BlobStore } from './blob-store.ts';
import type { Presigner } from './presigned.ts';

/** A blob is stored and then used within the time of a request. */
const UNUSED_MS = 3_600_000;
const BATCH = 500;

interface BlobsNeeds {
  store: Store;
  blobs: BlobStore;
  /** Null where no caller can reach the store. */
  presigner: Presigner | null;
  /** Larger ones callers get from the store; null: all are sent by this process. */
  sendsUpTo: number | null;
  log: Logger;
}

export class KeptBlobs {
  readonly #store: Store;
  readonly #blobs: BlobStore;
  readonly #log: Logger;
  readonly #sendsUpTo: number | null;
  readonly presigner: Presigner | null;

  constructor({ store, blobs, presigner, sendsUpTo, log }: BlobsNeeds) {
    this.#store = store;
    this.#blobs = blobs;
    this.#log = log;
    this.#sendsUpTo = sendsUpTo;
    this.presigner = presigner;
  }

  /**
   * Stores what was received for a task, and hands it to `use`, which has to `take` the blobs in its transaction.
   * If it refuses them, they go.
   */
  async keep<Result>(
    taskId: string,
    files: readonly ReceivedFile[],
    use: (files: StoredFile[], take: (tx: Tx) => Promise<void>) => Promise<Result>,
  ): Promise<Result> {
    const kept = files.map(({ name, type, content }) => ({
      name,
      size: content.size,
      type: type ?? getMimeType(name) ?? 'application/octet-stream',
      sha256: content.sha256,
      blobId: randomUUID(),
    }));
    const ids = kept.map(({ blobId }) => blobId);
    await this.#announce(taskId, ids);
    try {
      for (const [index, { content }] of files.entries()) await this.#blobs.put(ids[index] ?? '', content);
      return await use(kept, (tx) => setUnusedSince(tx, ids, null));
    } catch (error) {
      // Any other error may have come after the commit: those that nobody has are removed by `clean`.
      if (error instanceof SeedError && error.nothingDone) await this.remove(ids);
      throw error;
    }
  }

  read(id: string): Promise<Readable> {
    return this.#blobs.get(id);
  }

  /** As a caller gets it. Throws SeedError as the store does. */
  async sent({ name, size, type, sha256, blobId }: StoredFile): Promise<SentFile> {
    const file = { name, size, type, sha256 };
    const { presigner } = this;
    if (presigner === null || this.#sendsUpTo === null || size <= this.#sendsUpTo)
      return { ...file, content: await this.read(blobId) };
    return {
      ...file,
      content: () => this.read(blobId),
      elsewhere: (disposition) => presigner.get(blobId, { disposition, type }),
    };
  }

  /** Its bytes; null where they have not come. */
  sizeOf(id: string): Promise<number | null> {
    return this.#blobs.sizeOf(id);
  }

  /** Removes blobs that nobody has. Never rejects: what cannot be removed now is removed by the next `clean`. */
  async remove(ids: readonly string[]): Promise<void> {
    await this.#delete(ids).catch((error) =>
      this.#log.warn({ err: error }, 'blobs that nobody has could not be removed yet'),
    );
  }

  /**
   * Removes some of what these tasks have. What is being received for one has no bytes yet, and is removed by
   * `clean`. Returns how many that were; rejects when the store cannot be used.
   */
  async removeOf(taskIds: readonly string[]): Promise<number> {
    const kept = await this.#store.db
      .selectFrom('blobs')
      .select('id')
      .where('task_id', 'in', taskIds)
      .where('unused_since', 'is', null)
      .limit(BATCH)
      .execute();
    await this.#delete(kept.map(({ id }) => id));
    return kept.length;
  }

  /** Removes what nobody has for an hour. Returns how many blobs that were. */
  async clean(): Promise<number> {
    const { db, clock } = this.#store;
    let blobs = 0;
    for (let count = BATCH; count === BATCH; blobs += count) {
      const unused = await db
        .selectFrom('blobs')
        .select('id')
        .where('unused_since', '<', new Date(clock.now().getTime() - UNUSED_MS))
        .orderBy('unused_since')
        .limit(BATCH)
        .execute();
      await this.#delete(unused.map(({ id }) => id));
      count = unused.length;
    }
    return blobs;
  }

  /** Writes that the blobs' bytes are about to be stored. Nobody has them yet. */
  async #announce(taskId: string, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const now = this.#store.clock.now();
    const rows = ids.map((id) => ({ id, task_id: taskId, created_at: now, unused_since: now }));
    await this.#store.db.insertInto('blobs').values(rows).execute();
  }

  async #delete(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    for (const id of ids) await this.#blobs.delete(id);
    await this.#store.db.deleteFrom('blobs').where('id', 'in', ids).execute();
  }
}

/** Records, where a task takes blobs (null) or lets go of them in its transaction, since when nobody has them. */
export async function setUnusedSince(tx: Tx, ids: readonly string[], unusedSince: Date | null): Promise<void> {
  if (ids.length === 0) return;
  await tx.updateTable('blobs').set({ unused_since: unusedSince }).where('id', 'in', ids).execute();
}
