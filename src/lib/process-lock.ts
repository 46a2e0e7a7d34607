// Keeps two processes off what only one may own, such as a data folder: a lock of the kernel (file-lock.ts) for as
// long as its holder lives, and in the locked file who that is, for whoever waits in vain.
import { ftruncateSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { SeedError } from '../protocol/errors.ts';
import { type FileLock, lockFile } from './file-lock.ts';
import { parseJson } from './json.ts';
import { readIfThere } from './read-if-there.ts';

/** How long a start waits for a holder that is about to end, such as a server that is being stopped. */
const PATIENCE_MS = 15_000;
const POLL_MS = 100;

/** Who holds the lock, as it has written itself. */
const Holder = z.object({
  /** In its own PID namespace: a container's process 1 is another one for the machine. */
  pid: z.number(),
  host: z.string(),
  since: z.iso.datetime(),
});

/** What older versions wrote. `startedAt` is in clock ticks since boot: a pid is used again. */
const OlderHolder = z.object({ pid: z.number(), startedAt: z.string() });

export interface ProcessLock {
  release(): void;
}

interface LockWish {
  /** The lock's file; its folder must be there. */
  path: string;
  /** What is locked, for messages: "The data folder x is in use by another server". */
  what: string;
  hint: string;
  /** Called once with a sentence when the lock is held and has to be waited for. */
  onWait(sentence: string): void;
  /** What else is written into the file, for who reads it. */
  note?: Record<string, string>;
  patienceMs?: number;
}

/**
 * Takes the lock, and waits up to 15 s for a holder that is about to end.
 * @throws SeedError conflict, which names who holds it; invalid_settings and setup_failed as lockFile does
 */
export async function lockForProcess(wish: LockWish): Promise<ProcessLock> {
  const { path, what, hint, onWait, note = {}, patienceMs = PATIENCE_MS } = wish;
  const giveUpAt = performance.now() + patienceMs;
  for (let waits = false; ; waits = true) {
    const restMs = Math.max(0, giveUpAt - performance.now());
    const lock = await lockFile(path, waits ? restMs : 0);
    if (lock && !(await olderHolderLives(path))) return held(lock, note);
    lock?.release();
    const taken = `${what}, ${nameOf(await readIfThere(path))}`;
    if (performance.now() >= giveUpAt) throw new SeedError('conflict', `${taken}.`, { hint });
    if (!waits) onWait(`${taken}; waiting up to ${patienceMs / 1000} s for it to end`);
    else if (lock) await sleep(POLL_MS);
  }
}

function held(lock: FileLock, note: Record<string, string>): ProcessLock {
  const holder = { pid: process.pid, host: hostname(), since: new Date().toISOString(), ...note };
  ftruncateSync(lock.descriptor);
  writeSync(lock.descriptor, JSON.stringify(holder));
  return { release: () => lock.release() };
}

function nameOf(text: string | undefined): string {
  const older = parse(OlderHolder, text);
  if (older) return `process ${older.pid}`;
  const holder = parse(Holder, text);
  if (!holder) return 'whose process is not known';
  return `process ${holder.pid} of the host ${holder.host}, since ${holder.since}`;
}

/** Whether a process of this machine holds the file in the way of an older Seed, by its mere content. */
async function olderHolderLives(path: string): Promise<boolean> {
  const older = parse(OlderHolder, await readIfThere(path));
  if (!older) return false;
  const stat = await readIfThere(`/proc/${older.pid}/stat`);
  // The program's name, in parentheses, may hold anything; the state follows it, the start time is the 20th field.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields?.[19] === older.startedAt && fields[0] !== 'Z' && fields[0] !== 'X';
}

/** Undefined: a content that no Seed has written, which names nobody. */
function parse<T>(schema: z.ZodType<T>, text = ''): T | undefined {
  return schema.safeParse(parseJson(text)).data;
}
