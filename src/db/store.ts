// The store: its connection pools with the queue and the signals on the same database. Opened once by the server.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { BaseLogger } from 'pino';
import type { Clock } from '../lib/clock.ts';
import { SeedError } from '../protocol/errors.ts';
import { ADVISORY_LOCKS } from './advisory-locks.ts';
import { type Caches, createCaches } from './caches.ts';
import { cannotConnect, type Limits, type OwnConnection, openConnection } from './connection.ts';
import { ConnectionPool, type PoolLimits } from './connection-pool.ts';
import { databaseTime, openDatabaseClock } from './database-clock.ts';
import { sqlStateOf } from './database-failure.ts';
import { LOOK_UP_LIMITS, type LookUp, lookUpOn } from './look-up.ts';
import { migrate, type Packs } from './migrate.ts';
import { migrationsApplied } from './migrations-applied.ts';
import { Outage } from './outage.ts';
import { openQueue, type Queue } from './queue.ts';
import { Signals } from './signals.ts';
import type { Tables } from './tables.ts';
import type { TaskWatcher } from './task-changes.ts';
import { tellingDatabase } from './telling.ts';

const START_PATIENCE_MS = 10_000;
const START_RETRY_MS = 100;
const CHECK_MS = 2_000;
/** A megabyte or two on the database's disk, for a moment. */
const NEEDS_ROOM = 'create temporary table room on commit drop as select generate_series(1, 50000)';

const MINUTE_MS = 60_000;
const REQUESTS: PoolLimits = { connections: 16, statementMs: 15_000, lockMs: 10_000 };
const LONG_RUNNING: PoolLimits = { connections: 4, statementMs: 2 * MINUTE_MS, lockMs: 10_000 };
/** Waits also for another server that migrates. */
const MIGRATION: Limits = { statementMs: 60 * MINUTE_MS, lockMs: 60 * MINUTE_MS };

export interface Store {
  db: Kysely<Tables>;
  /** The same for what may take minutes: reports, partitions, and deleting what is old. */
  longRunning: Kysely<Tables>;
  queue: Queue;
  signals: Signals;
  lookUp: LookUp;
  caches: Caches;
  /** The database's time, to a few milliseconds: what a row says is compared with it. */
  clock: Clock;
  /** The database's time exactly, as SQL. */
  time: () => RawBuilder<Date>;
  /** Commands of packs see and change only rows of the account of the call (row-security.ts). */
  packRowSecurity: boolean;
  /** Told of every change of a task that this server made. */
  taskWatchers: Set<TaskWatcher>;
  /** Ends all connections; waits for running queries, for some seconds. */
  close(): Promise<void>;
  /**
   * Looks within two seconds whether the database does what requests ask of it, on the connections that they use.
   * @throws SeedError unavailable or storage_full, saying what does not work
   */
  check(): Promise<void>;
}

export interface StoreOptions {
  /** A Postgres URL; a database of its own for Seed, made already, may be empty. */
  databaseUrl: string;
  log: BaseLogger;
  /** Instead of the database's: a test's, moved by hand. */
  clock?: Clock;
  packs?: Packs;
  /** Waits so long for another process to bring the schema up to date; missing: does it itself. */
  waitForMigrationsMs?: number;
}

/**
 * Connects, brings the schema up to date, starts the queue. Waits up to 10 s for a database that is just starting.
 * Throws SeedError `unavailable` when it cannot be reached, `invalid_settings` when it cannot be used.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { databaseUrl, log, clock: givenClock, packs } = options;
  const outage = new Outage(log);
  const lock = await connectWhenReady(databaseUrl, outage);
  const requests = new ConnectionPool(databaseUrl, REQUESTS, outage);
  const longRunning = new ConnectionPool(databaseUrl, LONG_RUNNING, outage);
  const lookUpPool = new ConnectionPool(databaseUrl, LOOK_UP_LIMITS, outage);
  const signals = new Signals(databaseUrl, outage);
  const parts = new DisposableStack();
  let queue: Queue | undefined;
  const close = async () => {
    // Side by side: the queue waits for its statements, which a pool that ends does not let wait for ever.
    parts.dispose();
    await Promise.all([queue?.close(), signals.close(), requests.end(), longRunning.end(), lookUpPool.end()]);
  };
  try {
    if (options.waitForMigrationsMs !== undefined) {
      await migrationsApplied(lock, packs, { log, withinMs: options.waitForMigrationsMs });
    }
    await lock.query('select pg_advisory_lock($1)', [ADVISORY_LOCKS.schema]);
    const applied = await migrate(lock, packs);
    if (applied.length > 0) log.info({ applied }, 'migrated the database');
    queue = await openQueue(longRunning, log);
    await signals.open();
    const db = tellingDatabase(requests, (topics) => signals.tell(topics));
    const clock = givenClock ?? parts.use(await openDatabaseClock(lookUpPool));
    const lookUp = lookUpOn(lookUpPool, db);
    const caches = createCaches();
    signals.watch('keys', () => caches.forget('keys'));
    signals.watchEndings((taskId) => caches.forget('keys', taskId ?? undefined));
    return {
      db,
      longRunning: tellingDatabase(longRunning, (topics) => signals.tell(topics)),
      queue,
      signals,
      lookUp,
      caches,
      clock,
      time: databaseTime(givenClock),
      packRowSecurity: packs?.rowSecurity ?? true,
      // With a task its key has ended, before anybody can be told.
      taskWatchers: new Set([({ moment, task }) => moment === 'ended' && caches.forget('keys', task.id)]),
      close,
      async check() {
        const asked = requests.query(outage.diskFull ? NEEDS_ROOM : 'select 1', [], CHECK_MS).then(() => {
          outage.diskFull = false;
        });
        await Promise.all([
          within(CHECK_MS, 'the database does not answer', asked),
          within(CHECK_MS, 'the look-up of keys does not answer', lookUp('check', sql<object>`select 1`)),
        ]);
      },
    };
  } catch (error) {
    await close();
    throw error;
  } finally {
    // Releases the advisory lock, too.
    await lock.end();
  }
}

/** What has come since the start: for a pack that is being written. */
export async function migrateAgain(databaseUrl: string, packs: Packs, log: BaseLogger): Promise<void> {
  const lock = await openConnection(databaseUrl, MIGRATION, new Outage(log));
  try {
    await lock.query('select pg_advisory_lock($1)', [ADVISORY_LOCKS.schema]);
    await migrate(lock, packs);
  } finally {
    await lock.end();
  }
}

async function connectWhenReady(databaseUrl: string, outage: Outage): Promise<OwnConnection> {
  const giveUpAt = performance.now() + START_PATIENCE_MS;
  for (;;) {
    try {
      return await openConnection(databaseUrl, MIGRATION, outage);
    } catch (error) {
      if (!(error instanceof SeedError) || error.code === 'invalid_settings') throw error;
      // Waiting does not help when Postgres knows neither the user, nor the password, nor the database.
      const isFinal = /^(28|3D)/.test(sqlStateOf(error) ?? '');
      if (isFinal || performance.now() >= giveUpAt) throw cannotConnect(databaseUrl, error);
    }
    await sleep(START_RETRY_MS);
  }
}

async function within(ms: number, late: string, work: Promise<unknown>): Promise<void> {
  const waiting = new AbortController();
  const time = sleep(ms, 'late', { signal: waiting.signal }).catch(() => undefined);
  try {
    if ((await Promise.race([work, time])) === 'late') throw new SeedError('unavailable', late, { logged: true });
  } finally {
    waiting.abort();
  }
}
