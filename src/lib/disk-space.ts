// How much disk there is and how much something takes.
import { statfs } from 'node:fs/promises';
import { SeedError } from '../protocol/errors.ts';
import { exec } from './exec.ts';

/** Throws SeedError `setup_failed` when the file system of `folder` has less than `neededBytes` free. */
export async function requireFreeDisk(folder: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  if (freeBytes >= neededBytes) return;
  const lack = `${folder} has ${megabytes(freeBytes)} free; ${megabytes(neededBytes)} are needed.`;
  throw new SeedError('setup_failed', lack, {
    hint: 'Free some space, or set SEED_DATA_DIR to a folder on a larger disk.',
  });
}

/** Bytes of all files below `folder`. */
export async function treeBytes(folder: string): Promise<number> {
  return Number.parseInt(await exec('du', ['--summarize', '--bytes', folder]), 10);
}

/** Bytes that `folder` takes on its disk: files with holes take less than they are long. */
export async function diskUsageBytes(folder: string): Promise<number> {
  return Number.parseInt(await exec('du', ['--summarize', '--block-size=1', folder]), 10);
}

/** `bytes` for people, such as `104 MB`. */
export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
