// One Firecracker process under its supervisor, from its folder to its end. Used to probe, to freeze and to start.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { textTail } from '../../lib/text-tail.ts';
import { SeedError } from '../../protocol/errors.ts';
import { DETAIL_BYTES, type Guard, type Usage } from '../driver.ts';
import { sandboxDeadline } from '../process/deadline.ts';
import { createLeftovers, type Leftovers } from '../process/sandbox-folder.ts';
import { HOST_ENVIRONMENT, killSupervised, supervised } from '../process/supervisor.ts';
import { createMeter, measureUsage } from '../process/usage.ts';
import { FILES, type FirecrackerRequest, type MachineSize, sendAll } from './api.ts';
import type { Binaries } from './binaries.ts';
import {
  firecrackerCommand,
  type Inputs,
  machineMark,
  machineRoot,
  placeInputs,
  readControllers,
  wasOutOfMemory,
} from './jail.ts';
import { createSandboxFolder, removeSandbox } from './sandbox-folder.ts';
import { connectGuest, readLine } from './vsock.ts';

const POLL_MS = 5;
const UP_WITHIN_MS = 10_000;
const END_WITHIN_MS = 100;
const LINE_BYTES = 4096;

export interface MachineOptions {
  /** The machine's folder; made here, removed at its end. */
  folder: string;
  binaries: Binaries;
  inputs: Inputs;
  size: MachineSize;
  /** The supervisor kills the machine at this moment. */
  deadline: number;
  /** Where what cannot be removed at its end is kept in mind. */
  leftovers?: Leftovers;
}

export interface MachineEnd {
  /** The supervisor's exit code; null when it was killed itself. */
  code: number | null;
  deadlinePassed: boolean;
  /** The host's kernel killed it for want of memory. */
  outOfMemory: boolean;
}

export interface Machine {
  /** Absolute path of a file in the machine's folder. */
  path(name: string): string;
  /** One after the other. Throws SeedError `sandbox_failed` when one is refused, or all take too long. */
  send(requests: readonly FirecrackerRequest[], timeoutMs: number): Promise<void>;
  /** A connection to a port of the guest. Throws SeedError `sandbox_failed` when the guest does not take it in time. */
  connect(port: number, timeoutMs: number): Promise<Socket>;
  /** The next line on such a connection. Throws SeedError `sandbox_failed` when none comes in time or at all. */
  line(from: Socket, timeoutMs?: number): Promise<string>;
  /** The end of what Firecracker and the guest's kernel have said. */
  console(): string;
  usage(): Promise<Usage>;
  guard(): Promise<Guard>;
  readonly ended: Promise<MachineEnd>;
  /** Aborted with the machine's end. */
  readonly life: AbortSignal;
  /** Ends it; resolves when nothing is left. Safe to call twice. */
  kill(): Promise<void>;
}

/** Resolves when Firecracker takes requests. Throws SeedError `sandbox_failed`, leaving nothing. */
export async function startMachine(options: MachineOptions): Promise<Machine> {
  const { folder, binaries, inputs, size, deadline, leftovers = createLeftovers(removeSandbox) } = options;
  const isJailed = binaries.jailer !== null;
  const root = machineRoot(folder, binaries);
  await createSandboxFolder(folder, root, deadline);
  // A Unix socket's path has at most 107 bytes; by way of the open folder every path is short.
  const handle = await open(root).catch(async (error) => {
    await leftovers.remove(folder);
    throw error;
  });
  const short = (name: string) => `/proc/self/fd/${handle.fd}/${name}`;
  const cleanUp = async () => {
    await handle.close().catch(() => undefined);
    await leftovers.remove(folder);
  };
  let spawned: Spawned;
  try {
    await placeInputs(root, inputs, isJailed);
    const controllers = await readControllers();
    const command = firecrackerCommand({ folder, binaries, inputs, size, controllers });
    const lifeMs = deadline - performance.now();
    spawned = await spawnDetached(supervised(command, lifeMs), isJailed ? folder : root);
  } catch (error) {
    await cleanUp();
    throw error;
  }
  const machine = watch({ ...spawned, folder, root, deadline, short, cleanUp });
  try {
    await apiIsUp(machine, short(FILES.api));
    return machine;
  } catch (error) {
    await machine.kill();
    throw error;
  }
}

interface Watched extends Spawned {
  folder: string;
  root: string;
  deadline: number;
  /** A path of at most 107 bytes to the file of that name. */
  short: (name: string) => string;
  cleanUp: () => Promise<void>;
}

function watch({ child, pid, folder, root, deadline, short, cleanUp }: Watched): Machine {
  const stdout = textTail(child.stdout, DETAIL_BYTES);
  const stderr = textTail(child.stderr, DETAIL_BYTES);
  const console = () => [stderr(), stdout()].filter(Boolean).join('\n').slice(-DETAIL_BYTES);
  const death = sandboxDeadline(pid, folder, deadline);
  const life = new AbortController();
  const meter = createMeter(() => measureUsage(pid));
  let isKilled = false;

  async function settle(code: number | null): Promise<MachineEnd> {
    const deadlinePassed = death.passed();
    death.release();
    life.abort();
    const outOfMemory = await wasOutOfMemory(machineMark(folder));
    meter.end();
    await cleanUp();
    return { code, deadlinePassed, outOfMemory };
  }

  // 'close' comes after 'exit', when all output has been read.
  const ended = new Promise<MachineEnd>((resolve) => {
    child.once('close', (code) => resolve(settle(code)));
  });

  async function kill(): Promise<void> {
    if (!life.signal.aborted && !isKilled) {
      isKilled = true;
      await meter.look();
      await killSupervised(pid);
    }
    await ended;
  }

  /** Does `work` for as long as the machine lives and `timeoutMs` allow; a dead machine's last words tell more. */
  async function alive<T>(
    timeoutMs: number | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const limits = timeoutMs === undefined ? [] : [AbortSignal.timeout(timeoutMs)];
    try {
      return await work(AbortSignal.any([...limits, life.signal]));
    } catch (error) {
      // Firecracker's refusal explains itself.
      if (error instanceof SeedError && error.cause === undefined) throw error;
      // A broken connection announces the end; the process follows.
      await Promise.race([ended, sleep(END_WITHIN_MS, undefined, { ref: false })]);
      if (life.signal.aborted) throw endedEarly(console(), error);
      if (error instanceof SeedError) throw error;
      const what = `The machine does not answer: ${(error as Error).message}`;
      throw new SeedError('sandbox_failed', what, { cause: error });
    }
  }

  return {
    path: (name) => join(root, name),
    send: (requests, timeoutMs) => alive(timeoutMs, (signal) => sendAll(short(FILES.api), requests, signal)),
    connect: (port, timeoutMs) =>
      alive(timeoutMs, (signal) => connectGuest(short(FILES.vsock), port, signal)),
    line: (from, timeoutMs) => alive(timeoutMs, (signal) => readLine(from, LINE_BYTES, signal)),
    console,
    usage: meter.usage,
    ended,
    life: life.signal,
    guard: death.guard,
    kill,
  };
}

function endedEarly(lastWords: string, cause?: unknown): SeedError {
  return new SeedError('sandbox_failed', `Firecracker ended early: ${lastWords || 'without a word'}`, {
    cause,
  });
}

/** Waits for Firecracker to listen on its socket. */
async function apiIsUp(machine: Machine, socketPath: string): Promise<void> {
  const giveUpAt = performance.now() + UP_WITHIN_MS;
  while (!(await answers(socketPath))) {
    if (machine.life.aborted) throw endedEarly(machine.console());
    if (performance.now() > giveUpAt) {
      const what = `Firecracker took no requests within ${UP_WITHIN_MS / 1000} s: ${machine.console()}`;
      throw new SeedError('sandbox_failed', what);
    }
    await sleep(POLL_MS);
  }
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path: socketPath });
    const settle = (isUp: boolean) => {
      socket.destroy();
      resolve(isUp);
    };
    socket.once('connect', () => settle(true)).once('error', () => settle(false));
  });
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

interface Spawned {
  child: Child;
  pid: number;
}

/** In a session of its own, so that no signal to our process group reaches it. */
function spawnDetached([program = '', ...args]: string[], cwd: string): Promise<Spawned> {
  const child = spawn(program, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
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
