// A Postgres that outlived its server: ended before a new one starts on its data. The caller holds the data
// folder's lock, so nobody needs it.
//
// Every process of a Postgres has inherited a lock of the kernel on `running.lock` (postgres-process.ts). So it is
// known that none is left, also of those in another PID namespace, which cannot be seen from here.
import { existsSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lockFile } from '../../lib/file-lock.ts';
import { readIfThere } from '../../lib/read-if-there.ts';
import { SeedError } from '../../protocol/errors.ts';
import { clusterFolder } from './initialise.ts';
import type { Folders } from './plain-user.ts';
import { socketLock } from './socket-folder.ts';

const STOP_PATIENCE_MS = 30_000;
const KILL_PATIENCE_MS = 5_000;
const POLL_MS = 50;

/** The file that all processes of a running Postgres hold locked, in the data folder of Postgres. */
export function runningLock(dataFolder: string): string {
  return join(dataFolder, 'running.lock');
}

/**
 * Ends the Postgres that runs on the data folder, if any: by its fast shutdown; what does not follow in 30 s by a
 * kill, which costs no committed data. Calls `onFound` before. Throws SeedError `conflict` if it is out of reach.
 */
export async function stopOrphan({ data: dataFolder, socket }: Folders, onFound: () => void): Promise<void> {
  if (!(await isOver(dataFolder))) {
    onFound();
    const found = await processesOn(dataFolder);
    const postmasters = found.filter(({ parent }) => !found.some(({ pid }) => pid === parent));
    for (const { pid } of postmasters) send(pid, 'SIGINT');
    if (!(await isOverWithin(dataFolder, STOP_PATIENCE_MS))) {
      for (const { pid } of await processesOn(dataFolder)) send(pid, 'SIGKILL');
      if (!(await isOverWithin(dataFolder, KILL_PATIENCE_MS))) throw await outOfReach(dataFolder);
    }
  }
  if (!existsSync(runningLock(dataFolder))) return;
  // Whom these name is gone; but another process may have that pid by now, and Postgres would take it for that.
  await rm(postmasterFile(dataFolder), { force: true });
  await rm(socketLock(socket), { force: true });
}

async function isOverWithin(dataFolder: string, patienceMs: number): Promise<boolean> {
  const giveUpAt = performance.now() + patienceMs;
  while (!(await isOver(dataFolder))) {
    if (performance.now() > giveUpAt) return false;
    await sleep(POLL_MS);
  }
  return true;
}

async function isOver(dataFolder: string): Promise<boolean> {
  if ((await processesOn(dataFolder)).length > 0) return false;
  // Made by Postgres's own user, who has to open it: not here.
  if (!existsSync(runningLock(dataFolder))) return true;
  const lock = await lockFile(runningLock(dataFolder), 0);
  lock?.release();
  return lock !== null;
}

/** The processes of Postgres that can be seen from here: those that work in the folder of this cluster. */
async function processesOn(dataFolder: string) {
  const cluster = await stat(clusterFolder(dataFolder)).catch(() => null);
  const pids = cluster === null ? [] : (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const [, program, parent] = /\((.*)\) \S (\d+)/.exec((await readIfThere(`/proc/${pid}/stat`)) ?? '') ?? [];
      if (program !== 'postgres') return [];
      const folder = await stat(`/proc/${pid}/cwd`).catch(() => null);
      const isHere = folder?.ino === cluster?.ino && folder?.dev === cluster?.dev;
      return isHere ? [{ pid: Number(pid), parent: Number(parent) }] : [];
    }),
  );
  return found.flat();
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

const postmasterFile = (dataFolder: string) => join(clusterFolder(dataFolder), 'postmaster.pid');

async function outOfReach(dataFolder: string): Promise<SeedError> {
  // As its own PID namespace counts.
  const pid = Number.parseInt((await readIfThere(postmasterFile(dataFolder))) ?? '', 10);
  return new SeedError(
    'conflict',
    `A Postgres that a killed server left runs on ${dataFolder}, and does not end.`,
    { hint: `End its process ${pid} in the container where it runs, and start again.` },
  );
}
