// A server that is killed in the middle of a call: what it was at is unknown, and says so; a repeat does nothing
// twice.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { generateKeySecret } from '../../src/lib/key-secret.ts';
import { rowsOf, run, type TestDatabase, testDatabase } from '../fixtures/database.ts';
import type { AnyBody } from '../fixtures/server.ts';

const adminKey = generateKeySecret();
let database: TestDatabase;
let dataDir: string;
/** Takes a delivery and never answers. */
let receiver: Server;
let received = 0;
const running = new Set<ChildProcess>();

beforeAll(async () => {
  database = await testDatabase();
  dataDir = await mkdtemp(join(tmpdir(), 'seed-killed-'));
  receiver = createServer(() => {
    received += 1;
  });
  await new Promise<void>((listening) => void receiver.listen(0, '127.0.0.1', listening));
});
afterAll(async () => {
  for (const child of running) {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
  receiver?.closeAllConnections();
  receiver?.close();
  await database?.drop();
  await rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

async function start() {
  const child = spawn(process.execPath, ['src/server/main.ts'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      SEED_DATA_DIR: dataDir,
      SEED_RUNNER_TOKEN: 'r'.repeat(32),
      SEED_ADMIN_KEY: adminKey,
      SEED_PACKS: 'none',
      SEED_WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
      DATABASE_URL: database.databaseUrl,
      PORT: '0',
    },
  });
  running.add(child);
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  await expect.poll(() => /"url":"http:[^"]+"/.test(stderr), { timeout: 30_000 }).toBe(true);
  const url = stderr.match(/"url":"(http:[^"]+)"/)?.[1] ?? '';
  const post = async (path: string, body: object, headers: Record<string, string> = {}) => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as AnyBody };
  };
  const kill = async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return { url, post, kill };
}

const rowOf = async (idempotencyKey: string) =>
  (
    await rowsOf(
      database.databaseUrl,
      `select command, status, duration_ms from calls where idempotency_key = '${idempotencyKey}'`,
    )
  )[0];

it('between the row and its outcome', { timeout: 120_000 }, async () => {
  const first = await start();
  const { port } = receiver.address() as AddressInfo;
  const { body } = await first.post('/webhooks', {
    url: `http://127.0.0.1:${port}/`,
    events: ['key.created'],
  });
  const test = (server: typeof first) =>
    server.post(`/webhooks/${body.webhook.id}/test`, {}, { 'idempotency-key': 'test' });
  const runTask = (server: typeof first) =>
    server.post('/tasks/run', { instruction: 'x' }, { 'idempotency-key': 'task', prefer: 'wait=60' });
  const runner = {
    id: crypto.randomUUID(),
    name: 'r',
    slots: 1,
    freeSlots: 0,
    driver: 'test',
    isolation: 'user-kernel',
    probes: [{ driver: 'test', usable: true, isolation: 'user-kernel' }],
  };
  await rowsOf(
    database.databaseUrl,
    `insert into runners (id, name, state, last_seen) values ('${runner.id}', 'r', '${JSON.stringify(runner)}', now())`,
  );
  const calls = [test(first), runTask(first)].map((call) => call.catch((error: Error) => error));
  await expect.poll(() => received, { timeout: 20_000 }).toBe(1);
  await expect
    .poll(async () => (await rowsOf(database.databaseUrl, 'select id from tasks')).length, {
      timeout: 20_000,
    })
    .toBe(1);
  await first.kill();
  expect((await Promise.all(calls)).every((call) => call instanceof Error)).toBe(true);
  expect(await rowOf('test')).toEqual({ command: 'webhooks test', status: null, duration_ms: null });
  expect(await rowOf('task')).toEqual({ command: 'tasks run', status: null, duration_ms: null });

  // As if the half minute were over after which another server may take the claims over.
  await run(database.databaseUrl, 'update idempotency set working_until = now()');
  const second = await start();
  const again = await test(second);
  expect([again.status, again.body.error.code]).toEqual([409, 'outcome_unknown']);
  const [task] = await rowsOf(database.databaseUrl, 'select id from tasks');
  await rowsOf(database.databaseUrl, `update tasks set status = 'stopped', completed_at = now()`);
  const found = await runTask(second);
  expect([found.status, found.body.task.id]).toEqual([202, task?.['id']]);
  expect(await rowsOf(database.databaseUrl, 'select id from tasks')).toHaveLength(1);
  expect(await rowOf('task')).toMatchObject({ status: 202 });
  expect(await rowOf('test')).toMatchObject({ status: null });
  await second.kill();
});
