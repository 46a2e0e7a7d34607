// Where the bytes of files and artifacts lie: a folder, as here, or a store that speaks S3 (s3-store.ts). Which
// blobs there are and whose stands in the database (blobs.ts).
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { diskFailure } from '../../lib/disk-failure.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { ReceivedContent } from '../../protocol/file.ts';

/** Ids are UUIDs. Methods throw SeedError `unavailable` or `storage_full` when the store cannot be used. */
export interface BlobStore {
  /** All of it or nothing. May take the file of the content away. */
  put(id: string, content: ReceivedContent): Promise<void>;
  /** Throws SeedError `not_found` when there is none. */
  get(id: string): Promise<Readable>;
  /** One that is not there is no error. */
  delete(id: string): Promise<void>;
}

/**
 * Blobs as files in a folder, which several servers may share: each is there whole and on the disk, or not.
 * @param folder there already, on the file system that content is received on
 */
export function createFolderStore(folder: string): BlobStore {
  const pathOf = (id: string) => join(folder, id);
  return {
    async put(id, { path }) {
      try {
        await sync(path);
        await rename(path, pathOf(id));
        await sync(folder);
      } catch (error) {
        throw diskFailure(error);
      }
    },
    async get(id) {
      const file = await open(pathOf(id)).catch((cause: NodeJS.ErrnoException) => {
        if (cause.code === 'ENOENT') throw new SeedError('not_found', 'the content is gone', { cause });
        throw new SeedError('unavailable', 'the content cannot be read', { cause });
      });
      return file.createReadStream();
    },
    delete: (id) => rm(pathOf(id), { force: true }),
  };
}

async function sync(path: string): Promise<void> {
  await using handle = await open(path);
  await handle.sync();
}
