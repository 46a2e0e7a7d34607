// The store: its connection pools with the queue and the signals on the same database. Opened once by the server.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { BaseLogger } from 'pino';
import type { Clock } from '../lib/clock.ts';
import { type Loops, TIMED_LOOPS } from '../lib/loops.ts';
import { SeedError } from '../protocol/errors.ts';
import { type Addresses, DIRECT_SETTING, reachSessions, sessionUrl, type Way } from './addresses.ts';
import { ADVISORY_LOCKS } from './advisory-locks.ts';
import { type Caches, createCaches } from './caches.ts';
import { type Limits, type OwnConnection, openConnection } from './connection.ts';
import { ConnectionPool, type PoolLimits } from './connection-pool.ts';
import { databaseTime, openDatabaseClock } from './database-clock.ts';
import { Listening } from './listening.ts';
import { LOOK_UP_LIMITS, type LookUp, lookUpOn } from './look-up.ts';
import { migrate, missingWork, type Packs } from './migrate.ts';
import { migrationsApplied } from './migrations-applied.ts';
import { Outage } from './outage.ts';
import { Polling, WHILE_WAITED } from './polling.ts';
import { openQueue, type Queue } from './queue.ts';
import { Signals } from './signals.ts';
import type { Tables } from './tables.ts';
import type { TaskWatcher } from './task-changes.ts';
import { tellingDatabase } from './telling.ts';

const CHECK_MS = 2_000;
/** A megabyte or two on the database's disk, for a moment. */
const NEEDS_ROOM = 'create temporary table room on commit drop as select generate_series(1, 50000)';

const MINUTE_MS = 60_000;
const REQUESTS: PoolLimits = { connections: 16, statementMs: 15_000, lockMs: 10_000 };
const LONG_RUNNING: PoolLimits = { connections: 4, statementMs: 2 * MINUTE_MS, lockMs: 10_000 };
/** Each of many processes has so few of each kind at most. */
const FEW = { connections: 4 };
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
  /** What goes on by itself beside requests. */
  loops: Loops;
  /** The database's time exactly, as SQL. */
  time: () => RawBuilder<Date>;
  /** Commands of packs see and change only rows of the account of the call (row-security.ts). */
  packRowSecurity: boolean;
  /** Told of every change of a task that this server made. */
  taskWatchers: Set<TaskWatcher>;
  /** Ends all connections; waits for running queries, for some seconds. */
  close(): Promise<void>;
  /**
   * For a process that may have stood still: doubts its connections, and learns what it has missed.
   * @throws SeedError unavailable
   */
  wake(): Promise<void>;
  /**
   * Looks within two seconds whether the database does what requests ask of it, on the connections that they use.
   * @throws SeedError unavailable or storage_full, saying what does not work
   */
  check(): Promise<void>;
}

/** They lead to a database of its own for Seed, made already; it may be empty. */
export interface StoreOptions extends Addresses {
  log: BaseLogger;
  /** Instead of the database's: a test's, moved by hand. */
  clock?: Clock;
  packs?: Packs;
  /** Missing: by timers. */
  loops?: Loops;
  /**
   * For a process that comes and goes, one of many: it works by DATABASE_URL alone, migrates nothing, holds few
   * connections, and hears others by polling while anybody waits.
   */
  onDemand?: boolean;
  /** Waits so long for another process to bring the schema up to date; missing: does it itself. */
  waitForMigrationsMs?: number;
}

/**
 * Connects, brings the schema up to date, starts the queue. Waits up to 10 s for a database that is just starting.
 * Throws SeedError `unavailable` when it cannot be reached, `invalid_settings` when it cannot be used.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { databaseUrl, log, clock: givenClock, packs = { tables: [], rowSecurity: true } } = options;
  const { onDemand = false, loops = TIMED_LOOPS } = options;
  const outage = new Outage(log);
  const { connection, way } = onDemand
    ? { connection: await openConnection(databaseUrl, REQUESTS, outage), way: 'pooled by transaction' as const }
    : await reachSessions(options, MIGRATION, outage);
  const pool = (limits: PoolLimits) =>
    new ConnectionPool(databaseUrl, onDemand ? { ...limits, ...FEW } : limits, outage);
  const [requests, longRunning, lookUpPool] = [pool(REQUESTS), pool(LONG_RUNNING), pool(LOOK_UP_LIMITS)];
  const keepsSessions = way !== 'pooled by transaction';
  const messenger = keepsSessions
    ? new Listening(sessionUrl(options), outage)
    : new Polling(lookUpPool, ...(onDemand ? [WHILE_WAITED] : []));
  const signals = new Signals(messenger);
  const parts = new DisposableStack();
  let queue: Queue | null = null;
  const close = async () => {
    // Side by side: the queue waits for its statements, which a pool that ends does not let wait for ever.
    parts.dispose();
    await Promise.all([queue?.close(), signals.close(), requests.end(), longRunning.end(), lookUpPool.end()]);
  };
  try {
    if (options.waitForMigrationsMs !== undefined) {
      await migrationsApplied(connection, packs, { log, withinMs: options.waitForMigrationsMs });
    }
    if (keepsSessions) {
      await connection.query('select pg_advisory_lock($1)', [ADVISORY_LOCKS.schema]);
      if (options.directUrl) await refuseOtherDatabase(connection, requests);
      const applied = await migrate(connection, packs);
      if (applied.length > 0) log.info({ applied }, 'migrated the database');
      queue = await openQueue(longRunning, log, connection);
    } else {
      const missing = await missingWork(connection, packs);
      if (missing.length === 0) queue = await openQueue(longRunning, log, null, { cares: !onDemand });
      if (queue === null) throw cannotMigrate(missing, onDemand);
    }
    if (queue === null) throw new SeedError('internal', 'the queue was not made');
    if (!onDemand) await tellWays(options, way, requests, log);
    await signals.open();
    const db = tellingDatabase(requests, (topics) => signals.tell(topics));
    const measured = givenClock ? null : parts.use(await openDatabaseClock(lookUpPool, loops));
    const clock = givenClock ?? (measured as Clock);
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
      loops,
      time: databaseTime(givenClock),
      packRowSecurity: packs?.rowSecurity ?? true,
      // With a task its key has ended, before anybody can be told.
      taskWatchers: new Set([({ moment, task }) => moment === 'ended' && caches.forget('keys', task.id)]),
      close,
      async wake() {
        for (const each of [requests, longRunning, lookUpPool]) each.doubt();
        caches.forget('keys');
        caches.forget('ended tasks');
        await Promise.all([measured?.measureAnew(), messenger.catchUp()]);
      },
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
    await connection.end();
  }
}

/** What has come since the start: for a pack that is being written. */
export async function migrateAgain(addresses: Addresses, packs: Packs, log: BaseLogger): Promise<void> {
  const lock = await openConnection(sessionUrl(addresses), MIGRATION, new Outage(log));
  try {
    await lock.query('select pg_advisory_lock($1)', [ADVISORY_LOCKS.schema]);
    await migrate(lock, packs);
  } finally {
    await lock.end();
  }
}

/** The lock that is held by one address shows at the other. */
async function refuseOtherDatabase(holder: OwnConnection, requests: ConnectionPool): Promise<void> {
  const { rows } = await requests.query(
    `select from pg_locks where locktype = 'advisory' and objid = $1 and pid = $2
       and database = (select oid from pg_database where datname = current_database())`,
    [ADVISORY_LOCKS.schema, await holder.backend()],
  );
  if (rows.length > 0) return;
  throw new SeedError('invalid_settings', `${DIRECT_SETTING} leads to another database than DATABASE_URL`, {
    hint: 'Both are to lead to one database: the one as it is, the other perhaps through a pooler.',
  });
}

function cannotMigrate(missing: readonly string[], onDemand: boolean): SeedError {
  const what = missing.length === 0 ? 'the tables of its queue' : missing.join(', ');
  if (onDemand) {
    return new SeedError('invalid_settings', `the database has to be migrated (${what})`, {
      hint: 'Run `seed migrate` of this version, with the address of Postgres itself, before it is deployed.',
    });
  }
  return new SeedError(
    'invalid_settings',
    `the database has to be migrated (${what}), and DATABASE_URL leads through a pooler that keeps no sessions`,
    { hint: `Set ${DIRECT_SETTING} to the address of Postgres itself.` },
  );
}

/** What stands behind each address is found out, so it is told. */
async function tellWays(
  { directUrl }: Addresses,
  sessions: Way,
  requests: ConnectionPool,
  log: BaseLogger,
): Promise<void> {
  const connection = await requests.connect();
  const work = connection.ownsSession ? 'direct' : 'pooled';
  connection.release();
  const wakes = sessions === 'pooled by transaction' ? 'by polling' : 'by LISTEN';
  log.info({ work, sessions, wakes, directUrl: Boolean(directUrl) }, 'how the database is reached');
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
