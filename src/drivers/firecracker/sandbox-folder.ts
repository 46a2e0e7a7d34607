// The folder of one machine: written before it starts, found again after a crash, removed with it.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findByCommandLine } from '../../lib/host-processes.ts';
import { dateOfMoment } from '../../lib/monotonic.ts';
import { SeedError } from '../../protocol/errors.ts';
import { killProcess } from '../process/supervisor.ts';
import { machineMark, removeCgroup } from './jail.ts';

const POLL_MS = 20;
const GIVE_UP_MS = 10_000;

/** Makes the folder with `root` in it. Throws SeedError `sandbox_failed`, leaving nothing, when the id is taken or the host has no room. */
export async function createSandboxFolder(folder: string, root: string, deadline: number): Promise<void> {
  await mkdir(folder, { mode: 0o700 }).catch((cause: NodeJS.ErrnoException) => {
    const what = cause.code === 'EEXIST' ? 'is taken' : `has no folder: ${cause.message}`;
    throw new SeedError('sandbox_failed', `The sandbox id ${basename(folder)} ${what}`, { cause });
  });
  const record = { id: basename(folder), startedAt: new Date(), deadline: dateOfMoment(deadline) };
  try {
    await writeFile(join(folder, 'sandbox.json'), JSON.stringify(record));
    await mkdir(root, { recursive: true });
  } catch (cause) {
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    const what = `The sandbox ${basename(folder)} cannot be written down: ${(cause as Error).message}`;
    throw new SeedError('sandbox_failed', what, { cause });
  }
}

/** Pids of the machine's supervisor, jailer and Firecracker, found by the mark in their command lines. */
export function sandboxProcesses(folder: string): Promise<number[]> {
  const mark = machineMark(folder);
  return findByCommandLine((args) => args.includes(mark));
}

/** Kills all processes of the machine, waits until none is left and removes its cgroup and folder. */
export async function removeSandbox(folder: string): Promise<void> {
  const giveUpAt = performance.now() + GIVE_UP_MS;
  for (;;) {
    const pids = await sandboxProcesses(folder);
    if (pids.length === 0) break;
    if (performance.now() > giveUpAt) {
      throw new SeedError('sandbox_failed', `The sandbox ${basename(folder)} survives SIGKILL`);
    }
    for (const pid of pids) killProcess(pid);
    await sleep(POLL_MS);
  }
  await removeCgroup(machineMark(folder));
  await rm(folder, { recursive: true, force: true });
}
