// The embedded Postgres, the default where DATABASE_URL is not set: its own processes, data below the data folder,
// reached by a Unix socket that nobody else may enter. Called by the server's start and by recover-admin-key.ts.
import { existsSync } from 'node:fs';
import { mkdir, realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BaseLogger } from 'pino';
import { hydrateSymlinks } from '../../lib/hydrate-symlinks.ts';
import { lockForProcess } from '../../lib/process-lock.ts';
import { SeedError } from '../../protocol/errors.ts';
import { takesConnections } from '../connection.ts';
import { clusterFolder, DATABASE_ROLE, initialise } from './initialise.ts';
import { stopOrphan } from './orphan.ts';
import { chooseLauncher } from './plain-user.ts';
import { startPostgres } from './postgres-process.ts';
import { makeSocketFolder, SOCKET_PORT } from './socket-folder.ts';

export interface EmbeddedPostgres {
  databaseUrl: string;
  pid: number;
  /** Resolves when Postgres ends although nobody stopped it. */
  lost: Promise<void>;
  /** Shuts down cleanly and lets go of the data folder. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts Postgres on `<dataDir>/postgres`, which it makes the first time. It ends with `stop()`, or with this
 * process should that be killed. Throws SeedError `conflict` when another server uses the folder, `setup_failed`
 * or `invalid_settings` when Postgres cannot run.
 */
export async function startEmbeddedPostgres(options: {
  dataDir: string;
  log: BaseLogger;
  /** How long to wait for another server on the folder to end, when not as long as lockForProcess does anyway. */
  patienceMs?: number;
  /** Settings of Postgres instead of ours: a test's database need not outlive a loss of power. */
  settings?: Readonly<Record<string, string>>;
}): Promise<EmbeddedPostgres> {
  const { log, patienceMs, settings = {} } = options;
  const dataDir = resolve(options.dataDir);
  await mkdir(dataDir, { recursive: true });
  const lock = await lockForProcess({
    path: join(dataDir, 'postgres.lock'),
    what: `The data folder ${dataDir} is in use by another server`,
    hint: 'Stop that process, or set SEED_DATA_DIR to another folder.',
    onWait: (sentence) => log.warn(sentence),
    ...(patienceMs !== undefined && { patienceMs }),
  });
  try {
    const { databaseUrl, postgres, removeSocket } = await startOn(dataDir, log, settings);
    let stopped: Promise<void> | undefined;
    const stop = async () => {
      await postgres.stop();
      await removeSocket();
      lock.release();
    };
    return {
      databaseUrl,
      pid: postgres.pid,
      lost: postgres.lost,
      stop: () => {
        stopped ??= stop();
        return stopped;
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function startOn(dataDir: string, log: BaseLogger, settings: Readonly<Record<string, string>>) {
  const native = await hydrateSymlinks();
  const data = postgresFolder(dataDir);
  await mkdir(data, { recursive: true, mode: 0o700 });
  const socket = await makeSocketFolder(dataDir);
  try {
    const folders = { native, data, socket: socket.path };
    const launcher = await chooseLauncher(folders);
    await stopOrphan(folders, () => log.warn('ending a Postgres that a killed server has left'));
    if (await initialise(data, launcher)) log.info({ folder: data }, 'made a new database');
    const databaseUrl = databaseUrlAt(socket.path);
    const postgres = await startPostgres(launcher, { databaseUrl, log, settings });
    return { postgres, databaseUrl, removeSocket: socket.remove };
  } catch (error) {
    await socket.remove();
    throw error;
  }
}

/** For a server that starts or stops just now. */
const PATIENCE_MS = 15_000;
const POLL_MS = 100;

/**
 * For whoever needs it beside a server: the one that runs, else one that is started and that `release` stops.
 * @throws SeedError not_found when the folder has no database; what startEmbeddedPostgres throws
 */
export async function reachEmbeddedPostgres(dataDir: string, log: BaseLogger) {
  if (!existsSync(clusterFolder(postgresFolder(dataDir))))
    throw new SeedError('not_found', `there is no database in ${dataDir}`, {
      hint: 'Set SEED_DATA_DIR to the data folder of your Seed, or DATABASE_URL to its database.',
    });
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      const { databaseUrl, stop } = await startEmbeddedPostgres({ dataDir, log, patienceMs: 0 });
      return { databaseUrl, release: stop };
    } catch (error) {
      if (!(error instanceof SeedError) || error.code !== 'conflict') throw error;
      const socket = join(dataDir, 'socket');
      const databaseUrl = databaseUrlAt(await realpath(socket).catch(() => socket));
      if (await takesConnections(databaseUrl)) return { databaseUrl, release: async () => {} };
      if (performance.now() > giveUpAt) throw error;
    }
    await sleep(POLL_MS);
  }
}

/** What of the data folder is Postgres's own. */
export function postgresFolder(dataDir: string): string {
  return join(dataDir, 'postgres');
}

function databaseUrlAt(socketFolder: string): string {
  return `postgres://${DATABASE_ROLE}@localhost:${SOCKET_PORT}/postgres?host=${encodeURIComponent(socketFolder)}`;
}
