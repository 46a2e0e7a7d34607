// Servers whose DATABASE_URL leads through a real PgBouncer: in transaction mode, with few sessions and nothing that
// tidies them up, what a server needs works, and nothing of it stays in a session.
import { Client } from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ConnectionPool } from '../../src/db/connection-pool.ts';
import { LOOK_UP_LIMITS } from '../../src/db/look-up.ts';
import { Outage } from '../../src/db/outage.ts';
import { Polling } from '../../src/db/polling.ts';
import { Signals } from '../../src/db/signals.ts';
import { openStore } from '../../src/db/store.ts';
import { notify } from '../../src/db/telling.ts';
import { emptyDatabase, rowsOf, run, type TestDatabase, testDatabase } from '../fixtures/database.ts';
import { leftBehind, type PgBouncer, startPgBouncer, whyNoPgBouncer } from '../fixtures/pgbouncer.ts';
import { startTestServer, type TestServer, withExamples } from '../fixtures/server.ts';
import { silent } from '../fixtures/store.ts';
import { startReceiver } from '../fixtures/webhook-receiver.ts';

const none = whyNoPgBouncer();
if (none !== null) process.stderr.write(`skipped: ${none}\n`);
const SESSIONS = 3;
const LONG_MS = 60_000;
const SOON = { timeout: 20_000, interval: 50 };

describe.skipIf(none)('a pooler in transaction mode', () => {
  let pooler: PgBouncer;
  let database: TestDatabase;
  let pooledUrl: string;
  beforeAll(async () => {
    database = await testDatabase();
    pooler = await startPgBouncer(database.databaseUrl, { default_pool_size: SESSIONS });
    pooledUrl = pooler.pooled(database.databaseUrl);
  });
  afterAll(async () => {
    await pooler?.stop();
    await database?.drop();
  });

  const post = (server: Pick<TestServer, 'call'>, body: object = {}, headers = {}) =>
    server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'work', ...body }, headers });

  test.each([false, true])(
    'carries two servers and all that they do, with a direct address: %s',
    {
      timeout: 60_000,
    },
    async (hasDirect) => {
      await using undo = new AsyncDisposableStack();
      const own = await testDatabase();
      undo.defer(own.drop);
      const url = pooler.pooled(own.databaseUrl);
      const packs = withExamples('crm');
      const addresses = { databaseUrl: url, databaseDirectUrl: hasDirect ? own.databaseUrl : null };
      // What `seed migrate` does, for the one that cannot.
      const migrating = await startTestServer({ databaseUrl: own.databaseUrl, databaseDirectUrl: null, packs });
      await migrating.stop();
      const receiver = await startReceiver();
      undo.defer(receiver.close);
      const server = await startTestServer({ ...addresses, packs, webhookNetworks: ['127.0.0.0/8'] });
      undo.defer(server.stop);
      const sibling = await server.sibling();
      undo.defer(sibling.stop);
      const runner = server.runner();
      await runner.appear();

      // A runner that waits at the one is woken by what is posted to the other.
      const leasing = runner.lease();
      const repeated = { 'idempotency-key': 'once' };
      const posted = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          post(index % 2 ? server : sibling, { webhookUrl: receiver.url }, repeated),
        ),
      );
      expect(new Set(posted.map(({ status }) => status))).toEqual(new Set([202]));
      expect(new Set(posted.map(({ body }) => body.task.id)).size).toBe(1);
      const lease = await leasing;

      // Who follows its events at the other hears them as they come.
      const stream = await fetch(`${sibling.url}/api/v1/tasks/${lease.taskId}/events`, {
        headers: { authorization: `Bearer ${server.adminKey}`, accept: 'text/event-stream' },
      });
      const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
      const seen: string[] = [];
      const following = (async () => {
        for (;;) {
          const { value, done } = (await reader?.read()) ?? { done: true };
          if (done) return;
          seen.push(value ?? '');
        }
      })();
      const headers = { 'seed-lease': lease.leaseId, 'seed-batch': '1' };
      const event = `${JSON.stringify({ type: 'text', text: 'told through the pooler' })}\n`;
      expect((await runner.post(`/tasks/${lease.taskId}/events`, event, headers)).status).toBe(204);
      await vi.waitFor(() => expect(seen.join('')).toContain('told through the pooler'), SOON);

      // The task's own calls: a model, a command of Seed's, and one of a pack in its tables.
      const model = await server.call('POST', '/llm/v1/chat/completions', {
        key: lease.taskKey,
        body: { model: 'scripted', messages: [{ role: 'user', content: 'x' }] },
      });
      expect(model.status).toBe(200);
      expect((await server.call('POST', '/api/v1/packs/crm/samples')).status).toBe(200);
      const contacts = await Promise.all(
        Array.from({ length: 12 }, () => server.call('GET', '/api/v1/contacts/acme-corp')),
      );
      expect(new Set(contacts.map(({ status }) => status))).toEqual(new Set([200]));
      expect(await runner.settle(lease)).toBe(204);
      await following;
      await receiver.has(1, ({ body }) => body.type === 'task.completed');
      const report = await server.call('GET', '/api/v1/obs/summary');
      expect(report.status).toBe(200);
      expect((await sibling.call('GET', `/api/v1/tasks/${lease.taskId}`)).body.task.status).toBe('completed');

      // A key that is revoked at the one is worth nothing at the other, within the second that it is known there.
      const key = await server.newKey(['tasks:read']);
      const asked = () => sibling.call('GET', '/api/v1/tasks', { key: key.secret });
      expect((await asked()).status).toBe(200);
      expect((await server.call('POST', `/api/v1/keys/${key.id}/revoke`)).status).toBe(200);
      await vi.waitFor(async () => expect((await asked()).status).toBe(401), SOON);
      expect(await leftBehind(url, SESSIONS)).toEqual([]);
    },
  );

  test('is migrated through by nobody: a start says which setting is missing, and makes nothing', async () => {
    const empty = await emptyDatabase();
    const url = pooler.pooled(empty.databaseUrl);
    await expect(openStore({ databaseUrl: url, log: silent })).rejects.toMatchObject({
      code: 'invalid_settings',
      message: expect.stringMatching(/has to be migrated \(0001_.*pooler/),
      hint: expect.stringContaining('SEED_DATABASE_DIRECT_URL'),
    });
    expect(await rowsOf(empty.databaseUrl, `select tablename from pg_tables where schemaname = 'public'`)).toEqual(
      [],
    );
    await (await openStore({ databaseUrl: url, directUrl: empty.databaseUrl, log: silent })).close();
    await (await openStore({ databaseUrl: url, log: silent })).close();
    // Nor is the queue made through it, which has tables of its own.
    await run(empty.databaseUrl, 'drop schema pgboss cascade');
    await expect(openStore({ databaseUrl: url, log: silent })).rejects.toMatchObject({ code: 'invalid_settings' });
    await empty.drop();
  });

  test('is no direct address, and a direct one leads to the same database', async () => {
    const open = (directUrl: string) => openStore({ databaseUrl: pooledUrl, directUrl, log: silent });
    await expect(open(pooledUrl)).rejects.toMatchObject({
      code: 'invalid_settings',
      message: expect.stringContaining('SEED_DATABASE_DIRECT_URL leads through a pooler'),
    });
    const other = await emptyDatabase();
    await expect(open(other.databaseUrl)).rejects.toMatchObject({
      code: 'invalid_settings',
      message: expect.stringContaining('another database'),
    });
    await other.drop();
  });

  test('holds statements to their limits, each to those of its own pool', async () => {
    const limits = { connections: 2, statementMs: 300, lockMs: 100 };
    const pool = new ConnectionPool(pooledUrl, limits, new Outage(silent));
    await expect(pool.query('select pg_sleep($1)', [5])).rejects.toMatchObject({
      message: 'the database took too long for this',
    });
    await expect(pool.query('select pg_sleep(5)')).rejects.toMatchObject({
      message: 'the database took too long for this',
    });
    const connection = await pool.connect();
    await connection.query('start transaction isolation level repeatable read read only');
    const shown = await connection.query<Record<string, string>>(`select current_setting('statement_timeout') as
      statement, current_setting('lock_timeout') as lock, current_setting('transaction_isolation') as isolation`);
    expect(shown.rows).toEqual([{ statement: '300ms', lock: '100ms', isolation: 'repeatable read' }]);
    await connection.query('commit');
    connection.release();
    const outside = new Client({ connectionString: pooledUrl });
    await outside.connect();
    expect((await outside.query(`select current_setting('statement_timeout') as is`)).rows).toEqual([{ is: '0' }]);
    await outside.end();
    await pool.end();
    expect(await leftBehind(pooledUrl, SESSIONS)).toEqual([]);
  });

  test('what stays in a session would be seen', async () => {
    const client = new Client({ connectionString: pooledUrl });
    await client.connect();
    await client.query(`set statement_timeout = '1min'; listen somewhere; select pg_advisory_lock(1)`);
    await client.query({ name: 'named', text: 'select 1' });
    await client.end();
    expect((await leftBehind(pooledUrl, SESSIONS)).sort()).toEqual([
      'channel somewhere',
      'lock 1',
      'setting statement_timeout=60000',
      'statement named',
    ]);
    const tidy = new Client({ connectionString: pooledUrl });
    await tidy.connect();
    await tidy.query('discard all');
    await tidy.end();
  });

  test('is polled for wake-ups while somebody waits, one statement at a time, and else left alone', async () => {
    const pool = new ConnectionPool(pooledUrl, LOOK_UP_LIMITS, new Outage(silent));
    const asked = vi.spyOn(pool, 'query');
    const signals = new Signals(new Polling(pool, { waitedMs: 25, elseMs: LONG_MS }));
    await signals.open();
    const store = await openStore({ databaseUrl: pooledUrl, log: silent });
    asked.mockClear();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(asked).not.toHaveBeenCalled();

    const waiting = signals.subscribe('task:1');
    const other = signals.subscribe('queue');
    const since = performance.now();
    await notify(store.db, 'task:1');
    await waiting.next(LONG_MS);
    await notify(store.db, 'keys');
    await waiting.next(300);
    const longest = (performance.now() - since) / 25;
    expect(asked.mock.calls.length).toBeGreaterThan(3);
    expect(asked.mock.calls.length).toBeLessThan(longest + 2);
    // Another topic's sequence has moved, not its own.
    let woken = false;
    const waited = other.next(LONG_MS).then(() => {
      woken = true;
    });
    await notify(store.db, 'webhooks');
    await waiting.next(150);
    expect(woken).toBe(false);
    await notify(store.db, 'queue');
    await waited;
    waiting[Symbol.dispose]();
    other[Symbol.dispose]();
    await signals.close();
    await store.close();
    await pool.end();
  });

  test('whose Postgres is not there for a while is waited for', { timeout: 60_000 }, async () => {
    const server = await startTestServer({ databaseUrl: pooledUrl });
    await run(
      database.databaseUrl,
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()
         and pid <> pg_backend_pid()`,
    );
    await vi.waitFor(async () => expect((await post(server)).status).toBe(202), SOON);
    await server.stop();
  });
});

describe.skipIf(none)('a pooler in another mode', () => {
  test('that keeps sessions is used for them, without settings that need one', async () => {
    const { databaseUrl, drop } = await testDatabase();
    const pooler = await startPgBouncer(databaseUrl, { pool_mode: 'session', default_pool_size: 40 });
    const lines: object[] = [];
    const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
    const url = pooler.pooled(databaseUrl);
    const [one, other] = [await openStore({ databaseUrl: url, log }), await openStore({ databaseUrl: url, log })];
    expect(lines).toContainEqual(
      expect.objectContaining({ work: 'pooled', sessions: 'pooled by session', wakes: 'by LISTEN' }),
    );
    using waiting = other.signals.subscribe('task:1');
    await notify(one.db, 'task:1');
    await waiting.next(LONG_MS);
    await Promise.all([one.close(), other.close()]);
    await pooler.stop();
    await drop();
  });

  test('that lends them by the statement is refused', async () => {
    const { databaseUrl, drop } = await testDatabase();
    const pooler = await startPgBouncer(databaseUrl, { pool_mode: 'statement' });
    await expect(openStore({ databaseUrl: pooler.pooled(databaseUrl), log: silent })).rejects.toMatchObject({
      code: 'invalid_settings',
      message: expect.stringContaining('by the statement'),
    });
    await pooler.stop();
    await drop();
  });
});
