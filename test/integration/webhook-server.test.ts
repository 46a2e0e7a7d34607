// Webhooks and the server as a process: the key that their secrets are sealed with, and what the log does not say.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { generateKeySecret } from '../../src/lib/key-secret.ts';
import { type TestDatabase, testDatabase } from '../fixtures/database.ts';
import { until } from '../fixtures/seed.ts';
import { startReceiver, status } from '../fixtures/webhook-receiver.ts';

let dataDir: string;
let database: TestDatabase;
const running = new Set<ChildProcess>();
const adminKey = generateKeySecret();

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'seed-webhooks-'));
  database = await testDatabase();
});
afterEach(async () => {
  for (const child of running) {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
  running.clear();
  await database.drop();
  await rm(dataDir, { recursive: true, force: true });
});

function start(environment: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, ['src/server/main.ts'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      SEED_DATA_DIR: dataDir,
      SEED_RUNNER_TOKEN: 'r'.repeat(32),
      SEED_ADMIN_KEY: adminKey,
      SEED_WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
      SEED_SECRETS_KEY: '',
      SEED_LOG_LEVEL: 'debug',
      DATABASE_URL: database.databaseUrl,
      PORT: '0',
      ...environment,
    },
  });
  running.add(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said += chunk;
    });
  }
  const exited = once(child, 'exit') as Promise<[number | null]>;
  return {
    child,
    exited,
    said: () => said,
    url: () => until('the server listens', () => /"url":"(http:[^"]+)"/.exec(said)?.[1], 30_000),
  };
}

async function call(url: string, path: string, body: object): Promise<Record<string, string>> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return (await response.json()) as Record<string, string>;
}

it('the key is made once into a file that only its owner reads, and another key does not start', async () => {
  const first = start();
  await first.url();
  const path = join(dataDir, 'secrets.key');
  const key = await readFile(path, 'utf8');
  expect(key).toMatch(/^[0-9a-f]{64}\n$/);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  first.child.kill('SIGTERM');
  await first.exited;
  const second = start();
  await second.url();
  expect(await readFile(path, 'utf8')).toBe(key);
  const beside = start({ SEED_SECRETS_KEY: key.trim(), SEED_DATA_DIR: join(dataDir, 'other') });
  await beside.url();
  const wrong = start({ SEED_SECRETS_KEY: 'x'.repeat(64) });
  expect((await wrong.exited)[0]).toBe(1);
  expect(wrong.said()).toContain("SEED_SECRETS_KEY is not the key that this database's secrets are sealed with");
  expect(wrong.said()).not.toContain('x'.repeat(64));
  const short = start({ SEED_SECRETS_KEY: 'short' });
  expect((await short.exited)[0]).toBe(1);
  expect(short.said()).toContain('SEED_SECRETS_KEY is not set or shorter than 32');
});

it('the log holds no secret, no signature, no body and no address of a webhook', async () => {
  const receiver = await startReceiver((response, delivered, request) =>
    status(delivered.path.includes('bad') ? 500 : 200, {}, 'answer-of-the-receiver')(response, delivered, request),
  );
  const server = start();
  const url = await server.url();
  const secrets: string[] = [];
  for (const path of ['good', 'bad'])
    secrets.push((await call(url, '/webhooks', { url: `${receiver.url}/${path}?token=canary` }))['secret'] ?? '');
  await call(url, '/webhooks', { url: 'http://127.0.0.1:9/refuses?token=canary' });
  await call(url, '/keys', { name: 'name-in-the-body', scopes: ['keys:read'] });
  await receiver.has(2);
  server.child.kill('SIGTERM');
  expect(await server.exited).toEqual([0, null]);
  const said = server.said();
  expect(said).toContain('/api/v1/webhooks');
  for (const secret of [
    ...secrets,
    ...receiver.received.map(({ headers }) => headers['webhook-signature'] ?? ''),
  ]) {
    expect(secret.length).toBeGreaterThan(20);
    expect(said).not.toContain(secret);
  }
  for (const text of [
    'canary',
    'name-in-the-body',
    'answer-of-the-receiver',
    'whsec_',
    new URL(receiver.url).host,
  ])
    expect(said).not.toContain(text);
  await receiver.close();
});
