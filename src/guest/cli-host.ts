// Keeps processes of the agent's user ready that have the CLI loaded: a `seed` in the sandbox starts no Node.
// The guest passes bytes between them and the clients, and opens no file for anybody. Started by main.ts, given
// the CLI by run-task.ts.
import { access, chmod, chown, constants, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { CLI_ENTRY } from '../protocol/cli-entry.ts';
import type { AgentProcesses } from './agent-processes.ts';
import { encodeFrame } from './cli-frames.ts';
import { type CliWorker, cliWorker } from './cli-worker.ts';
import { FROZEN_NODE_FLAGS } from './frozen-node.ts';
import type { GuestSettings } from './guest-settings.ts';

/** Calls at a time that are served; more start Node each, as they can wait for one another. */
const WORKERS = 4;
/** How long one more than the first stays without a call. */
const IDLE_MS = 10_000;
/** A process that takes longer to be ready is not waited for. */
const READY_MS = 5_000;
const CONNECTIONS = 64;
/** sockaddr_un(7), with the zero byte at its end. */
const SOCKET_PATH_BYTES = 107;
const PERL = '/usr/bin/perl';
/** Small, since it is in every waiting sandbox. */
const NODE_FLAGS = ['--max-semi-space-size=1', ...FROZEN_NODE_FLAGS, '--no-warnings'];

/** The two programs, made part of the guest's bundle by bundle.ts. */
export interface CliPrograms {
  /** cli-client.pl */
  client: string;
  /** cli-program.ts, as one ES module. */
  program: string;
  /** finish-program.ts, likewise. */
  finish: string;
}

export class CliHost {
  readonly #settings: Pick<GuestSettings, 'binDir' | 'agent'>;
  readonly #processes: AgentProcesses;
  readonly #programs: CliPrograms;
  readonly #workers = new Set<CliWorker>();
  readonly #idle: CliWorker[] = [];
  #server: Server | null = null;
  #cli: string | null = null;
  /** Settles when the one that comes in place of the last is ready, or is not. */
  #replacing: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(
    settings: Pick<GuestSettings, 'binDir' | 'agent'>,
    processes: AgentProcesses,
    programs: CliPrograms,
  ) {
    this.#settings = settings;
    this.#processes = processes;
    this.#programs = programs;
  }

  /** Before the freeze. Rejects when its process does not start. */
  async start(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o755 });
    await writeFile(this.#at('program.mjs'), this.#programs.program, { mode: 0o644 });
    const first = this.#startWorker();
    if (!(await first.ready)) throw new Error('the process that holds the CLI ready did not start');
    this.#idle.push(first);
  }

  /**
   * Makes `seed` a command of the agent's: the small client where the CLI can be kept loaded, else the CLI itself.
   * @param source the CLI as one ES module; a shebang line is added when it has none
   * @param options `withFinish`: `seed finish` hands in the answer of the task
   */
  async install(source: Buffer, { withFinish }: { withFinish: boolean } = { withFinish: false }): Promise<void> {
    const command = join(this.#settings.binDir, 'seed');
    const path = withFinish ? this.#at('seed') : command;
    if (withFinish) {
      const finish = this.#at('finish.mjs');
      await putFile(finish, Buffer.from(this.#programs.finish), 0o644);
      await putFile(command, Buffer.from(withFinishing(path, finish)), 0o755);
    }
    const isHosted = source.includes(CLI_ENTRY) && (await this.#canHost());
    if (isHosted && (await this.#listens())) {
      this.#cli = this.#at('seed.mjs');
      await putFile(this.#cli, source, 0o644);
      for (const worker of this.#workers) worker.load(this.#cli);
      const client = this.#programs.client.replace('@HOST@', this.#socket).replace('@CLI@', this.#cli);
      await putFile(path, Buffer.from(client), 0o755);
      return;
    }
    const hasShebang = source.subarray(0, 2).toString() === '#!';
    const program = hasShebang ? source : Buffer.concat([Buffer.from('#!/usr/bin/env node\n'), source]);
    await putFile(path, program, 0o755);
  }

  stop(): void {
    this.#isStopped = true;
    this.#server?.close();
    for (const worker of this.#workers) worker.kill();
  }

  /** A folder of the guest's own: the agent reads what is in it. */
  get #folder(): string {
    return join(dirname(this.#settings.binDir), 'cli');
  }

  get #socket(): string {
    return this.#at('socket');
  }

  #at(name: string): string {
    return join(this.#folder, name);
  }

  async #canHost(): Promise<boolean> {
    if (Buffer.byteLength(this.#socket) > SOCKET_PATH_BYTES) return false;
    return access(PERL, constants.X_OK).then(
      () => true,
      () => false,
    );
  }

  /** Without it the CLI is run by Node. */
  #listens(): Promise<boolean> {
    return this.#listen().then(
      () => true,
      () => false,
    );
  }

  /** Nobody but the agent's user reaches the socket. */
  async #listen(): Promise<void> {
    if (this.#server !== null) return;
    await rm(this.#socket, { force: true });
    const server = createServer((client) => {
      client.on('error', () => undefined);
      void this.#serve(client);
    });
    server.maxConnections = CONNECTIONS;
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(this.#socket, resolve);
    });
    server.unref();
    await chmod(this.#socket, 0o600);
    const { agent } = this.#settings;
    if (agent !== null) await chown(this.#socket, agent.uid, agent.gid);
  }

  async #serve(client: Socket): Promise<void> {
    const worker = await this.#take();
    if (worker === null || client.destroyed) {
      client.resume().end(encodeFrame('N'));
      if (worker !== null) this.#giveBack(worker);
      return;
    }
    await worker.serve(client);
    this.#giveBack(worker);
  }

  /** One that is free, or one more; null when there are enough, or it does not start. */
  async #take(): Promise<CliWorker | null> {
    const late = new Promise<false>((resolve) => setTimeout(resolve, READY_MS, false).unref());
    if (this.#idle.length === 0) await Promise.race([this.#replacing, late]);
    const free = this.#idle.pop();
    if (free !== undefined) return free;
    if (this.#workers.size >= WORKERS || this.#isStopped) return null;
    const worker = this.#startWorker();
    if (await Promise.race([worker.ready, late])) return worker;
    worker.kill();
    return null;
  }

  #giveBack(worker: CliWorker): void {
    if (!this.#workers.has(worker)) return;
    this.#idle.push(worker);
    if (this.#idle.length === 1) return;
    const dismiss = () => {
      if (this.#idle.length > 1 && this.#idle.includes(worker)) worker.kill();
    };
    setTimeout(dismiss, IDLE_MS).unref();
  }

  #startWorker(): CliWorker {
    const args = [...NODE_FLAGS, this.#at('program.mjs')];
    const options = { cwd: '/', stdin: 'ignore', morePipes: 2 } as const;
    const child = this.#processes.spawn(process.execPath, args, options);
    const worker = cliWorker(child, () => this.#processes.killGroup(child));
    this.#workers.add(worker);
    if (this.#cli !== null) worker.load(this.#cli);
    void worker.exited.then(() => this.#gone(worker));
    return worker;
  }

  /** The last one is replaced, unless it never came up: then the next call tries again. */
  async #gone(worker: CliWorker): Promise<void> {
    this.#workers.delete(worker);
    const at = this.#idle.indexOf(worker);
    if (at >= 0) this.#idle.splice(at, 1);
    if (this.#workers.size > 0 || this.#isStopped || !(await worker.ready)) return;
    const next = this.#startWorker();
    this.#replacing = next.ready.then((isReady) => {
      if (isReady) this.#giveBack(next);
    });
  }
}

/** The command `seed` where it has one verb more. The paths are the guest's own. */
const withFinishing = (seed: string, finish: string) =>
  `#!/bin/sh\nif [ "$1" = finish ]; then shift; exec node '${finish}' "$@"; fi\nexec '${seed}' "$@"\n`;

/** Whole, or as it was. */
async function putFile(path: string, content: Buffer, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  const unfinished = `${path}.unfinished`;
  await writeFile(unfinished, content, { mode });
  await rename(unfinished, path);
}
