// Starts a sandbox in gVisor: its guest's standard input and output are its stream, its processes runsc's.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { DETAIL_BYTES, type Exit, type Limits } from '../driver.ts';
import { SIGNAL_CODES, wasKilled } from '../process/exit.ts';
import { type FolderUse, inSandboxFolder, type Leftovers } from '../process/sandbox-folder.ts';
import type { Started } from '../process/sandboxes.ts';
import { type Supervised, supervise } from '../process/supervised.ts';
import { signalProcess } from '../process/supervisor.ts';
import { CONTAINER, LOG_FILE, runscArgs, sentriesBelow } from './runsc.ts';

export interface Start {
  runscPath: string;
  /** The sandbox's folder, made by createSandboxFolder. */
  folder: string;
  /** What runsc shall do, such as `restore`; the container's name is added. */
  command: readonly string[];
  deadline: number;
  /** Without them it is bounded by its deadline only: freezing and probing run nothing of anybody's. */
  limits?: Omit<Limits, 'deadline'>;
  leftovers?: Leftovers;
}

/** Resolves once the supervisor runs. A restore that fails shows as `exited` with reason `lost`. */
export async function startSandbox(start: Start): Promise<Supervised & Started> {
  const { runscPath, folder, command, deadline, limits, leftovers } = start;
  const sandbox = await supervise({
    name: 'The supervisor',
    folder,
    command: runscArgs(runscPath, folder, [...command, `--bundle=${folder}`, CONTAINER]),
    deadline,
    standard: 'stream',
    // An idle sandbox has about sixty processes and threads on the host; each process in gVisor is two or three.
    ...(limits && { limits: { ...limits, hostTasks: 120 + 3 * limits.processes } }),
    ...(leftovers && { leftovers }),
    findings: async (code, said) => ({
      guest: guestCode({ code, started: existsSync(join(folder, LOG_FILE)), said }),
      log: await readLog(folder),
    }),
  });
  const { pid, child } = sandbox;
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
  // The death of a sandbox breaks its stream; `exited` tells of it, and nobody else has to listen.
  stream.on('error', () => {});

  /** Else it looks for work 2,500 times a second although its guest sleeps (runsc 20240729, controlFastPath). */
  async function pause(): Promise<() => void> {
    const sentries = await sentriesBelow(pid);
    for (const sentry of sentries) signalProcess(sentry, 'SIGSTOP');
    return () => {
      for (const sentry of sentries) signalProcess(sentry, 'SIGCONT');
    };
  }

  return { ...sandbox, stream, pause };
}

export interface Run extends Pick<FolderUse, 'folder' | 'spec'> {
  runscPath: string;
  timeoutMs: number;
  /** Called before it starts, when its folder is there. */
  prepare?: () => Promise<void>;
}

/** Runs a program of the host's own to its end, as the spec says, and leaves nothing of it. */
export async function runOnce(run: Run): Promise<{ exit: Exit; said: string }> {
  const { runscPath, folder, spec, timeoutMs, prepare } = run;
  const deadline = performance.now() + timeoutMs;
  return inSandboxFolder({ folder, spec, deadline }, async () => {
    await prepare?.();
    const sandbox = await startSandbox({ runscPath, folder, command: ['run'], deadline });
    sandbox.stream.resume();
    return { exit: await sandbox.exited, said: sandbox.said() };
  });
}

export interface RunscEnd {
  /** Exit code of the supervisor; null when it was killed itself. */
  code: number | null;
  /** runsc got as far as opening its log. */
  started: boolean;
  /** The end of standard error, which the guest shares with the supervisor. */
  said: string;
}

/** The guest's exit code, passed on by runsc and the supervisor; null when theirs tells of another end. */
export function guestCode({ code, started, said }: RunscEnd): number | null {
  return code === null || code >= SIGNAL_CODES || !started || wasKilled(code, said) ? null : code;
}

/** The end of runsc's log; empty when there is none, or it cannot be read. */
async function readLog(folder: string): Promise<string> {
  const log = await readFile(join(folder, LOG_FILE)).catch(() => Buffer.alloc(0));
  return log.subarray(-DETAIL_BYTES).toString('utf8');
}
