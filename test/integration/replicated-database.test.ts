// A server on a real primary with a real standby: one that is lost, one that commits wait for, a primary that is
// killed or closed for writes while tasks are at work, and the standby that takes its place.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { ConnectionPool } from '../../src/db/connection-pool.ts';
import { Outage } from '../../src/db/outage.ts';
import { rowsOf, run } from '../fixtures/database.ts';
import {
  type ReplicatedPostgres,
  startReplicatedPostgres,
  whyNoReplicatedPostgres,
} from '../fixtures/replicated-postgres.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';
import { silent } from '../fixtures/store.ts';

const none = whyNoReplicatedPostgres();
if (none !== null) process.stderr.write(`skipped: ${none}\n`);
const SOON = { timeout: 40_000, interval: 100 };
const TASK = { instruction: 'do something', scopes: ['keys:read'] };

const isReady = (server: TestServer) =>
  vi.waitFor(async () => expect((await fetch(`${server.url}/readyz`)).status).toBe(200), SOON);

/** Posts one task after the other, each until it is accepted. @returns ids, and what else was answered */
function postingUntil(server: TestServer, stop: AbortSignal) {
  const accepted: string[] = [];
  const refused = new Set<string>();
  const work = async () => {
    while (!stop.aborted) {
      const key = randomUUID();
      for (;;) {
        const headers = { 'idempotency-key': key };
        const { status, body } = await server.call('POST', '/api/v1/tasks/run', { body: TASK, headers });
        if (status === 202) {
          accepted.push(body.task.id);
          break;
        }
        refused.add(`${status} ${body.error.code}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  };
  const done = Promise.all(Array.from({ length: 4 }, work));
  done.catch(() => undefined);
  return { accepted, refused, done };
}

async function synchronously(postgres: ReplicatedPostgres): Promise<void> {
  await run(postgres.primary.url, `alter system set synchronous_standby_names = 'standby'`);
  await run(postgres.primary.url, 'select pg_reload_conf()');
  await vi.waitFor(
    async () =>
      expect(await rowsOf(postgres.primary.url, 'select sync_state from pg_stat_replication')).toEqual([
        { sync_state: 'sync' },
      ]),
    SOON,
  );
}

describe.skipIf(none)('a primary with a standby', { timeout: 120_000 }, () => {
  let postgres: ReplicatedPostgres;
  let server: TestServer;
  beforeAll(async () => {
    postgres = await startReplicatedPostgres();
    server = await startTestServer({ databaseUrl: postgres.url });
  });
  afterAll(async () => {
    await server?.stop();
    await postgres?.[Symbol.asyncDispose]();
  });
  const post = (key: string = randomUUID()) =>
    server.call('POST', '/api/v1/tasks/run', { body: TASK, headers: { 'idempotency-key': key } });

  test('that is away, or not there at all, nobody minds', async () => {
    await postgres.standby.stop();
    expect((await post()).status).toBe(202);
    await postgres.standby.start();
    expect((await post()).status).toBe(202);
  });

  test('that commits wait for, and that is away, holds them until it is back', async () => {
    await run(postgres.primary.url, 'create table kept (id int)');
    await synchronously(postgres);
    expect((await post()).status).toBe(202);
    await postgres.standby.stop();
    const held = post('held');
    const holds = () =>
      rowsOf(
        postgres.primary.url,
        `select from pg_stat_activity where wait_event = 'SyncRep' and datname is not null`,
      );
    await vi.waitFor(async () => expect(await holds()).not.toEqual([]), SOON);
    // Who has waited for as long as a statement may take is told that nobody knows.
    const impatient = { connections: 1, statementMs: 200, lockMs: 200 };
    const pool = new ConnectionPool(postgres.url, impatient, new Outage(silent));
    await expect(pool.query('insert into kept values (1)')).rejects.toMatchObject({
      code: 'unavailable',
    });
    await pool.end();
    await postgres.standby.start();
    expect((await held).status).toBe(202);
    expect(await rowsOf(postgres.primary.url, `select from kept`)).toHaveLength(1);
    expect((await post('held')).body).toEqual((await held).body);
  });

  test('that takes its place when it is killed has all that was acknowledged, and tasks at work go on', async () => {
    const runner = server.runner();
    await post();
    const lease = await runner.lease();
    const earlier = await rowsOf(postgres.primary.url, 'select from tasks');
    const stop = new AbortController();
    const posting = postingUntil(server, stop.signal);
    onTestFinished(() => stop.abort());
    await vi.waitFor(() => expect(posting.accepted.length).toBeGreaterThan(20), SOON);
    await postgres.primary.kill();
    await vi.waitFor(() => expect(posting.refused.size).toBeGreaterThan(0), SOON);
    await postgres.promote();
    postgres.leadTo(postgres.standby);
    const before = posting.accepted.length;
    await vi.waitFor(() => expect(posting.accepted.length).toBeGreaterThan(before + 20), SOON);
    stop.abort();
    await posting.done;
    expect([...posting.refused].filter((answer) => answer !== '503 unavailable')).toEqual([]);
    expect(new Set(posting.accepted).size).toBe(posting.accepted.length);
    const kept = await rowsOf(postgres.standby.url, 'select id from tasks');
    expect(kept.map(({ id }) => id)).toEqual(expect.arrayContaining(posting.accepted));
    // What was repeated because nobody knew was done once.
    expect(kept).toHaveLength(earlier.length + posting.accepted.length);
    await isReady(server);

    const headers = { 'seed-lease': lease.leaseId, 'seed-batch': '1' };
    const event = JSON.stringify({ type: 'text', text: 'still here' });
    expect((await runner.post(`/tasks/${lease.taskId}/events`, event, headers)).status).toBe(204);
    expect(await runner.settle(lease)).toBe(204);
    const { body } = await server.call('GET', `/api/v1/tasks/${lease.taskId}`);
    expect(body.task.status).toBe('completed');
  });
});

test.skipIf(none)(
  'a primary that is closed for writes, and lives on, is left by all connections for the new one',
  { timeout: 120_000 },
  async () => {
    await using postgres = await startReplicatedPostgres();
    const server = await startTestServer({ databaseUrl: postgres.url });
    const post = () => server.call('POST', '/api/v1/tasks/run', { body: TASK });
    const runner = server.runner();
    await post();
    const lease = await runner.lease();
    await Promise.all(Array.from({ length: 20 }, post));
    await synchronously(postgres);
    await run(postgres.primary.url, 'alter system set default_transaction_read_only = on');
    await run(postgres.primary.url, 'select pg_reload_conf()');
    await postgres.promote();
    postgres.leadTo(postgres.standby);
    await vi.waitFor(async () => expect((await post()).status).toBe(202), SOON);
    await isReady(server);
    expect(await runner.settle(lease)).toBe(204);
    const left = () =>
      rowsOf(
        postgres.primary.url,
        `select query from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`,
      );
    await vi.waitFor(async () => expect(await left()).toEqual([]), SOON);
    await server.stop();
  },
);
