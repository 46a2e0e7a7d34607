// Blobs as files in a folder, which several servers may share: a blob is there whole and on the disk, or not at all.
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { diskFailure } from '../../lib/disk-failure.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { BlobStore } from './blob-store.ts';

/** @param folder there already, on the file system that content is received on */
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
  const handle = await open(path);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
