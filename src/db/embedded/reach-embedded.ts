// The embedded Postgres for whoever needs it beside a server: through the one that runs, else by starting it. Used
// by recover-admin-key.ts.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BaseLogger } from 'pino';
import { SeedError } from '../../protocol/errors.ts';
import { takesConnections } from '../connection.ts';
import { clusterFolder } from './initialise.ts';
import { findSocketFolder } from './socket-folder.ts';
import { databaseUrlAt, postgresFolder, startEmbeddedPostgres } from './start-embedded.ts';

/** For a server that starts or stops just now. */
const PATIENCE_MS = 15_000;
const POLL_MS = 100;

export interface ReachedPostgres {
  databaseUrl: string;
  /** Stops it if it was started for this. */
  release(): Promise<void>;
}

/** @throws SeedError not_found when the folder has no database; what startEmbeddedPostgres throws */
export async function reachEmbeddedPostgres(dataDir: string, log: BaseLogger): Promise<ReachedPostgres> {
  if (!existsSync(clusterFolder(postgresFolder(dataDir)))) {
    throw new SeedError('not_found', `there is no database in ${dataDir}`, {
      hint: 'Set SEED_DATA_DIR to the data folder of your Seed, or DATABASE_URL to its database.',
    });
  }
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      const { databaseUrl, stop } = await startEmbeddedPostgres({ dataDir, log, patienceMs: 0 });
      return { databaseUrl, release: stop };
    } catch (error) {
      if (!(error instanceof SeedError) || error.code !== 'conflict') throw error;
      const databaseUrl = databaseUrlAt(await findSocketFolder(dataDir).catch(() => join(dataDir, 'socket')));
      if (await takesConnections(databaseUrl)) return { databaseUrl, release: async () => {} };
      if (performance.now() > giveUpAt) throw error;
    }
    await sleep(POLL_MS);
  }
}
