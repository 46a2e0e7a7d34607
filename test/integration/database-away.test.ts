// A server whose database is cut off, frozen, silently lost, stopped or out of room: every surface says so,
// nothing ends, and all goes on when the database is there again.
import { randomUUID } from 'node:crypto';
import { chown, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { clusterFolder } from '../../src/db/embedded/initialise.ts';
import { postgresFolder, startEmbeddedPostgres } from '../../src/db/embedded/start-embedded.ts';
import { LIMITS } from '../../src/protocol/limits.ts';
import { run } from '../fixtures/database.ts';
import { type LinedDatabase, linedDatabase } from '../fixtures/lined-database.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';
import { smallDisk, whyNoSmallDisk } from '../fixtures/small-disk.ts';
import { silent } from '../fixtures/store.ts';

const SOON = { timeout: 20_000, interval: 50 };
const TASK = { instruction: 'do something', scopes: ['keys:read'] };

/** Each surface with a request that cannot be answered without the database. */
function surfaces(server: TestServer): Record<string, () => Promise<Response>> {
  const send = (method: string, path: string, key: string, body?: unknown) =>
    fetch(server.url + path, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'seed-dashboard': '1',
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  const { adminKey, runnerToken } = server;
  const runner = { runnerId: randomUUID(), tasks: [randomUUID()] };
  const call = { model: 'scripted', messages: [{ role: 'user', content: 'x' }] };
  return {
    'a read': () => send('GET', '/api/v1/tasks', adminKey),
    'a write': () => send('POST', '/api/v1/tasks/run', adminKey, TASK),
    'a report': () => send('GET', '/api/v1/obs/summary', adminKey),
    'no command': () => send('GET', '/api/v1/nothing', adminKey),
    'the model': () => send('POST', '/llm/v1/chat/completions', adminKey, call),
    runners: () => send('POST', '/runner/v1/heartbeat', runnerToken, runner),
    mcp: () => send('POST', '/mcp', adminKey, { jsonrpc: '2.0', id: 1, method: 'ping' }),
    'signing in': () => send('POST', '/session', adminKey, { key: adminKey }),
    'the command line': () => send('GET', '/cli/seed.mjs', adminKey),
    readiness: () => send('GET', '/readyz', adminKey),
  };
}

async function seen(response: Response) {
  const { error } = (await response.json()) as { error?: { code: string; message: string } };
  return { status: response.status, code: error?.code, after: response.headers.get('retry-after') };
}

const AWAY = { status: 503, code: 'unavailable', after: expect.stringMatching(/^[1-9]\d*$/) };
const readiness = async (server: TestServer) => (await fetch(`${server.url}/readyz`)).status;
const isReady = (server: TestServer) => vi.waitFor(async () => expect(await readiness(server)).toBe(200), SOON);

describe('a database', () => {
  let database: LinedDatabase;
  let server: TestServer;
  beforeAll(async () => {
    database = await linedDatabase();
    server = await startTestServer({ databaseUrl: database.linedUrl });
  });
  afterEach(() => database.line.mend());
  afterAll(async () => {
    await server.stop();
    await database.drop();
  });

  test('that is cut off is 503 on every surface, and none the wiser afterwards', async () => {
    database.line.cut();
    for (const [surface, ask] of Object.entries(surfaces(server))) {
      expect({ surface, ...(await seen(await ask())) }).toEqual({ surface, ...AWAY });
    }
    // In this time everything that is done from time to time has met it.
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => server.call('POST', '/api/v1/tasks/run', { body: TASK })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
    for (let attempt = 0; attempt < LIMITS.signInFailuresPerMinute; attempt += 1) {
      expect((await surfaces(server)['signing in']?.())?.status).toBe(503);
    }
    database.line.mend();
    await isReady(server);
    const { status, body } = await server.call('POST', '/api/v1/tasks/run', { body: TASK });
    expect(status).toBe(202);
    expect(await server.runner().lease()).toMatchObject({ taskId: body.task.id });
  });

  test('that is frozen is no hang: readiness says it within seconds, and what waits goes on', async () => {
    await server.call('GET', '/api/v1/whoami');
    database.line.freeze();
    const waiting = server.call('GET', '/api/v1/tasks');
    const startedAt = performance.now();
    const { error } = (await (await fetch(`${server.url}/readyz`)).json()) as { error: { message: string } };
    expect(error.message).toMatch(/the (database|look-up of keys) does not answer/);
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    database.line.mend();
    expect((await waiting).status).toBe(200);
    await isReady(server);
  });

  test('all of whose connections are lost without a word holds nobody for long', {
    timeout: 60_000,
  }, async () => {
    const ask = async () => (await server.call('GET', '/api/v1/tasks')).status;
    await Promise.all(Array.from({ length: 30 }, ask));
    // What was heard less than a second ago is not asked whether it is there.
    await sleep(1_000);
    database.line.strand();
    const startedAt = performance.now();
    const answers = await Promise.all(Array.from({ length: 30 }, ask));
    expect(new Set(answers)).toEqual(new Set([200]));
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    await isReady(server);
  });

  test('that is slow is only slow', async () => {
    database.line.slow(20);
    expect((await server.call('POST', '/api/v1/tasks/run', { body: TASK })).status).toBe(202);
    expect(await readiness(server)).toBe(200);
  });

  test('all of whose backends are ended under load, five times, fails only what they were doing', async () => {
    for (let time = 0; time < 5; time += 1) {
      const answers = Promise.all(
        Array.from({ length: 20 }, () => server.call('POST', '/api/v1/tasks/run', { body: TASK })),
      );
      await run(
        database.databaseUrl,
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()`,
      );
      for (const { status } of await answers) expect([202, 503]).toContain(status);
    }
    await isReady(server);
    expect((await server.call('POST', '/api/v1/tasks/run', { body: TASK })).status).toBe(202);
  });
});

test('Postgres that is stopped, is a standby for a while, and is started again', {
  timeout: 90_000,
}, async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'seed-away-'));
  const first = await startEmbeddedPostgres({ dataDir, log: silent });
  const server = await startTestServer({ databaseUrl: first.databaseUrl });
  const post = () => server.call('POST', '/api/v1/tasks/run', { body: TASK });
  const under = Array.from({ length: 20 }, post);
  await first.stop();
  for (const { status } of await Promise.all(under)) expect([202, 503]).toContain(status);
  expect(await post()).toMatchObject({ status: 503, body: { error: { code: 'unavailable' } } });
  // As after a failover: its address leads to a standby for a while.
  const signal = join(clusterFolder(postgresFolder(dataDir)), 'standby.signal');
  await writeFile(signal, '');
  const { uid, gid } = await stat(clusterFolder(postgresFolder(dataDir)));
  await chown(signal, uid, gid);
  const standby = await startEmbeddedPostgres({ dataDir, log: silent });
  expect(await post()).toMatchObject({ status: 503, body: { error: { code: 'unavailable' } } });
  await standby.stop();
  await rm(signal);
  const second = await startEmbeddedPostgres({ dataDir, log: silent });
  await isReady(server);
  expect((await post()).status).toBe(202);
  await server.stop();
  await second.stop();
  await rm(dataDir, { recursive: true });
});

const noDisk = await whyNoSmallDisk();
const ROOM = noDisk === null ? '' : ` (skipped: ${noDisk})`;

test.skipIf(noDisk)(`the disk of the database is full${ROOM}`, async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'seed-away-'));
  await using undo = new AsyncDisposableStack();
  undo.defer(() => rm(dataDir, { recursive: true }));
  await using disk = await smallDisk(64);
  // After the disk is there: some Postgres have the view of the file system that was when they started.
  const postgres = await startEmbeddedPostgres({ dataDir, log: silent });
  undo.defer(() => postgres.stop());
  const { uid } = await stat(join(dataDir, 'postgres'));
  await chown(disk.folder, uid, -1);
  await run(postgres.databaseUrl, `create tablespace small location '${disk.folder}'`);
  await run(postgres.databaseUrl, 'create database seed tablespace small');
  const databaseUrl = postgres.databaseUrl.replace('/postgres?', '/seed?');
  const server = await startTestServer({ databaseUrl });
  undo.defer(() => server.stop());
  const instruction = () => Array.from({ length: 500 }, () => randomUUID()).join();
  const post = () => server.call('POST', '/api/v1/tasks/run', { body: { ...TASK, instruction: instruction() } });
  // A function starts with its first request.
  expect((await post()).status).toBe(202);
  await disk.fill();

  const refused = await vi.waitFor(async () => {
    const answer = await post();
    expect(answer.status).toBe(503);
    return answer;
  }, SOON);
  expect(refused.body.error.code).toBe('storage_full');
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await server.call('GET', '/api/v1/tasks')).status).toBe(200);
  expect(await seen(await fetch(`${server.url}/readyz`))).toEqual({ ...AWAY, code: 'storage_full' });
  await disk.makeRoom();
  await isReady(server);
  expect((await post()).status).toBe(202);
});

test.skipIf(noDisk)(`the disk of files is full${ROOM}`, async () => {
  await using disk = await smallDisk(24);
  await using undo = new AsyncDisposableStack();
  const server = await startTestServer({ dataDir: disk.folder });
  undo.defer(() => server.stop());
  const files = [{ name: 'a.txt', content: Buffer.from('x'.repeat(10_000)).toString('base64') }];
  const post = () => server.call('POST', '/api/v1/tasks/run', { body: { ...TASK, files } });
  expect(await readiness(server)).toBe(200);
  await disk.fill();
  expect(await post()).toMatchObject({ status: 503, body: { error: { code: 'storage_full' } } });
  expect((await seen(await fetch(`${server.url}/readyz`))).code).toBe('storage_full');
  await disk.makeRoom();
  expect(await readiness(server)).toBe(200);
  expect((await post()).status).toBe(202);
});
