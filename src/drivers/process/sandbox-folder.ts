// The folder of one sandbox: written before the sandbox starts, found again after a crash, removed with it, now or at
// a later try. It is named in the command line of the sandbox's processes, which makes them recognisable.
import { mkdir, rm, rmdir, unlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findByCommandLine } from '../../lib/host-processes.ts';
import { dateOfMoment } from '../../lib/monotonic.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Leftover } from '../driver.ts';
import { removeGuard } from './guard.ts';
import { killProcess } from './supervisor.ts';

const POLL_MS = 20;
const GIVE_UP_MS = 10_000;

/** Ids become folder names and command-line arguments. */
export const SANDBOX_ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

const FILES = { record: 'sandbox.json', spec: 'config.json' } as const;

/** Makes the sandbox's folder. Throws SeedError `sandbox_failed`, leaving nothing, when the id is taken or the host has no room. */
export async function createSandboxFolder(folder: string, spec: object, deadline: number): Promise<void> {
  await mkdir(folder).catch((cause: NodeJS.ErrnoException) => {
    const what = cause.code === 'EEXIST' ? 'is taken' : `has no folder: ${cause.message}`;
    throw new SeedError('sandbox_failed', `The sandbox id ${basename(folder)} ${what}`, { cause });
  });
  const record = { id: basename(folder), startedAt: new Date(), deadline: dateOfMoment(deadline) };
  try {
    await writeFile(join(folder, FILES.record), JSON.stringify(record));
    await writeFile(join(folder, FILES.spec), JSON.stringify(spec));
  } catch (cause) {
    // None of these needs a file descriptor, which may be what is missing.
    for (const name of Object.values(FILES)) await unlink(join(folder, name)).catch(() => undefined);
    await rmdir(folder).catch(() => undefined);
    const what = `The sandbox ${basename(folder)} cannot be written down: ${(cause as Error).message}`;
    throw new SeedError('sandbox_failed', what, { cause });
  }
}

/** The argument that marks each host process of a sandbox, in the form that its driver's programs take it. */
export function sandboxMarks(folder: string): readonly string[] {
  return [`--root=${folder}`, `guest=${folder.replaceAll(',', ',,')}`];
}

/**
 * Pids of the sandbox's supervisor and driver processes. Found by command line, so that a reused pid is never mistaken
 * for one. The processes that run the guest's code are not among them; they end with these.
 */
export function sandboxProcesses(folder: string): Promise<number[]> {
  const marks = sandboxMarks(folder);
  return findByCommandLine((args) => args.some((arg) => marks.includes(arg)));
}

/** Kills all processes of the sandbox, waits until none is left and removes its control group and its folder. */
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
  await removeGuard(folder);
  await rm(folder, { recursive: true, force: true });
}

export interface Leftovers {
  /**
   * Removes the sandbox with this folder, and all that belongs to it, now or at a later try. Never rejects.
   * @param first what is tried now, where less is to be done than to find out whether anything of it lives
   */
  remove(folder: string, first?: () => Promise<void>): Promise<void>;
  /** Before a sandbox with this folder starts: rejects when what is left of one with its id still cannot be removed. */
  clear(folder: string): Promise<void>;
  /** Tries again what could not be removed; resolves with what still cannot. */
  retry(): Promise<Leftover[]>;
}

/** @param removeSandbox kills what is alive of it, and removes it; rejects when something is left */
export function createLeftovers(removeSandbox: (folder: string) => Promise<void>): Leftovers {
  const left = new Map<string, Leftover>();

  async function remove(folder: string, first = () => removeSandbox(folder)): Promise<void> {
    try {
      await first();
      left.delete(folder);
    } catch (error) {
      left.set(folder, { id: basename(folder), problem: (error as Error).message });
    }
  }

  return {
    remove,
    async clear(folder) {
      if (!left.has(folder)) return;
      await removeSandbox(folder);
      left.delete(folder);
    },
    async retry() {
      // One by one: there may be many, and the host is short of something.
      for (const folder of [...left.keys()]) await remove(folder);
      return [...left.values()];
    },
  };
}
