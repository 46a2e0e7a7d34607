// The running Postgres: started, waited for, its log passed on, stopped.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BaseLogger } from 'pino';
import { SeedError } from '../../protocol/errors.ts';
import { takesConnections } from '../connection.ts';
import { clusterFolder } from './initialise.ts';
import { runningLock } from './orphan.ts';
import type { Launcher } from './plain-user.ts';
import { SOCKET_PORT } from './socket-folder.ts';

const START_PATIENCE_MS = 60_000;
const STOP_PATIENCE_MS = 20_000;
const QUIT_PATIENCE_MS = 5_000;
const POLL_MS = 10;
const LOG_LINE_LENGTH = 1_000;
const LOG_TAIL_LINES = 5;

const SETTINGS = {
  listen_addresses: '',
  port: String(SOCKET_PORT),
  unix_socket_permissions: '0700',
  max_connections: '100',
  shared_buffers: '32MB',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_min_messages: 'warning',
  // Statements and their values stay out of the log: they may hold what callers wrote.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_checkpoints: 'off',
  log_line_prefix: '',
};

export interface PostgresProcess {
  pid: number;
  /** Resolves when Postgres ends although nobody stopped it. */
  lost: Promise<void>;
  /** Fast shutdown, forced after 20 s and killed after 25 s; resolves when the process has ended. */
  stop(): Promise<void>;
}

/** Starts Postgres, waits until it answers. Throws SeedError `setup_failed` with its log's end if it does not. */
export async function startPostgres(
  launcher: Launcher,
  options: { databaseUrl: string; log: BaseLogger; settings: Readonly<Record<string, string>> },
): Promise<PostgresProcess> {
  const { databaseUrl, log } = options;
  const settings = { ...SETTINGS, ...options.settings, unix_socket_directories: launcher.folders.socket };
  // Through flock, so that all of its processes inherit the lock, and it is free when none is left (orphan.ts).
  const [program, ...args] = launcher.command('flock', [
    '--no-fork',
    '--nonblock',
    runningLock(launcher.folders.data),
    `${launcher.folders.native}/bin/postgres`,
    '-D',
    clusterFolder(launcher.folders.data),
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]);
  const child = spawn(program, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    // A group of its own: Ctrl-C in a terminal must not stop the database before the server has finished with it.
    detached: true,
    cwd: '/',
    env: { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' },
  });
  let serving = false;
  const lastLines = passOn(child.stderr, (line) => {
    // LOG is the level of ordinary messages. While it starts and stops it refuses or ends connections, loudly.
    if (serving && !line.startsWith('LOG:')) log.warn({ postgres: line }, 'Postgres');
    else log.debug({ postgres: line }, 'Postgres');
  });
  const exited = once(child, 'exit');
  exited.catch(() => undefined);
  await answers(child, databaseUrl, lastLines);
  serving = true;
  const { promise: lost, resolve: reportLoss } = Promise.withResolvers<void>();
  child.once('exit', (code, signal) => {
    if (!serving) return;
    log.error({ code, signal }, 'Postgres ended unexpectedly');
    reportLoss();
  });
  return {
    lost,
    pid: child.pid ?? 0,
    async stop() {
      serving = false;
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGINT');
      const late = setTimeout(() => child.kill('SIGQUIT'), STOP_PATIENCE_MS);
      const tooLate = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE_MS + QUIT_PATIENCE_MS);
      await exited;
      clearTimeout(late);
      clearTimeout(tooLate);
    },
  };
}

async function answers(child: ChildProcess, databaseUrl: string, lastLines: () => string): Promise<void> {
  let failure: unknown;
  child.once('error', (error) => {
    failure = error;
  });
  const giveUpAt = performance.now() + START_PATIENCE_MS;
  while (!(await takesConnections(databaseUrl))) {
    const ended = child.exitCode !== null || child.signalCode !== null || failure !== undefined;
    if (ended || performance.now() > giveUpAt) {
      child.kill('SIGQUIT');
      throw new SeedError(
        'setup_failed',
        `The embedded Postgres does not start: ${lastLines() || 'it said nothing'}`,
        { hint: 'Set DATABASE_URL to use a Postgres of your own.', cause: failure },
      );
    }
    await sleep(POLL_MS);
  }
}

/** Hands on what Postgres writes, line by line; the returned function gives its last lines. */
function passOn(stderr: Readable, write: (line: string) => void): () => string {
  const tail: string[] = [];
  createInterface({ input: stderr }).on('line', (text) => {
    const line = text.slice(0, LOG_LINE_LENGTH);
    tail.push(line);
    if (tail.length > LOG_TAIL_LINES) tail.shift();
    write(line);
  });
  return () => tail.join(' ');
}
