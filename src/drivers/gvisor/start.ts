// Starts a sandbox under its supervisor and watches it to its end.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Duplex, type Readable, type Writable } from 'node:stream';
import { textTail } from '../../lib/text-tail.ts';
import { SeedError } from '../../protocol/errors.ts';
import { DETAIL_BYTES, type Exit, type Limits, type Sandbox } from '../driver.ts';
import { sandboxDeadline } from '../process/deadline.ts';
import { createGuard } from '../process/guard.ts';
import { createLeftovers, type Leftovers, removeSandbox } from '../process/sandbox-folder.ts';
import { HOST_ENVIRONMENT, killSupervised, signalProcess, supervised } from '../process/supervisor.ts';
import { createMeter, measureUsage } from '../process/usage.ts';
import { classifyExit } from './exit.ts';
import { CONTAINER, LOG_FILE, runscArgs, sentriesBelow } from './runsc.ts';

/** Share of its memory from which on a sandbox has used it all: the kernel refuses a little before the end. */
const FULL = 0.98;
/** How long the last output of a sandbox that has ended may wait for its reader. */
const UNREAD_OUTPUT_MS = 1000;

export interface Start {
  runscPath: string;
  /** The sandbox's folder, made by createSandboxFolder. */
  folder: string;
  /** What runsc shall do, such as `restore`; the container's name is added. */
  command: readonly string[];
  deadline: number;
  /** Without them it is bounded by its deadline only: freezing and probing run nothing of anybody's. */
  limits?: Omit<Limits, 'deadline'>;
  /** Where what cannot be removed at its end is kept in mind. */
  leftovers?: Leftovers;
}

export interface SupervisedSandbox extends Sandbox {
  readonly supervisorPid: number;
  /** The end of what guest and supervisor have said on standard error so far. */
  stderr(): string;
}

/** Resolves once the supervisor runs. A restore that fails shows as `exited` with reason `lost`. */
export async function startSupervised({
  runscPath,
  folder,
  command,
  deadline,
  limits,
  leftovers = createLeftovers(removeSandbox),
}: Start): Promise<SupervisedSandbox> {
  const runsc = runscArgs(runscPath, folder, [...command, `--bundle=${folder}`, CONTAINER]);
  const hostTasks = limits && hostTasksFor(limits.processes);
  const guard = limits && hostTasks ? await createGuard(folder, { ...limits, hostTasks }) : null;
  const program = supervised(runsc, deadline - performance.now(), hostTasks);
  const { child, pid } = await spawnDetached(guard ? guard.wrap(program) : program);
  const stderr = textTail(child.stderr, DETAIL_BYTES);
  const meter = createMeter(guard?.measure ?? (() => measureUsage(pid)));
  let killed = false;
  let ended = false;
  const death = sandboxDeadline(pid, folder, deadline);

  async function settle(code: number | null): Promise<Exit> {
    // A control group remembers; of processes that have ended nothing is left to measure.
    const { peakMemoryBytes } = await meter.usage();
    meter.end();
    ended = true;
    death.release();
    const evidence = {
      code,
      killed,
      deadlinePassed: death.passed(),
      started: existsSync(join(folder, LOG_FILE)),
      verdict: (await guard?.verdict()) ?? null,
      memoryFull: limits !== undefined && peakMemoryBytes >= limits.memoryBytes * FULL,
      stderr: stderr(),
      log: await readLog(folder),
    };
    // What is left of it is removed later; why a task ended is told now or never.
    await leftovers.remove(folder, async () => {
      // An exit code comes from `unshare`, which waits for its namespace: nothing can be left. Killed, it cannot tell.
      if (code === null) await removeSandbox(folder);
      await guard?.remove();
      await rm(folder, { recursive: true, force: true });
    });
    return classifyExit(evidence);
  }

  // 'close' comes after 'exit', when all output has been read.
  const exited = new Promise<Exit>((resolve) => {
    child.once('close', (code) => resolve(settle(code)));
  });

  async function kill(): Promise<void> {
    if (!ended && !killed) {
      killed = true;
      if (!guard?.remembers) await meter.look();
      await killSupervised(pid);
      child.stdout.destroy();
    }
    await exited;
  }

  // Output that nobody takes would hold back the news of the end.
  child.once('exit', () => setTimeout(() => child.stdout.destroy(), UNREAD_OUTPUT_MS).unref());

  /** The platform looks for work 2,500 times a second although its guest sleeps (runsc 20240729, controlFastPath). */
  async function pause(): Promise<() => void> {
    const sentries = await sentriesBelow(pid);
    for (const sentry of sentries) signalProcess(sentry, 'SIGSTOP');
    return () => {
      for (const sentry of sentries) signalProcess(sentry, 'SIGCONT');
    };
  }

  guard?.watch(pid, () => void killSupervised(pid));
  const stream = joinStreams(child.stdout, child.stdin);
  return {
    id: basename(folder),
    supervisorPid: pid,
    stream,
    exited,
    usage: meter.usage,
    guard: death.guard,
    pause,
    kill,
    stderr,
  };
}

/** The host processes and threads of an idle sandbox are about forty; each process in gVisor is two or three. */
function hostTasksFor(processes: number): number {
  return 100 + 3 * processes;
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** In a session of its own, so that no signal to our process group reaches it. */
function spawnDetached([program = '', ...args]: string[]): Promise<{ child: Child; pid: number }> {
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    env: HOST_ENVIRONMENT,
  });
  return new Promise((resolve, reject) => {
    child.once('spawn', () => resolve({ child, pid: child.pid ?? 0 }));
    child.once('error', (cause) => {
      reject(new SeedError('sandbox_failed', `Cannot start ${program}: ${cause.message}`, { cause }));
    });
  });
}

function joinStreams(readable: Readable, writable: Writable): Duplex {
  const stream = Duplex.from({ readable, writable });
  // The death of a sandbox breaks its stream; `exited` tells of it, and nobody else has to listen.
  stream.on('error', () => {});
  return stream;
}

/** The end of runsc's log; empty when there is none, or it cannot be read. */
async function readLog(folder: string): Promise<string> {
  const log = await readFile(join(folder, LOG_FILE)).catch(() => Buffer.alloc(0));
  return log.subarray(-DETAIL_BYTES).toString('utf8');
}
