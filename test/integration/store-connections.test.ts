// What may happen to a connection to the database, and that it stays the error of whoever uses it: ended by
// Postgres at any moment, not heard any more, stopped, answered with nonsense.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openConnection } from '../../src/db/connection.ts';
import { ConnectionPool, type PoolLimits } from '../../src/db/connection-pool.ts';
import { Listening } from '../../src/db/listening.ts';
import { Outage } from '../../src/db/outage.ts';
import { Signals } from '../../src/db/signals.ts';
import { openStore, type Store } from '../../src/db/store.ts';
import { notify } from '../../src/db/telling.ts';
import { openKeyCache } from '../../src/server/access/presented-key.ts';
import { openTaskCache } from '../../src/server/tasks/find.ts';
import { run } from '../fixtures/database.ts';
import { type LinedDatabase, linedDatabase } from '../fixtures/lined-database.ts';
import { silent } from '../fixtures/store.ts';

const UNAVAILABLE = { code: 'unavailable', status: 503, retryAfterSeconds: expect.any(Number) };
const LONG_MS = 60_000;

let database: LinedDatabase;
let store: Store;
beforeAll(async () => {
  database = await linedDatabase();
  store = await openStore({ databaseUrl: database.linedUrl, log: silent });
});
afterAll(async () => {
  await store.close();
  await database.drop();
});

const ownPid = sql<{ pid: number }>`select pg_backend_pid() as pid`;
const terminate = (which: string) =>
  run(
    database.databaseUrl,
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid() and ${which}`,
  );

/** Of a pool with other limits than the store's. */
async function withPool(
  limits: Partial<PoolLimits>,
  work: (pool: ConnectionPool) => Promise<void>,
): Promise<void> {
  const all = { connections: 3, statementMs: 60_000, lockMs: 60_000, ...limits };
  const pool = new ConnectionPool(database.linedUrl, all, new Outage(silent));
  try {
    await work(pool);
  } finally {
    await pool.end();
  }
}

describe('a connection that Postgres ends', () => {
  test('in a statement', async () => {
    const tx = store.db.transaction().execute(async (tx) => {
      await sql`select pg_terminate_backend(pg_backend_pid()), pg_sleep(10)`.execute(tx);
    });
    await expect(tx).rejects.toMatchObject(UNAVAILABLE);
    await store.check();
  });

  test('between two statements of a transaction', async () => {
    const tx = store.db.transaction().execute(async (tx) => {
      const { rows } = await ownPid.execute(tx);
      await terminate(`pid = ${rows[0]?.pid}`);
      await ownPid.execute(tx);
    });
    await expect(tx).rejects.toMatchObject(UNAVAILABLE);
    await store.check();
  });

  test('before the rollback, which then cannot be', async () => {
    const tx = store.db.transaction().execute(async (tx) => {
      const { rows } = await ownPid.execute(tx);
      await terminate(`pid = ${rows[0]?.pid}`);
      throw new Error('given up');
    });
    await expect(tx).rejects.toThrow();
    await store.check();
  });

  test('at the commit, after which nobody knows', async () => {
    await run(
      database.databaseUrl,
      `create table fragile (id int);
       create function end_it() returns trigger language plpgsql as
         'begin perform pg_terminate_backend(pg_backend_pid()); return null; end';
       create constraint trigger at_commit after insert on fragile deferrable initially deferred
         for each row execute function end_it()`,
    );
    const tx = store.db.transaction().execute(async (tx) => {
      await sql`insert into fragile values (1)`.execute(tx);
    });
    await expect(tx).rejects.toMatchObject(UNAVAILABLE);
    await store.check();
  });

  test('whichever it is and whatever it does, and never more than once for each', async () => {
    const work = async () => {
      await store.db.transaction().execute(async (tx) => {
        await sql`select pg_sleep(0.01)`.execute(tx);
        await notify(tx, 'queue');
      });
      await openKeyCache(store).presentedKey('none');
      await sql`select 1`.execute(store.longRunning);
    };
    for (let time = 0; time < 5; time += 1) {
      const working = Promise.allSettled(Array.from({ length: 20 }, work));
      await terminate('true');
      for (const { status, ...outcome } of await working) {
        if (status === 'rejected') expect(outcome).toMatchObject({ reason: UNAVAILABLE });
      }
    }
    await store.check();
    await work();
  });
});

describe('a connection that is not heard any more', () => {
  const limits = { statementMs: 200, lockMs: 200 };

  test('is given up after its time, and with it all that are as old', async () => {
    await withPool({ connections: 5, ...limits }, async (pool) => {
      await Promise.all(Array.from({ length: 5 }, () => pool.query('select pg_sleep(0.05)')));
      database.line.strand();
      const startedAt = performance.now();
      await expect(pool.query('select 1', [], 300)).rejects.toMatchObject(UNAVAILABLE);
      await Promise.all(Array.from({ length: 10 }, () => pool.query('select 1')));
      expect(performance.now() - startedAt).toBeLessThan(2_500);
    });
  });

  test('ends the transaction at once, without waiting for the rollback', async () => {
    await withPool(limits, async (pool) => {
      const connection = await pool.connect();
      await connection.query('begin');
      database.line.strand();
      await expect(connection.query('select 1', [], 300)).rejects.toMatchObject(UNAVAILABLE);
      const startedAt = performance.now();
      await expect(connection.query('rollback')).rejects.toMatchObject(UNAVAILABLE);
      expect(performance.now() - startedAt).toBeLessThan(100);
      connection.release();
      await pool.query('select 1');
    });
  });

  test('and was idle is not even lent', async () => {
    await withPool({ connections: 2 }, async (pool) => {
      await Promise.all([pool.query('select pg_sleep(0.05)'), pool.query('select pg_sleep(0.05)')]);
      await sleep(1_100);
      database.line.strand();
      const startedAt = performance.now();
      await pool.query('select 1');
      expect(performance.now() - startedAt).toBeLessThan(3_500);
    });
  });

  test('is no news for whoever looks up a key meanwhile', async () => {
    await Promise.all([openKeyCache(store).presentedKey('a'), openKeyCache(store).session('b')]);
    database.line.strand();
    const startedAt = performance.now();
    await openKeyCache(store).presentedKey('none');
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  test('that listens is replaced, and whoever waits is woken', async () => {
    const times = { everyMs: 100, patienceMs: 200 };
    const signals = new Signals(new Listening(database.linedUrl, new Outage(silent), times));
    await signals.open();
    using waiting = signals.subscribe('task:1');
    database.line.strand();
    await waiting.next(LONG_MS);
    await run(database.databaseUrl, `select pg_notify('seed', 'task:1')`);
    await waiting.next(LONG_MS);
    await signals.close();
  });

  test('does not keep the pool or the store from ending', async () => {
    const other = await openStore({ databaseUrl: database.linedUrl, log: silent });
    const stuck = other.db.transaction().execute(async (tx) => {
      await ownPid.execute(tx);
      database.line.strand();
      await ownPid.execute(tx);
    });
    stuck.catch(() => undefined);
    const startedAt = performance.now();
    await other.close();
    expect(performance.now() - startedAt).toBeLessThan(9_000);
    await expect(stuck).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('a statement that takes too long', () => {
  test('is ended by Postgres, and its connection goes on', async () => {
    await withPool({ connections: 1, statementMs: 100 }, async (pool) => {
      const connection = await pool.connect();
      await expect(connection.query('select pg_sleep(30)')).rejects.toMatchObject(UNAVAILABLE);
      await connection.query('select 1');
      connection.release();
    });
  });

  test('of waiting for a lock, too', async () => {
    await withPool({ lockMs: 100 }, async (pool) => {
      const [holder, waiter] = [await pool.connect(), await pool.connect()];
      await holder.query('select pg_advisory_lock(1)');
      await expect(waiter.query('select pg_advisory_lock(1)')).rejects.toMatchObject(UNAVAILABLE);
      holder.release(true);
      waiter.release(true);
    });
  });

  test('in a backend that is stopped gives its connection up', async () => {
    await withPool({ connections: 1, statementMs: 100 }, async (pool) => {
      const { rows } = await pool.query<{ pid: number }>('select pg_backend_pid() as pid');
      const pid = rows[0]?.pid ?? 0;
      process.kill(pid, 'SIGSTOP');
      try {
        await expect(pool.query('select 1', [], 300)).rejects.toMatchObject(UNAVAILABLE);
        const after = await pool.query<{ pid: number }>('select pg_backend_pid() as pid');
        expect(after.rows[0]?.pid).not.toBe(pid);
      } finally {
        process.kill(pid, 'SIGCONT');
      }
    });
  });
});

test('a look-up outlives a migration after which its plan is none any more', async () => {
  const task = () => openTaskCache(store).find(randomUUID(), randomUUID());
  expect(await task()).toBeNull();
  await run(database.databaseUrl, 'alter table tasks add column added int');
  expect(await task()).toBeNull();
});

test('all connections in use is unavailable, and passes', { timeout: 40_000 }, async () => {
  await withPool({ connections: 1 }, async (pool) => {
    const taken = await pool.connect();
    await expect(pool.query('select 1')).rejects.toMatchObject({
      ...UNAVAILABLE,
      message: 'all connections to the database are in use',
    });
    taken.release();
    await pool.query('select 1');
  });
});

/**
 * The first answer to a client, from something that is no Postgres or a Postgres that is set up in a way that is
 * not known.
 */
test.each([
  ['HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ['a way to sign in that is not known (GSSAPI)', Buffer.from('R\0\0\0\x08\0\0\0\x07', 'latin1')],
  ['a message that is cut', Buffer.from('R\0\0\0\x04\x01\x02\x03', 'latin1')],
  ['a wish for MD5 without a password', Buffer.from('R\0\0\0\x0c\0\0\0\x05abcd', 'latin1')],
  ['signing in that goes on before it began', Buffer.from('R\0\0\0\x0a\0\0\0\x0b\0\0', 'latin1')],
  ['zeros', Buffer.alloc(64)],
])('%s for an answer is unavailable', async (_what, bytes) => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(bytes));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `postgres://someone@127.0.0.1:${(server.address() as AddressInfo).port}/none`;
  const limits = { statementMs: 100, lockMs: 100 };
  await expect(openConnection(url, limits, new Outage(silent))).rejects.toMatchObject(UNAVAILABLE);
  server.close();
});
