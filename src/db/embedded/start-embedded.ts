// The embedded Postgres, the default where DATABASE_URL is not set: its own processes, data below the data folder,
// reached by a Unix socket that nobody else may enter. Called by the server's start and by the tests.
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { BaseLogger } from 'pino';
import { hydrateSymlinks } from '../../lib/hydrate-symlinks.ts';
import { lockForProcess } from '../../lib/process-lock.ts';
import { DATABASE_ROLE, initialise } from './initialise.ts';
import { stopOrphan } from './orphan.ts';
import { chooseLauncher } from './plain-user.ts';
import { type PostgresProcess, startPostgres } from './postgres-process.ts';
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
  /**
   * How long to wait for another server on the folder to end, when not as long as lockForProcess does by itself.
   */
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
    const { postgres, databaseUrl } = await launch({ native, data, socket: socket.path }, log, settings);
    return { postgres, databaseUrl, removeSocket: socket.remove };
  } catch (error) {
    await socket.remove();
    throw error;
  }
}

async function launch(
  folders: { native: string; data: string; socket: string },
  log: BaseLogger,
  settings: Readonly<Record<string, string>>,
): Promise<{ postgres: PostgresProcess; databaseUrl: string }> {
  const launcher = await chooseLauncher(folders);
  await stopOrphan(folders, () => log.warn('ending a Postgres that a killed server has left'));
  if (await initialise(folders.data, launcher)) log.info({ folder: folders.data }, 'made a new database');
  const databaseUrl = databaseUrlAt(folders.socket);
  const postgres = await startPostgres(launcher, { databaseUrl, log, settings });
  return { postgres, databaseUrl };
}

/** What of the data folder is Postgres's own. */
export function postgresFolder(dataDir: string): string {
  return join(dataDir, 'postgres');
}

/** The database of the Postgres whose socket lies in the folder. */
export function databaseUrlAt(socketFolder: string): string {
  return `postgres://${DATABASE_ROLE}@localhost:${SOCKET_PORT}/postgres?host=${encodeURIComponent(socketFolder)}`;
}
