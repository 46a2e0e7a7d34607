// The queue of tasks that wait for a runner: pg-boss, one job per task, the job's id is the task's. A job is sent
// and taken in the transaction that changes the task's row; from then on the row says who owns the task.
import type { Db as BossDatabase } from 'pg-boss';
import type { BaseLogger } from 'pino';
import { logFailure } from '../lib/log.ts';
import type { Connection } from './connection.ts';
import type { ConnectionPool } from './connection-pool.ts';
import type { Tx } from './tables.ts';

const QUEUE = 'tasks';
/** pg-boss has no other word for it. */
const NOT_THERE = /^pg-boss (is not installed|database requires migrations)$/;
/** pg-boss drops jobs that waited this long; a queued task must never lose its job, so: 50 years. */
const RETENTION_SECONDS = 50 * 365 * 24 * 3600;
/** A job is there at once, also for a database whose clock was set back since. */
const START_AFTER = '-1 day';

export interface Queue {
  /** Queues the tasks when the transaction commits. @param ahead of all that were queued without it */
  send(tx: Tx, taskIds: readonly string[], place?: { ahead: boolean }): Promise<void>;
  /** Takes the task that has waited longest, unless the transaction rolls back; null when none waits. */
  take(tx: Tx): Promise<string | null>;
  /** Removes the task's job. Waits for a transaction that is just taking it; nothing happens if there is none. */
  remove(tx: Tx, taskId: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts pg-boss, whose own statements are its care for the queue's tables, on the pool.
 * @param migrator makes or migrates its schema `pgboss`, and holds the lock against other servers; null: the
 * schema has to be there
 * @param options.cares false: it leaves the care for its tables to other servers, of which there may be none
 * @returns null when it is not, or is of another version
 */
export async function openQueue(
  pool: ConnectionPool,
  log: BaseLogger,
  migrator: Connection | null,
  { cares = true } = {},
): Promise<Queue | null> {
  let ask = migrator === null ? null : oneByOne(migrator);
  const database: BossDatabase = { executeSql: (text, values) => (ask ?? pool).query(text, values) };
  // Loaded beside the connections that are being made.
  const { fromKysely, PgBoss } = await import('pg-boss');
  const boss = new PgBoss({
    db: database,
    schedule: false,
    registerInstance: false,
    supervise: cares,
    migrate: migrator !== null,
  });
  boss.on('error', (error) => logFailure(log, error, 'queue maintenance failed'));
  boss.on('warning', (warning) => log.warn({ warning: warning.message }, 'queue warning'));
  try {
    await boss.start();
    if (migrator !== null) await boss.createQueue(QUEUE, { policy: 'standard' });
    else if ((await boss.getQueue(QUEUE)) === null) return null;
  } catch (error) {
    if (migrator === null && NOT_THERE.test((error as Error).message)) return null;
    throw error;
  }
  ask = null;
  return {
    async send(tx, ids, { ahead } = { ahead: false }) {
      const job = { priority: Number(ahead), startAfter: START_AFTER, retentionSeconds: RETENTION_SECONDS };
      const jobs = ids.map((id) => ({ ...job, id, data: {} }));
      await boss.insert(QUEUE, jobs, { db: fromKysely(tx) });
    },
    async take(tx) {
      const db = fromKysely(tx);
      const [job] = await boss.fetch(QUEUE, { db });
      if (!job) return null;
      await boss.deleteJob(QUEUE, job.id, { db });
      return job.id;
    },
    async remove(tx, taskId) {
      await boss.deleteJob(QUEUE, taskId, { db: fromKysely(tx) });
    },
    close: () => boss.stop({ graceful: false, close: false }),
  };
}

/** pg-boss asks several things at a time, which one connection cannot. */
function oneByOne(connection: Connection): Pick<ConnectionPool, 'query'> {
  let last: Promise<unknown> = Promise.resolve();
  return {
    query: (text, values) => {
      const asked = last.then(() => connection.query<never>(text, values));
      last = asked.catch(() => undefined);
      return asked;
    },
  };
}
