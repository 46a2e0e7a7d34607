// The store: one connection pool with the queue and the signals on the same database. Opened once by the server.
import { setTimeout as sleep } from 'node:timers/promises';
import { Kysely, PostgresDialect, type RawBuilder, sql } from 'kysely';
import { Client, Pool, type PoolConfig, types } from 'pg';
import type { BaseLogger } from 'pino';
import type { Clock } from '../lib/clock.ts';
import { SeedError } from '../protocol/errors.ts';
import { ADVISORY_LOCKS } from './advisory-locks.ts';
import { openDatabaseClock } from './database-clock.ts';
import { LOOK_UP_POOL, type LookUps, lookUpsOn } from './look-ups.ts';
import { migrate, type PackTables } from './migrate.ts';
import { openQueue, type Queue } from './queue.ts';
import { Signals } from './signals.ts';
import type { Tables } from './tables.ts';
import type { TaskWatcher } from './task-changes.ts';
import { databaseTime } from './time.ts';

const START_PATIENCE_MS = 10_000;
const START_RETRY_MS = 100;
const CONNECT_TIMEOUT_MS = 5_000;
const MAX_CONNECTIONS = 20;

export interface Store {
  db: Kysely<Tables>;
  queue: Queue;
  signals: Signals;
  lookUps: LookUps;
  /** The database's time, to a few milliseconds: what a row says is compared with it. */
  clock: Clock;
  /** The database's time exactly, as SQL (time.ts). */
  time: () => RawBuilder<Date>;
  /** Told of every change of a task that this server made. */
  taskWatchers: Set<TaskWatcher>;
  /** Ends all connections; waits for running queries. */
  close(): Promise<void>;
  /** Throws when the database does not answer. */
  ping(): Promise<void>;
}

export interface StoreOptions {
  /** A Postgres URL; a database of its own for Seed, made already, may be empty. */
  databaseUrl: string;
  log: BaseLogger;
  /** Instead of the database's: a test's, moved by hand. */
  clock?: Clock;
  /** The tables of the packs that are on. */
  packs?: readonly PackTables[];
}

/**
 * Connects, brings the schema up to date, starts the queue. A database that is just starting is waited for, up to
 * ten seconds. Throws SeedError `unavailable` when it cannot be reached, `invalid_settings` when it cannot be used.
 */
export async function openStore({
  databaseUrl,
  log,
  clock: givenClock,
  packs = [],
}: StoreOptions): Promise<Store> {
  const lock = await connectWhenReady(databaseUrl);
  const pool = openPool(databaseUrl, { max: MAX_CONNECTIONS }, log);
  const lookUpPool = openPool(databaseUrl, LOOK_UP_POOL, log);
  const signals = new Signals(databaseUrl, log);
  using undo = new DisposableStack();
  try {
    await lock.query('select pg_advisory_lock($1)', [ADVISORY_LOCKS.schema]);
    const applied = await migrate(lock, packs);
    if (applied.length > 0) log.info({ applied }, 'migrated the database');
    const queue = await openQueue(pool, log);
    await signals.open();
    const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
    const clock = givenClock ?? undo.use(await openDatabaseClock(pool));
    const lookUps = lookUpsOn(lookUpPool, db, clock);
    signals.watch('keys', lookUps.forgetKeys);
    const parts = undo.move();
    return {
      db,
      queue,
      signals,
      lookUps,
      clock,
      time: databaseTime(givenClock),
      // With a task its key has ended, before anybody can be told.
      taskWatchers: new Set([({ moment }) => moment === 'ended' && lookUps.forgetKeys()]),
      async close() {
        parts.dispose();
        await queue.close();
        await signals.close();
        await lookUpPool.end();
        await db.destroy();
      },
      async ping() {
        await sql`select 1`.execute(db);
      },
    };
  } catch (error) {
    await signals.close();
    await lookUpPool.end();
    await pool.end();
    throw error;
  } finally {
    // Releases the advisory lock, too.
    await lock.end();
  }
}

function openPool(connectionString: string, more: PoolConfig, log: BaseLogger): Pool {
  const pool = new Pool({
    connectionString,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    types: { getTypeParser: parserOf },
    ...more,
  });
  // An idle connection that breaks is replaced when the next one is needed.
  pool.on('error', (error) => {
    if (!pool.ended) log.warn({ error: error.message }, 'lost an idle database connection');
  });
  return pool;
}

async function connectWhenReady(databaseUrl: string): Promise<Client> {
  const giveUpAt = performance.now() + START_PATIENCE_MS;
  for (;;) {
    const client = newClient(databaseUrl);
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end().catch(() => undefined);
      if (!mayPass(error) || performance.now() >= giveUpAt) throw cannotConnect(databaseUrl, error);
    }
    await sleep(START_RETRY_MS);
  }
}

function newClient(connectionString: string): Client {
  try {
    const client = new Client({ connectionString, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
    // What breaks the connection is reported by the query that meets it.
    client.on('error', () => undefined);
    return client;
  } catch {
    // The parser's own message may quote the URL, and the URL holds the password.
    throw new SeedError('invalid_settings', 'DATABASE_URL is not a Postgres URL.', {
      hint: 'Write it as postgres://user:password@host:5432/database.',
    });
  }
}

/** Whether waiting may help: nobody listens yet, or Postgres says that it is starting up or shutting down. */
function mayPass(error: unknown): boolean {
  const code = (error as { code?: string }).code ?? '';
  return [
    'ECONNREFUSED',
    'ENOENT',
    'ECONNRESET',
    'ETIMEDOUT',
    'EAI_AGAIN',
    '57P03',
    '57P01',
    '53300',
    '',
  ].includes(code);
}

function cannotConnect(databaseUrl: string, error: unknown): SeedError {
  const { hostname, port, pathname, searchParams } = new URL(databaseUrl, 'postgres://localhost');
  const where = `${searchParams.get('host') ?? hostname}${port && `:${port}`}${pathname}`;
  const { message, code } = error as { message: string; code?: string };
  return new SeedError(
    'unavailable',
    `The database at ${where} cannot be used: ${message || code || 'no answer'}`,
    {
      hint: 'Start that Postgres, correct DATABASE_URL, or unset it to use the embedded Postgres.',
    },
  );
}

/** Counts come as numbers: a bigint of ours never passes 2^53. */
const parserOf: typeof types.getTypeParser = ((oid: number, format?: 'text' | 'binary') =>
  oid === types.builtins.INT8
    ? Number
    : types.getTypeParser(oid, format as 'text')) as typeof types.getTypeParser;
