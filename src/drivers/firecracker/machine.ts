// One Firecracker process under its supervisor, and what is said to it and its machine: to probe, freeze, start.
import { chmod, mkdir, open } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SeedError } from '../../protocol/errors.ts';
import { patient } from '../patience.ts';
import type { Leftovers } from '../process/sandbox-folder.ts';
import { type Supervised, supervise } from '../process/supervised.ts';
import { endOfMachine } from '../vm/control.ts';
import { FILES, type FirecrackerRequest, type MachineSize, sendAll } from './api.ts';
import type { Binaries } from './binaries.ts';
import { wordsOfExitCode } from './exit-codes.ts';
import { firecrackerCommand, hasCgroups, type Inputs, machineRoot, placeInputs, wasOutOfMemory } from './jail.ts';
import { connectGuest, countTaken, readLine, untilTaken } from './vsock.ts';

const POLL_MS = 5;
const UP_WITHIN_MS = 10_000;
const END_WITHIN_MS = 100;
const LINE_BYTES = 4096;

export interface MachineOptions {
  /** The sandbox's folder, made by createSandboxFolder. */
  folder: string;
  binaries: Binaries;
  inputs: Inputs;
  size: MachineSize;
  /** The supervisor kills the machine at this moment. */
  deadline: number;
  leftovers?: Leftovers;
}

export interface Machine extends Supervised {
  /** Absolute path of a file in the machine's folder. */
  path(name: string): string;
  /**
   * One after the other; as all times here, `timeoutMs` is that of a usual machine (patience.ts). Throws SeedError
   * `sandbox_failed` when one is refused, or all take too long.
   */
  send(requests: readonly FirecrackerRequest[], timeoutMs: number): Promise<void>;
  /** A connection to a port of the guest. Throws SeedError `sandbox_failed` when it is not taken in time. */
  connect(port: number, timeoutMs: number): Promise<Socket>;
  /** The next line on such a connection. Throws SeedError `sandbox_failed` when none comes in time or at all. */
  line(from: Socket, timeoutMs?: number): Promise<string>;
  /**
   * Takes the next line on the control connection for the machine's last, and ends what is left of it when all
   * that its guest wrote has been taken from the stream.
   */
  awaitEnd(control: Socket, stream: Socket): void;
}

/** Resolves when Firecracker takes requests. @throws SeedError sandbox_failed when nothing of it runs any more */
export async function startMachine(options: MachineOptions): Promise<Machine> {
  const { folder, binaries, inputs, size, deadline, leftovers } = options;
  const isJailed = binaries.jailer !== null;
  const root = machineRoot(folder, binaries);
  await chmod(folder, 0o700);
  await mkdir(root, { recursive: true });
  // A Unix socket's path has at most 107 bytes; by way of the open folder every path is short.
  const handle = await open(root);
  const short = (name: string) => `/proc/self/fd/${handle.fd}/${name}`;
  const close = () => handle.close().catch(() => undefined);
  let report: string | null = null;
  let sandbox: Supervised;
  try {
    await placeInputs(root, inputs, isJailed);
    const withCgroup = isJailed && (binaries.mayUseCgroups ?? (await hasCgroups()));
    sandbox = await supervise({
      name: 'Firecracker',
      folder,
      command: firecrackerCommand({ folder, binaries, inputs, size, withCgroup }),
      deadline,
      standard: 'console',
      cwd: isJailed ? folder : root,
      ...(leftovers && { leftovers }),
      async findings(code, said) {
        await close();
        const end = endOfMachine(report, said);
        const log = wordsOfExitCode(code) ?? '';
        return { ...end, log, memoryFull: end.memoryFull || (await wasOutOfMemory(folder)) };
      },
    });
  } catch (error) {
    await close();
    throw error;
  }
  const { over, exited, said, kill, finish } = sandbox;

  /** Does `work` for as long as the machine lives and `timeoutMs` allow; a dead machine's last words tell more. */
  async function alive<T>(timeoutMs: number | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const limits = timeoutMs === undefined ? [] : [AbortSignal.timeout(patient(timeoutMs))];
    try {
      return await work(AbortSignal.any([...limits, over]));
    } catch (error) {
      // Firecracker's refusal explains itself.
      if (error instanceof SeedError && error.cause === undefined) throw error;
      // A broken connection announces the end; the process follows.
      await Promise.race([exited, sleep(patient(END_WITHIN_MS), undefined, { ref: false })]);
      if (over.aborted) throw endedEarly(said(), error);
      if (error instanceof SeedError) throw error;
      const what = `The machine does not answer: ${(error as Error).message}`;
      throw new SeedError('sandbox_failed', what, { cause: error });
    }
  }

  /** Waits for Firecracker to listen on its socket. */
  async function apiIsUp(): Promise<void> {
    const giveUpAt = performance.now() + patient(UP_WITHIN_MS);
    while (!(await answers(short(FILES.api)))) {
      if (over.aborted) throw endedEarly(said());
      if (performance.now() > giveUpAt) {
        const what = `Firecracker took no requests within ${patient(UP_WITHIN_MS) / 1000} s: ${said()}`;
        throw new SeedError('sandbox_failed', what);
      }
      await sleep(POLL_MS);
    }
  }

  const line = (from: Socket, timeoutMs?: number) =>
    alive(timeoutMs, (signal) => readLine(from, LINE_BYTES, signal));
  await apiIsUp().catch(async (error: unknown) => {
    await kill();
    throw error;
  });
  return {
    ...sandbox,
    path: (name) => join(root, name),
    send: (requests, timeoutMs) => alive(timeoutMs, (signal) => sendAll(short(FILES.api), requests, signal)),
    connect: (port, timeoutMs) => alive(timeoutMs, (signal) => connectGuest(short(FILES.vsock), port, signal)),
    line,
    awaitEnd(control, stream) {
      const taken = countTaken(stream);
      void line(control).then(
        async (last) => {
          const [, words, bytes] = /^(.*) (\d+)$/.exec(last) ?? [];
          report = words ?? last;
          await untilTaken(stream, taken, Number(bytes ?? 0));
          return finish();
        },
        // The machine ended without a word; its end tells why.
        () => {},
      );
    },
  };
}

function endedEarly(lastWords: string, cause?: unknown): SeedError {
  return new SeedError('sandbox_failed', `Firecracker ended early: ${lastWords || 'without a word'}`, { cause });
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
