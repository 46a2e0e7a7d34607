// What a disk fails with, as callers are told it.
import { statfs } from 'node:fs/promises';
import { SeedError } from '../protocol/errors.ts';

/** With less it is taken for full: something has to be left for what must be written. */
const ROOM_BYTES = 16 * 1024 * 1024;
const FULL = ['ENOSPC', 'EDQUOT'];
const BROKEN = ['EIO', 'EROFS', 'EACCES', 'EPERM', 'EMFILE', 'ENFILE', 'ENOMEM', 'ESTALE'];

/** The error as it is when no disk has it. */
export function diskFailure(error: unknown): unknown {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (FULL.includes(code)) return diskFull(error);
  if (!BROKEN.includes(code)) return error;
  return new SeedError('unavailable', 'files cannot be kept now', { cause: error });
}

/** @throws SeedError storage_full when the folder's file system has hardly any room, unavailable when not asked */
export async function requireRoom(folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder).catch((cause) => {
    throw new SeedError('unavailable', 'the folder of files cannot be read', { cause });
  });
  if (bavail * bsize < ROOM_BYTES) throw diskFull();
}

function diskFull(cause?: unknown): SeedError {
  return new SeedError('storage_full', 'the disk of files is full', {
    hint: 'The operator makes room on it.',
    retryAfterSeconds: 10,
    cause,
  });
}
