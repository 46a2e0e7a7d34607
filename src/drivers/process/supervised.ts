// One sandbox as a supervised process of this host, from its start to its end: spawned out of reach of our
// signals, held to its limits, measured, killed, its end explained, removed. Each start.ts gives it the command.
import { type ChildProcess, spawn } from 'node:child_process';
import { type EventEmitter, once } from 'node:events';
import type { Readable } from 'node:stream';
import { textTail } from '../../lib/read-stream.ts';
import { SeedError } from '../../protocol/errors.ts';
import { DETAIL_BYTES, type Exit, type Usage } from '../driver.ts';
import { patient } from '../patience.ts';
import { type SandboxDeadline, sandboxDeadline } from './deadline.ts';
import { classifyExit, type Findings } from './exit.ts';
import { createGuard, type GuardLimits } from './guard.ts';
import { createLeftovers, type Leftovers } from './sandbox-folder.ts';
import { HOST_ENVIRONMENT, killSupervised, supervised } from './supervisor.ts';
import { createMeter, measureUsage } from './usage.ts';

/** Share of its memory from which on a sandbox has used it all: the kernel refuses a little before the end. */
const FULL = 0.98;
/** How long the last output of a sandbox that has ended may wait for its reader. */
const UNREAD_OUTPUT_MS = 1000;

export interface Supervision {
  /** What the program is called in a sentence about its end. */
  name: string;
  /** The sandbox's folder, made by createSandboxFolder; one of its marks is among the command's arguments. */
  folder: string;
  command: readonly string[];
  /** A moment of `performance.now()`. */
  deadline: number;
  /** `stream`: standard input and output are the sandbox's. `console`: no input, the output's end is kept. */
  standard: 'stream' | 'console';
  /** File descriptors from 3 on. */
  moreFiles?: readonly ('pipe' | number)[];
  cwd?: string;
  /** Held to by the host. Missing: its technology bounds it, or it runs nothing of anybody's. */
  limits?: GuardLimits;
  /** Bound of processes and threads without `limits`; null: its programs cannot start any for the guest. */
  hostTasks?: number | null;
  /** What is known of the end before anything is removed, given the supervisor's code and the last words. */
  findings(code: number | null, said: string): Promise<Findings>;
  /** Where what cannot be removed at its end is kept in mind. */
  leftovers?: Leftovers;
}

export interface Supervised extends Pick<SandboxDeadline, 'guard' | 'tighten'> {
  /** The supervisor's process. */
  readonly pid: number;
  readonly child: ChildProcess;
  /** Resolves when no process of the sandbox and nothing of its folder is left; never rejects. */
  readonly exited: Promise<Exit>;
  /** Aborted at the end, before anything is removed. */
  readonly over: AbortSignal;
  /** The end of what the guest, or its machine, and the supervisor have said so far, standard error last. */
  said(): string;
  usage(): Promise<Usage>;
  kill(): Promise<Exit>;
  /** Ends what is left of it when its guest has ended. */
  finish(): Promise<void>;
}

/** Resolves once the supervisor runs. A program that fails then shows as `exited` with reason `lost`. */
export async function supervise(supervision: Supervision): Promise<Supervised> {
  const { name, folder, deadline, standard, limits, findings, leftovers = createLeftovers() } = supervision;
  const guard = limits ? await createGuard(folder, limits) : null;
  const { child, pid } = await spawnDetached(supervision, (program) => guard?.wrap(program) ?? program);
  const [output, errors] = [child.stdout, child.stderr] as [Readable, Readable];
  const tails = (standard === 'console' ? [output, errors] : [errors]).map((one) => textTail(one, DETAIL_BYTES));
  const lastWords = () => tails.map((tail) => tail()).join('\n');
  const said = () => lastWords().trim();
  const meter = createMeter(guard?.measure ?? (() => measureUsage(pid)));
  const death = sandboxDeadline(pid, folder, deadline);
  const over = new AbortController();
  let ending = false;
  let killed = false;

  async function settle(): Promise<Exit> {
    const { exitCode: code } = child;
    // A control group remembers; of processes that have ended nothing is left to measure.
    if (guard !== null) await meter.look();
    meter.end();
    over.abort();
    death.release();
    guard?.stop();
    const { peakMemoryBytes } = await meter.usage();
    const evidence = {
      memoryFull: limits !== undefined && peakMemoryBytes >= limits.memoryBytes * FULL,
      ...(await findings(code, said())),
      code,
      killed,
      deadlinePassed: death.passed(),
      verdict: (await guard?.verdict()) ?? null,
      said: said(),
    };
    // An exit code comes from `unshare`, which waits for its namespace: nothing can be left. Killed, it cannot
    // tell. What cannot be removed now is removed later; why a task ended is told now or never.
    await leftovers.remove(folder, { mayLive: code === null });
    return classifyExit(name, evidence);
  }

  // The end counts when all output has been read; what nobody takes would hold back the news of it.
  child.once('exit', () => setTimeout(() => output.destroy(), patient(UNREAD_OUTPUT_MS)).unref());
  const ends = [emitted(child, 'exit'), emitted(output, 'close'), emitted(errors, 'close')];
  const exited = Promise.all(ends).then(settle);

  async function finish(): Promise<void> {
    if (ending || over.signal.aborted) return;
    ending = true;
    if (!guard?.remembers) await meter.look();
    await killSupervised(pid);
  }

  async function kill(): Promise<Exit> {
    if (!ending && !over.signal.aborted) {
      killed = true;
      await finish();
      if (standard === 'stream') output.destroy();
    }
    return exited;
  }

  guard?.watch(pid, () => void killSupervised(pid));
  const calls = { said, usage: meter.usage, guard: death.guard, tighten: death.tighten, kill, finish };
  return { pid, child, exited, over: over.signal, ...calls };
}

/** Unlike `once` it does not reject when the emitter breaks before. */
function emitted(emitter: EventEmitter, event: string): Promise<void> {
  return new Promise((resolve) => emitter.once(event, () => resolve()));
}

/** In a session of its own, so that no signal to our process group reaches it. */
async function spawnDetached(
  { command, deadline, standard, moreFiles = [], cwd, limits, hostTasks }: Supervision,
  wrap: (program: string[]) => string[],
): Promise<{ child: ChildProcess; pid: number }> {
  const bound = limits?.hostTasks ?? hostTasks;
  const [program = '', ...args] = wrap(supervised(command, deadline - performance.now(), bound));
  const child = spawn(program, args, {
    ...(cwd !== undefined && { cwd }),
    stdio: [standard === 'stream' ? 'pipe' : 'ignore', 'pipe', 'pipe', ...moreFiles],
    detached: true,
    env: HOST_ENVIRONMENT,
  });
  await once(child, 'spawn').catch((cause: Error) => {
    throw new SeedError('sandbox_failed', `Cannot start ${program}: ${cause.message}`, { cause });
  });
  return { child, pid: child.pid ?? 0 };
}
