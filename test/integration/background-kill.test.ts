// A server that is killed while it does a call in the background: before its effect, during it, and behind it.
// Another server takes the call up: there is one effect or a stated unknown, and the result is kept.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { expect, it } from 'vitest';
import { generateKeySecret } from '../../src/lib/key-secret.ts';
import type { BackgroundCall } from '../../src/protocol/background-call.ts';
import { rowsOf, run, testDatabase } from '../fixtures/database.ts';
import { until } from '../fixtures/seed.ts';
import type { AnyBody } from '../fixtures/server.ts';
import { startServerProcess } from '../fixtures/server-process.ts';

const SOON_MS = 60_000;

it('does nothing twice, and loses nothing', { timeout: 300_000 }, async () => {
  await using parts = new AsyncDisposableStack();
  const database = await testDatabase();
  parts.defer(() => database.drop());
  const dataDir = await mkdtemp(join(tmpdir(), 'seed-background-'));
  parts.defer(() => rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));
  /** Takes a delivery, which may be attempted again as the one that it is, and never answers. */
  const received = new Set<unknown>();
  const receiver = createServer(({ headers }) => void received.add(headers['webhook-id']));
  await new Promise<void>((listening) => void receiver.listen(0, '127.0.0.1', listening));
  parts.defer(() => {
    receiver.closeAllConnections();
    receiver.close();
  });
  const adminKey = generateKeySecret();
  const start = async () => {
    const server = await startServerProcess({
      DATABASE_URL: database.databaseUrl,
      SEED_DATA_DIR: dataDir,
      SEED_ADMIN_KEY: adminKey,
      SEED_WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
    });
    parts.defer(() => server.stop());
    const call = async (method: string, path: string, body?: object, headers: Record<string, string> = {}) => {
      const response = await fetch(`${server.url}/api/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json', ...headers },
        ...(body && { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: (await response.json()) as AnyBody };
    };
    const later = async (path: string, body: object): Promise<string> => {
      const answer = await call('POST', path, body, { prefer: 'respond-async' });
      expect(answer.status).toBe(202);
      return answer.body.call.id;
    };
    const kill = async () => {
      server.child.kill('SIGKILL');
      await until('it is dead', () => server.child.signalCode !== null);
    };
    const over = (id: string) =>
      until(
        'the call is over',
        async () => {
          const { body } = await call('GET', `/background/${id}`, undefined, { prefer: 'wait=5' });
          return body.call.status !== 'running' && (body.call as BackgroundCall);
        },
        SOON_MS,
      );
    return { call, later, kill, over };
  };
  /** What the dead had claimed. */
  const lapse = async () => {
    for (const [table, moment] of Object.entries({
      background_calls: 'claimed_until',
      idempotency: 'working_until',
    }))
      await run(database.databaseUrl, `update ${table} set ${moment} = now() where ${moment} is not null`);
  };
  const holding = async (table: string) => {
    const locker = new Client({ connectionString: database.databaseUrl });
    await locker.connect();
    await locker.query(`begin; lock table ${table} in exclusive mode`);
    return locker;
  };
  const waits = (table: string) =>
    until(
      'something waits for the table',
      async () => {
        const held = `select 1 from pg_locks where not granted and relation = '${table}'::regclass`;
        return (await rowsOf(database.databaseUrl, held)).length > 0;
      },
      SOON_MS,
    );
  const keysNamed = (name: string) =>
    rowsOf(database.databaseUrl, `select id from keys where name = '${name}'`) as Promise<{ id: string }[]>;

  // Before: the call has begun, and nothing of it is done.
  const first = await start();
  const before = await holding('idempotency');
  const early = await first.later('/keys', { name: 'early', scopes: ['keys:read'] });
  await waits('idempotency');
  await first.kill();
  await before.end();
  await lapse();
  expect(await keysNamed('early')).toEqual([]);
  const second = await start();
  const done = await second.over(early);
  expect(done).toMatchObject({ status: 'done', httpStatus: 201, result: { key: { name: 'early' } } });
  expect(await keysNamed('early')).toEqual([{ id: (done.result as AnyBody).key.id }]);

  // During: the other side has it, and has said nothing.
  const { port } = receiver.address() as AddressInfo;
  const hook = { url: `http://127.0.0.1:${port}/`, events: ['task.completed'] };
  const { webhook } = (await second.call('POST', '/webhooks', hook)).body;
  const under = await second.later(`/webhooks/${webhook.id}/test`, {});
  await until('it was received', () => received.size === 1, SOON_MS);
  await second.kill();
  await lapse();
  const third = await start();
  expect(await third.over(under)).toMatchObject({
    status: 'unknown',
    httpStatus: null,
    result: null,
    error: { code: 'outcome_unknown' },
  });
  expect(received.size).toBe(1);

  // Behind: it is done, and nobody has been told.
  const held = await holding('idempotency');
  const late = await third.later('/keys', { name: 'late', scopes: ['keys:read'] });
  await waits('idempotency');
  const ends = await holding('background_calls');
  await held.end();
  await until('it is done', async () => (await keysNamed('late')).length > 0, SOON_MS);
  await waits('background_calls');
  await third.kill();
  await ends.end();
  await lapse();
  const [fourth, fifth] = [await start(), await start()];
  const told = await fourth.over(late);
  expect(told).toMatchObject({ status: 'done', httpStatus: 201, result: { key: { name: 'late' } } });
  expect(await keysNamed('late')).toEqual([{ id: (told.result as AnyBody).key.id }]);
  const { secret } = told.result as AnyBody;
  expect((await fifth.call('GET', '/whoami', undefined, { authorization: `Bearer ${secret}` })).status).toBe(200);
  // One row of the ledger for what was done, whoever did it.
  const rows = await rowsOf(database.databaseUrl, `select status from calls where id in ('${early}', '${late}')`);
  expect(rows.map(({ status }) => status)).toEqual([201, 201]);
  expect(received.size).toBe(1);
});
