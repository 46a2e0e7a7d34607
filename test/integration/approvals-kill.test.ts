// A server that is killed between a decision and its call, and in the middle of the call: another takes it up,
// does it once where that can be known, and says so where it cannot.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { expect, it } from 'vitest';
import { generateKeySecret } from '../../src/lib/key-secret.ts';
import { rowsOf, run, testDatabase } from '../fixtures/database.ts';
import { until } from '../fixtures/seed.ts';
import type { AnyBody } from '../fixtures/server.ts';
import { startServerProcess } from '../fixtures/server-process.ts';

it('the server is killed', { timeout: 120_000 }, async () => {
  await using parts = new AsyncDisposableStack();
  const database = await testDatabase();
  parts.defer(() => database.drop());
  const dataDir = await mkdtemp(join(tmpdir(), 'seed-approved-'));
  parts.defer(() => rm(dataDir, { recursive: true, force: true }));
  const adminKey = generateKeySecret();
  let received = 0;
  const receiver = createServer(() => {
    received += 1;
  });
  await new Promise<void>((listening) => void receiver.listen(0, '127.0.0.1', listening));
  parts.defer(() => void receiver.close().closeAllConnections());
  const { port } = receiver.address() as AddressInfo;

  const start = async () => {
    const server = await startServerProcess({
      DATABASE_URL: database.databaseUrl,
      SEED_DATA_DIR: dataDir,
      SEED_ADMIN_KEY: adminKey,
      SEED_WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
    });
    parts.defer(() => server.stop());
    const call = async (method: string, path: string, body?: object, key = adminKey, wait = 0) => {
      const response = await fetch(`${server.url}/api/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', prefer: `wait=${wait}` },
        ...(body && { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: (await response.json()) as AnyBody };
    };
    return { server, call };
  };
  const kill = async ({ server }: Awaited<ReturnType<typeof start>>) => {
    server.child.kill('SIGKILL');
    await until('it is dead', () => server.child.exitCode !== null || server.child.signalCode !== null);
  };

  const first = await start();
  const made = await first.call('POST', '/keys', {
    name: 'asks',
    scopes: ['keys:write', 'webhooks:*'],
    approval: { effects: ['write'] },
  });
  const asking = made.body.secret as string;
  const hook = await first.call('POST', '/webhooks', {
    url: `http://127.0.0.1:${port}/`,
    events: ['key.expiring'],
  });
  const key = await first.call('POST', '/keys', { name: 'once', scopes: ['webhooks:read'] }, asking);
  const test = await first.call('POST', `/webhooks/${hook.body.webhook.id}/test`, {}, asking);
  expect([key.status, test.status]).toEqual([202, 202]);
  const [keyApproval, testApproval] = [key.body.approval.id, test.body.approval.id];

  // The call reaches the other service, which never answers.
  await first.call('POST', `/approvals/${testApproval}/approve`, {});
  await until('it is received', () => received === 1);
  // The work of the other cannot begin: what finds it again is locked.
  const locker = new Client({ connectionString: database.databaseUrl });
  await locker.connect();
  await locker.query('begin; lock table idempotency in exclusive mode');
  const approved = await first.call('POST', `/approvals/${keyApproval}/approve`, {});
  expect([approved.status, approved.body.approval.state]).toEqual([200, 'approved']);
  await kill(first);
  await locker.end();
  expect(await rowsOf(database.databaseUrl, `select id from keys where name = 'once'`)).toEqual([]);

  // As if the times were over after which another server may take up what this one was at.
  await run(database.databaseUrl, 'update idempotency set working_until = now()');
  await run(database.databaseUrl, 'update approvals set claimed_until = now()');
  const second = await start();
  const ofKey = await second.call('GET', `/approvals/${keyApproval}`, undefined, asking, 20);
  expect(ofKey.body.approval).toMatchObject({ state: 'approved', error: null, result: { key: { name: 'once' } } });
  expect(await rowsOf(database.databaseUrl, `select id from keys where name = 'once'`)).toHaveLength(1);
  const ofTest = await second.call('GET', `/approvals/${testApproval}`, undefined, asking, 20);
  expect(ofTest.body.approval).toMatchObject({ state: 'approved', error: { code: 'outcome_unknown' } });
  expect(received).toBe(1);
  expect(
    await rowsOf(database.databaseUrl, `select status from calls where approval_id = '${testApproval}'`),
  ).toEqual([{ status: null }]);
});
