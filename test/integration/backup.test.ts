// A backup as docs/operating.md tells it, taken while a server works, and restored into another, empty Postgres:
// what was there is there, and what was at work ends.
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStore } from '../../src/db/store.ts';
import { endLapsedTasks } from '../../src/server/tasks/lapse.ts';
import { rowsOf, run } from '../fixtures/database.ts';
import {
  type Cluster,
  postgresProgram,
  startDebianPostgres,
  whyNoReplicatedPostgres,
} from '../fixtures/replicated-postgres.ts';
import { startTestServer, type TestServer, withExamples } from '../fixtures/server.ts';
import { silent, WATCHED } from '../fixtures/store.ts';
import { expectSumsToAgree } from '../fixtures/sums.ts';
import { startReceiver, type WebhookReceiver } from '../fixtures/webhook-receiver.ts';

const exec = promisify(execFile);
const none = whyNoReplicatedPostgres();
if (none !== null) process.stderr.write(`skipped: ${none}\n`);
/** A runner that was heard last before the backup is lost by then. */
const LOST_MS = 100_000;

describe.skipIf(none)('a backup', { timeout: 120_000 }, () => {
  const parts = new AsyncDisposableStack();
  let receiver: WebhookReceiver;
  let before: TestServer;
  let after: TestServer;

  const seedDatabase = async (cluster: Cluster) => {
    await run(cluster.url, 'create database seed');
    return cluster.url.replace('/postgres?', '/seed?');
  };
  /** With the key of before, as everybody does. */
  const call = (server: TestServer, method: string, path: string, body?: object) =>
    server.call(method, `/api/v1${path}`, { key: before.adminKey, ...(body && { body }) });
  const post = (server: TestServer, body: object = {}) =>
    call(server, 'POST', '/tasks/run', { instruction: 'work', scopes: ['keys:read'], ...body });
  const taskOf = async (id: string) => (await call(after, 'GET', `/tasks/${id}`)).body.task;

  let done: string;
  let running: string;
  let queued: string;
  let later: string;
  let signing: string;
  beforeAll(async () => {
    receiver = await startReceiver();
    parts.defer(receiver.close);
    const packs = withExamples('crm');
    const source = parts.use(await startDebianPostgres());
    const url = await seedDatabase(source);
    const settings = { packs, webhookNetworks: ['127.0.0.0/8'] };
    before = await startTestServer({ ...settings, databaseUrl: url });
    parts.defer(() => before.stop());
    expect((await call(before, 'POST', '/packs/crm/samples')).status).toBe(200);
    const runner = before.runner({ slots: 2, freeSlots: 2 });

    const files = [{ name: 'in.txt', content: Buffer.from('given').toString('base64') }];
    done = (await post(before, { files })).body.task.id;
    const lease = await runner.lease();
    const asked = { model: 'scripted', messages: [{ role: 'user', content: 'x' }] };
    await before.call('POST', '/llm/v1/chat/completions', { key: lease.taskKey, body: asked });
    const headers = { 'seed-lease': lease.leaseId, 'seed-batch': '1' };
    await runner.post(`/tasks/${done}/events`, JSON.stringify({ type: 'text', text: 'said' }), headers);
    expect(await runner.put(lease, 'out.txt', 'made')).toBe(204);
    expect(await runner.settle(lease)).toBe(204);
    running = (await post(before)).body.task.id;
    await runner.lease();
    queued = (await post(before)).body.task.id;
    const hook = { url: `${receiver.url}/hook`, events: ['task.*'] };
    const webhook = await call(before, 'POST', '/webhooks', hook);
    signing = webhook.body.secret;

    // As the page has it: the database first, and then the files.
    const folder = await mkdtemp(join(tmpdir(), 'seed-backup-'));
    parts.defer(() => rm(folder, { recursive: true, force: true }));
    const dump = join(folder, 'seed.dump');
    await exec(postgresProgram('pg_dump'), ['--format=custom', `--file=${dump}`, url]);
    later = (await post(before)).body.task.id;
    await cp(join(before.dataDir, 'artifacts'), join(folder, 'artifacts'), { recursive: true });

    const target = parts.use(await startDebianPostgres());
    const restored = await seedDatabase(target);
    await run(restored, 'create role seed_packs nologin');
    await exec(postgresProgram('pg_restore'), ['--exit-on-error', '--no-owner', `--dbname=${restored}`, dump]);
    receiver.received.length = 0;
    const again = { ...settings, databaseUrl: restored, dataDir: folder, adminKey: before.adminKey };
    after = await startTestServer(again);
    parts.defer(() => after.stop());
  });
  afterAll(() => parts.disposeAsync());

  test('has the keys, tasks, events, files and artifacts, and the rows of packs', async () => {
    const get = (path: string) => call(after, 'GET', path);
    expect((await get('/whoami')).status).toBe(200);
    expect(await taskOf(done)).toMatchObject({ status: 'completed', artifacts: [{ name: 'out.txt' }] });
    const content = await get(`/tasks/${done}/artifacts/content?name=out.txt`);
    expect([content.status, content.body]).toEqual([200, 'made']);
    expect((await get(`/tasks/${done}/events`)).body).toContain('said');
    expect((await get(`/tasks/${done}/ledger`)).status).toBe(200);
    expect((await get('/contacts/acme-corp')).status).toBe(200);
    await expectSumsToAgree(after.settings.databaseUrl ?? '');
  });

  test('opens sealed secrets with the key that they were sealed with, and with no other', async () => {
    const stopped = await call(after, 'POST', `/tasks/${queued}/stop`);
    expect(stopped.status).toBe(200);
    const [delivered] = await receiver.has(
      1,
      ({ body }) => body.data.taskId === queued || body.type === 'task.stopped',
    );
    if (!delivered) throw new Error('nothing came');
    expect(new Webhook(signing).verify(delivered.raw, delivered.headers)).toBeTruthy();
    await expect(after.sibling({ secretsKey: 'x'.repeat(32) })).rejects.toMatchObject({
      code: 'invalid_settings',
    });
  });

  test('ends what was at work, and takes new work', async () => {
    expect((await taskOf(running)).status).toBe('running');
    // As the server's own looks do when its runner has not been heard for that long.
    const clock = { now: () => new Date(Date.now() + LOST_MS) };
    const store = await openStore({ databaseUrl: after.settings.databaseUrl ?? '', log: silent, clock });
    expect(await endLapsedTasks(store, WATCHED)).toEqual([running]);
    await store.close();
    expect(await taskOf(running)).toMatchObject({ status: 'failed', error: { code: 'interrupted' } });
    const { body } = await post(after);
    const runner = after.runner();
    const lease = await runner.lease();
    expect(lease.taskId).toBe(body.task.id);
    expect(await runner.settle(lease)).toBe(204);
  });

  test('has nothing of what came after it', async () => {
    expect((await call(after, 'GET', `/tasks/${later}`)).status).toBe(404);
    expect((await call(before, 'GET', `/tasks/${later}`)).status).toBe(200);
    const version = await rowsOf(
      after.settings.databaseUrl ?? '',
      `select current_setting('server_version_num') as is`,
    );
    expect(Number(version[0]?.is)).toBeGreaterThanOrEqual(150_000);
  });
});
