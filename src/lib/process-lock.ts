// Keeps two processes off what only one may own, such as a data folder: a file with the pid of its holder. A holder that was
// killed is recognised by its pid and start time, so that a lock never has to be removed by hand.
import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { SeedError } from '../protocol/errors.ts';
import { readIfThere } from './read-if-there.ts';

const Holder = z.object({
  pid: z.number().int().positive(),
  /** In clock ticks since boot: a pid alone is used again. */
  startedAt: z.string(),
});
type Holder = z.infer<typeof Holder>;

export interface ProcessLock {
  release(): Promise<void>;
}

/**
 * Takes the lock at once.
 * @param path the lock's file; its folder must be there
 * @param what is locked, for the error: "The data folder x is in use by another server"
 * @throws SeedError conflict, which names the process that holds it
 */
export async function lockForProcess(path: string, what: string, hint: string): Promise<ProcessLock> {
  const mine = JSON.stringify({ pid: process.pid, startedAt: await startTimeOf(process.pid) });
  while (!(await writeNew(path, mine))) {
    const found = await readIfThere(path);
    if (found === undefined) continue;
    const holder = parseHolder(found);
    if (holder && (await isAlive(holder))) {
      throw new SeedError('conflict', `${what}, process ${holder.pid}.`, { hint });
    }
    await removeStale(path, found);
  }
  return { release: () => rm(path, { force: true }) };
}

/** Start time of a process in clock ticks since boot; undefined when there is no such process. */
async function startTimeOf(pid: number): Promise<string | undefined> {
  const stat = await readIfThere(`/proc/${pid}/stat`);
  // The program's name, in parentheses, may hold anything; the start time is the 20th field after it.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

async function isAlive(holder: Holder): Promise<boolean> {
  return (await startTimeOf(holder.pid)) === holder.startedAt;
}

/** Writes the file whole or not at all; false when there is one. */
async function writeNew(path: string, text: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, text, { mode: 0o600 });
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    await rm(draft);
  }
}

/** Removes the lock if it still is the stale one: another server may have done so and taken it since it was read. */
async function removeStale(path: string, stale: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if ((await readFile(aside, 'utf8')) !== stale) await link(aside, path);
  await rm(aside);
}

function parseHolder(text: string): Holder | undefined {
  try {
    return Holder.parse(JSON.parse(text));
  } catch {
    // A lock that nobody can have written is nobody's.
    return undefined;
  }
}
