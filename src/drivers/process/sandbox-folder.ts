// The folder of one sandbox: written before the sandbox starts, found again after a crash, removed with it, now or
// at a later try. It is named in the command line of the sandbox's processes, which makes them recognisable.
import { mkdir, rm, rmdir, unlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dateOfMoment } from '../../lib/clock.ts';
import { contentHash } from '../../lib/content-hash.ts';
import { findByCommandLine } from '../../lib/host-processes.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Leftover } from '../driver.ts';
import { patient } from '../patience.ts';
import { removeGuard } from './guard.ts';
import { killProcess } from './supervisor.ts';

const POLL_MS = 20;
const GIVE_UP_MS = 10_000;

const FILES = { record: 'sandbox.json', spec: 'config.json' } as const;

/** @throws SeedError sandbox_failed, leaving nothing, when the id is taken or the host has no room */
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

/** The arguments that mark each host process of a sandbox, in the form that its technology's programs take one. */
export function sandboxMarks(folder: string) {
  return { root: `--root=${folder}`, name: `guest=${folder.replaceAll(',', ',,')}`, hash: contentHash(folder) };
}

/**
 * Pids of the sandbox's supervisor and driver processes. Found by command line, so that a reused pid is never
 * mistaken for one. The processes that run the guest's code are not among them; they end with these.
 * @param matches takes the command line of those that are wanted
 */
export function sandboxProcesses(
  folder: string,
  matches: (args: readonly string[]) => boolean = () => true,
): Promise<number[]> {
  const marks = Object.values(sandboxMarks(folder));
  return findByCommandLine((args) => args.some((arg) => marks.includes(arg)) && matches(args));
}

export interface Removal {
  /** Whether processes of it may live; otherwise nobody looks for them. Default: true. */
  mayLive?: boolean;
  /** Removes what its technology has made beside its folder and control group. */
  removeMore?: (folder: string) => Promise<void>;
}

/** Kills all processes of the sandbox, waits until none is left and removes its control group and its folder. */
export async function removeSandbox(folder: string, { mayLive = true, removeMore }: Removal = {}): Promise<void> {
  if (mayLive) await killAll(folder);
  await removeGuard(folder);
  await removeMore?.(folder);
  await rm(folder, { recursive: true, force: true });
}

async function killAll(folder: string): Promise<void> {
  const giveUpAt = performance.now() + patient(GIVE_UP_MS);
  for (;;) {
    const pids = await sandboxProcesses(folder);
    if (pids.length === 0) return;
    if (performance.now() > giveUpAt) {
      throw new SeedError('sandbox_failed', `The sandbox ${basename(folder)} survives SIGKILL`);
    }
    for (const pid of pids) killProcess(pid);
    await sleep(POLL_MS);
  }
}

export interface FolderUse extends Pick<Removal, 'removeMore'> {
  folder: string;
  /** What the technology has its sandbox made of. */
  spec: object;
  deadline: number;
}

/** Does the work in the folder of a sandbox of the host's own (a probe, a freeze), and leaves nothing of it. */
export async function inSandboxFolder<Answer>(
  { folder, spec, deadline, removeMore }: FolderUse,
  work: () => Promise<Answer>,
): Promise<Answer> {
  const remove = () => removeSandbox(folder, removeMore && { removeMore });
  // What a killed set-up left; its sandbox has ended with its deadline at the latest.
  await remove();
  await createSandboxFolder(folder, spec, deadline);
  try {
    return await work();
  } finally {
    await remove();
  }
}

export interface Leftovers {
  /** Removes the sandbox with this folder, and all that belongs to it, now or at a later try. Never rejects. */
  remove(folder: string, removal?: Pick<Removal, 'mayLive'>): Promise<void>;
  /** Before a sandbox with this folder starts: rejects when what is left of an earlier one cannot be removed. */
  clear(folder: string): Promise<void>;
  /** Tries again what could not be removed; resolves with what still cannot. */
  retry(): Promise<Leftover[]>;
}

/** Keeps in mind what the host did not let `remove` remove. A runner that starts sweeps what another forgot. */
export function createLeftovers(
  remove: (folder: string, removal?: Pick<Removal, 'mayLive'>) => Promise<void> = removeSandbox,
): Leftovers {
  const left = new Map<string, Leftover>();

  async function tryToRemove(folder: string, removal?: Pick<Removal, 'mayLive'>): Promise<void> {
    try {
      await remove(folder, removal);
      left.delete(folder);
    } catch (error) {
      left.set(folder, { id: basename(folder), problem: (error as Error).message });
    }
  }

  return {
    remove: tryToRemove,
    async clear(folder) {
      if (!left.has(folder)) return;
      await remove(folder);
      left.delete(folder);
    },
    async retry() {
      // One by one: there may be many, and the host is short of something.
      for (const folder of [...left.keys()]) await tryToRemove(folder);
      return [...left.values()];
    },
  };
}
