// The folder of one sandbox: written before the sandbox starts, found again after a crash, removed with it.
// It is named in the command line of the sandbox's processes, which makes them recognisable.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findByCommandLine } from '../lib/host-processes.ts';
import { dateOfMoment } from '../lib/monotonic.ts';
import { SeedError } from '../protocol/errors.ts';
import { removeGuard } from './guard.ts';

const POLL_MS = 20;
const GIVE_UP_MS = 10_000;

/** Ids become folder names and command-line arguments. */
export const SANDBOX_ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** Makes the sandbox's folder. Throws SeedError `sandbox_failed` when the id is taken. */
export async function createSandboxFolder(folder: string, spec: object, deadline: number): Promise<void> {
  await mkdir(folder).catch((cause: NodeJS.ErrnoException) => {
    const what = cause.code === 'EEXIST' ? 'is taken' : `has no folder: ${cause.message}`;
    throw new SeedError('sandbox_failed', `The sandbox id ${basename(folder)} ${what}`, { cause });
  });
  const record = { id: basename(folder), startedAt: new Date(), deadline: dateOfMoment(deadline) };
  await writeFile(join(folder, 'sandbox.json'), JSON.stringify(record));
  await writeFile(join(folder, 'config.json'), JSON.stringify(spec));
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

export function killProcess(pid: number): void {
  signalProcess(pid, 'SIGKILL');
}

export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Already gone.
  }
}
