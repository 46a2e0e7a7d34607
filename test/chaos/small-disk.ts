// A disk of its own for Postgres, small enough to be filled.
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { exec } from '../../src/lib/exec.ts';

const SIZE = '320m';
const PIECE_BYTES = 1024 * 1024;

/** Mounts it. @throws SeedError where that is not allowed */
export async function mountSmallDisk(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await exec('mount', ['-t', 'tmpfs', '-o', `size=${SIZE},mode=755`, 'tmpfs', folder]);
}

export async function unmountSmallDisk(folder: string): Promise<void> {
  await exec('umount', [folder]);
}

/** Writes until nothing more fits. @returns frees it again */
export async function fillDisk(folder: string): Promise<() => Promise<void>> {
  const file = join(folder, 'filler');
  const filler = await open(file, 'w');
  try {
    for (let size = PIECE_BYTES; size >= 1; ) {
      const written = await filler.write(Buffer.alloc(size)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOSPC') throw error;
        return null;
      });
      if (written === null) size = Math.floor(size / 4);
    }
  } finally {
    await filler.close();
  }
  return () => rm(file, { force: true });
}
