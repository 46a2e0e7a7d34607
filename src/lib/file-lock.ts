// A lock of the kernel on a file, which ends with the process that holds it however that ends, and holds between
// containers that share the file. Used by set-up, so that an image is built once, and by process-lock.ts.
// flock(1) locks a descriptor that it inherits, and exits: the lock belongs to the open file, which this process
// keeps open and nothing else, since what Node starts inherits no files (O_CLOEXEC).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { SeedError } from '../protocol/errors.ts';
import { textTail } from './read-stream.ts';

/** What flock(1) exits with when another holds the lock; its failures have other codes. */
const HELD_BY_ANOTHER = 1;
const STDERR_TAIL_BYTES = 1024;

export interface FileLock {
  /** Of the locked file: a number, since a FileHandle that nobody names is closed, which ends the lock. */
  readonly descriptor: number;
  release(): void;
}

/**
 * Locks the file `path`, which is made when it is missing and must never be removed while it may be locked.
 * @param patienceMs how long to wait for another holder; without it for as long as it takes
 * @returns null when another holds it still
 * @throws SeedError invalid_settings when it cannot be written, setup_failed when its file system has no locks
 */
export async function lockFile(path: string, patienceMs?: number): Promise<FileLock | null> {
  const giveUpAt = performance.now() + (patienceMs ?? 0);
  for (;;) {
    const descriptor = openForLock(path);
    const restMs = patienceMs === undefined ? undefined : Math.max(0, giveUpAt - performance.now());
    let locked = false;
    try {
      if (!(await lockDescriptor(descriptor, path, restMs))) return null;
      // Somebody may have removed the file meanwhile: then the lock is on nothing that others see.
      locked = isFileAt(path, descriptor);
    } finally {
      if (!locked) closeSync(descriptor);
    }
    if (locked) return { descriptor, release: () => closeSync(descriptor) };
  }
}

/** Runs `work` while holding the lock on `path`; `onWait` is called if another holds it for over a second. */
export async function withFileLock<T>(
  path: string,
  work: () => Promise<T>,
  onWait: () => void = () => {},
): Promise<T> {
  const slow = setTimeout(onWait, 1000);
  const lock = await lockFile(path).finally(() => clearTimeout(slow));
  try {
    return await work();
  } finally {
    lock?.release();
  }
}

function openForLock(path: string): number {
  try {
    // For writing: NFS gives an exclusive lock on nothing else.
    return openSync(path, 'a+', 0o600);
  } catch (cause) {
    throw new SeedError('invalid_settings', `the lock ${path} cannot be opened: ${(cause as Error).message}`, {
      hint: 'Its folder has to be there, and writable for the user who starts this.',
      cause,
    });
  }
}

async function lockDescriptor(descriptor: number, path: string, patienceMs?: number): Promise<boolean> {
  const timeout = patienceMs === undefined ? [] : ['--timeout', (patienceMs / 1000).toFixed(3)];
  const flock = spawn('flock', ['--exclusive', ...timeout, '3'], {
    stdio: ['ignore', 'ignore', 'pipe', descriptor],
  });
  const stderr = textTail(flock.stderr as Readable, STDERR_TAIL_BYTES);
  const [code] = (await once(flock, 'close').catch((cause: Error) => {
    throw noLock(path, cause.message, cause);
  })) as [number | null];
  if (code === 0) return true;
  if (code === HELD_BY_ANOTHER) return false;
  throw noLock(path, stderr() || `flock ended with code ${code}`);
}

function noLock(path: string, why: string, cause?: unknown): SeedError {
  return new SeedError('setup_failed', `${path} cannot be locked: ${why}`, {
    hint: 'Its file system has to know locks, and flock of util-linux has to be installed.',
    cause,
  });
}

function isFileAt(path: string, descriptor: number): boolean {
  const there = statSync(path, { throwIfNoEntry: false });
  const mine = fstatSync(descriptor);
  return there?.ino === mine.ino && there.dev === mine.dev;
}
