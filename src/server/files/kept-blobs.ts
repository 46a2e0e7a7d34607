// The blobs of tasks: their bytes in the blob store and their rows in the database, together. Used by the services and
// the runner's routes.
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { Logger } from 'pino';
import type { Store } from '../../db/store.ts';
import type { StoredFile } from '../../db/tables.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { ReceivedFile } from '../../protocol/file.ts';
import type { BlobStore } from './blob-store.ts';
import { announceBlobs, forgetBlobs, unusedBlobs } from './blobs.ts';
import { mediaTypeOf } from './media-type.ts';
import { releaseOldFiles } from './task-files.ts';

/** A blob is stored and then used within the time of a request. */
const UNUSED_MS = 3_600_000;
const BATCH = 500;

export class KeptBlobs {
  readonly #store: Store;
  readonly #blobs: BlobStore;
  readonly #log: Logger;

  constructor(store: Store, blobs: BlobStore, log: Logger) {
    this.#store = store;
    this.#blobs = blobs;
    this.#log = log;
  }

  /** Stores what was received for a task, and hands it to `use`, which has to use the blobs. If it refuses them, they go. */
  async keep<Result>(
    taskId: string,
    files: readonly ReceivedFile[],
    use: (files: StoredFile[]) => Promise<Result>,
  ): Promise<Result> {
    const kept = files.map(({ name, type, content }) => ({
      name,
      size: content.size,
      type: type ?? mediaTypeOf(name),
      sha256: content.sha256,
      blobId: randomUUID(),
    }));
    const ids = kept.map(({ blobId }) => blobId);
    await announceBlobs(this.#store.db, taskId, ids, this.#store.clock.now());
    try {
      for (const [index, { content }] of files.entries()) await this.#blobs.put(ids[index] ?? '', content);
      return await use(kept);
    } catch (error) {
      // Any other error may have come after the commit: those that nobody has are removed by `clean`.
      if (error instanceof SeedError && error.nothingDone) await this.remove(ids);
      throw error;
    }
  }

  read(id: string): Promise<Readable> {
    return this.#blobs.get(id);
  }

  /** Removes blobs that nobody has. Never rejects: what cannot be removed now is removed by the next `clean`. */
  async remove(ids: readonly string[]): Promise<void> {
    try {
      for (const id of ids) await this.#blobs.delete(id);
      await forgetBlobs(this.#store.db, ids);
    } catch (error) {
      this.#log.warn({ err: error }, 'blobs that nobody has could not be removed yet');
    }
  }

  /** Lets ended tasks go of all that they have from before `before` (null: keeps it), and removes what nobody has for an hour. */
  async clean(before: Date | null): Promise<{ tasks: number; blobs: number }> {
    let tasks = 0;
    for (let count = BATCH; before !== null && count === BATCH; ) {
      count = await releaseOldFiles(this.#store, before, BATCH);
      tasks += count;
    }
    const { clock } = this.#store;
    let blobs = 0;
    for (let count = BATCH; count === BATCH; ) {
      const unused = await unusedBlobs(this.#store.db, new Date(clock.now().getTime() - UNUSED_MS), BATCH);
      for (const id of unused) await this.#blobs.delete(id);
      await forgetBlobs(this.#store.db, unused);
      count = unused.length;
      blobs += count;
    }
    return { tasks, blobs };
  }
}
