// The suite's own Postgres, started again whenever it ends, and looked into past the line that servers reach it
// by.
import { Client } from 'pg';
import { pino } from 'pino';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/db/embedded/start-embedded.ts';
import { signalAll } from './processes.ts';
import { seconds } from './wait.ts';

const LOOK_WITHIN_MS = 5_000;

export type Rows = Record<string, unknown>[];

export interface KeptPostgres {
  databaseUrl: string;
  pid(): number;
  stop(): Promise<void>;
}

export async function keepPostgres(dataDir: string): Promise<KeptPostgres> {
  const log = pino({ level: 'silent' });
  const stopping = new AbortController();
  const stopped = new Promise<void>((resolve) => stopping.signal.addEventListener('abort', () => resolve()));
  let postgres = await startEmbeddedPostgres({ dataDir, log });
  const keeping = keep();

  async function keep(): Promise<void> {
    for (;;) {
      await Promise.race([postgres.lost, stopped]);
      await postgres.stop();
      const next = await startAgain();
      if (next === null) return;
      postgres = next;
    }
  }

  /** As often as it takes: what it stumbles over, such as a full disk or processes of the one before, goes by. */
  async function startAgain(): Promise<EmbeddedPostgres | null> {
    while (!stopping.signal.aborted) {
      const started = await startEmbeddedPostgres({ dataDir, log }).catch(() => null);
      if (started !== null) return started;
      await seconds(0.5, stopping.signal).catch(() => undefined);
    }
    return null;
  }

  return {
    databaseUrl: postgres.databaseUrl,
    pid: () => postgres.pid,
    stop: async () => {
      signalAll([postgres.pid], 'SIGCONT');
      stopping.abort();
      await keeping;
    },
  };
}

/** The rows of one statement, on a connection of its own. @throws Error when the database is away */
export async function rowsOf(databaseUrl: string, statement: string, parameters: unknown[] = []): Promise<Rows> {
  const client = new Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: LOOK_WITHIN_MS,
    query_timeout: LOOK_WITHIN_MS,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query(statement, parameters)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}
