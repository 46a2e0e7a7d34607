// Files that callers send to the store themselves, because no request carries them, and large artifacts that they
// get from there: with a server, and with a function behind its vendor's limit.
import { createHash, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type ServerType, serve } from '@hono/node-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLog } from '../../src/lib/log.ts';
import { LIMITS } from '../../src/protocol/limits.ts';
import type { Upload } from '../../src/protocol/upload.ts';
import { createFunction } from '../../src/server/function.ts';
import { repositoryCli } from '../fixtures/cli-process.ts';
import { rowsOf, run } from '../fixtures/database.ts';
import { BUCKET, type S3Server, startS3 } from '../fixtures/s3-server.ts';
import { until } from '../fixtures/seed.ts';
import { startTestServer, type TestRunner, type TestServer } from '../fixtures/server.ts';

/** The vendor's, of a request. */
const BODY_BYTES = 4_718_592;
const LARGE = randomBytes(5_000_000);

let s3: S3Server;
let server: TestServer;
let runner: TestRunner;
beforeAll(async () => {
  s3 = await startS3();
  server = await startTestServer({ files: { s3: s3.settings, retentionDays: null } });
  runner = server.runner({ continues: true, slots: 9, freeSlots: 9 });
  await runner.appear();
});
afterAll(async () => {
  await server?.stop();
  await s3?.close();
});

const sha256 = (content: string | Buffer) => createHash('sha256').update(content).digest('hex');
const describedAs = (content: string | Buffer) => ({ size: Buffer.byteLength(content), sha256: sha256(content) });

async function announce(content: string | Buffer, key?: string): Promise<Upload> {
  const body = describedAs(content);
  const answer = await server.call('POST', '/api/v1/tasks/uploads', { body, ...(key && { key }) });
  expect(answer.status).toBe(201);
  return answer.body.upload;
}
const send = ({ method, url, headers }: Upload, body: string) => fetch(url, { method, headers, body });
const runWith = (uploads: object[], more: object = {}) =>
  server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'x', uploads, ...more } });

async function readAsRunner({ taskId, leaseId }: { taskId: string; leaseId: string }, name: string) {
  const headers = { authorization: `Bearer ${server.runnerToken}`, 'seed-lease': leaseId };
  const answer = await fetch(`${server.url}/runner/v1/tasks/${taskId}/files?name=${name}`, { headers });
  return Buffer.from(await answer.arrayBuffer());
}

/** The one task that waits, taken and ended. */
async function takeAndEnd(name: string): Promise<Buffer> {
  const lease = await runner.lease();
  const content = await readAsRunner(lease, name);
  await runner.settle(lease);
  return content;
}

describe('an upload', () => {
  it('is sent to the store, and is a file of the task that names it, beside those of the request', async () => {
    const upload = await announce('a,b\n1,2\n');
    expect((await send(upload, 'a,b\n1,2\n')).status).toBe(200);
    const files = [{ name: 'notes.txt', content: Buffer.from('n').toString('base64') }];
    const { status, body } = await runWith([{ id: upload.id, name: 'in/table.csv' }], { files });
    expect(status).toBe(202);
    expect(body.task.files).toEqual([
      { name: 'notes.txt', size: 1, type: 'text/plain; charset=utf-8', sha256: sha256('n') },
      { name: 'in/table.csv', type: 'text/csv; charset=utf-8', ...describedAs('a,b\n1,2\n') },
    ]);
    expect((await takeAndEnd('in/table.csv')).toString()).toBe('a,b\n1,2\n');
    const again = await runWith([{ id: upload.id, name: 'x' }]);
    expect(again).toMatchObject({ status: 400, body: { error: { code: 'invalid_input' } } });
    expect(await rowsOf(server.databaseUrl, 'select from uploads')).toEqual([]);
  });

  it('is taken with its own bytes alone, by the store itself', async () => {
    const upload = await announce('mine');
    const stored = s3.objects.size;
    expect((await send(upload, 'fake')).status).toBe(403);
    expect((await send(upload, 'mine and more')).status).toBe(403);
    expect((await fetch(upload.url, { headers: upload.headers })).status).toBe(403);
    const other = upload.url.replace(upload.id, '11111111-1111-4111-8111-111111111111');
    expect((await send({ ...upload, url: other }, 'mine')).status).toBe(403);
    expect(s3.objects.size).toBe(stored);
    expect(s3.refusals).toEqual([
      'XAmzContentSHA256Mismatch',
      'XAmzContentSHA256Mismatch',
      ...['XAmzContentSHA256Mismatch', 'SignatureDoesNotMatch'],
    ]);
    s3.refusals.length = 0;
  });

  it('is announced once for requests of one Idempotency-Key', async () => {
    const headers = { 'idempotency-key': 'announced-once' };
    const ask = () => server.call('POST', '/api/v1/tasks/uploads', { body: describedAs('once'), headers });
    const answers = await Promise.all([ask(), ask(), ask(), ask(), ask()]);
    expect(new Set(answers.map(({ status, body }) => `${status} ${JSON.stringify(body)}`)).size).toBe(1);
    expect(await named(answers[0]?.body.upload.id)).toHaveLength(1);
    const announced = `select from uploads where sha256 = '${sha256('once')}'`;
    expect(await rowsOf(server.databaseUrl, announced)).toHaveLength(1);
  });

  it('that has not been sent is refused, and can be sent and given then', async () => {
    const upload = await announce('late');
    const given = [{ id: upload.id, name: 'late.txt' }];
    const early = await runWith(given);
    expect(early.status).toBe(400);
    expect(early.body.error.message).toContain('the content of "late.txt" has not been sent');
    await send(upload, 'late');
    expect((await runWith(given)).status).toBe(202);
    expect((await takeAndEnd('late.txt')).toString()).toBe('late');
  });

  it("is its key's own, and has a name of its own", async () => {
    const { secret } = await server.newKey(['tasks:write', 'tasks:read']);
    const foreign = await announce('foreign', secret);
    await send(foreign, 'foreign');
    expect((await runWith([{ id: foreign.id, name: 'x' }])).body.error.message).toContain('no upload');
    const own = await announce('own');
    await send(own, 'own');
    const files = [{ name: 'x', content: '' }];
    expect((await runWith([{ id: own.id, name: 'x' }], { files })).body.error.message).toContain('"x"');
    const twice = [{ id: own.id, name: 'a' }];
    expect((await runWith([...twice, { id: own.id, name: 'b' }])).status).toBe(400);
    const { statuses } = await together(() => runWith(twice));
    expect(statuses).toEqual([202, 400, 400, 400]);
    expect((await takeAndEnd('a')).toString()).toBe('own');
  });

  it('takes the place of a file of the task that is gone on from', async () => {
    const files = [{ name: 'same.txt', content: Buffer.from('old').toString('base64') }];
    const { body } = await runWith([], { files });
    await takeAndEnd('same.txt');
    const upload = await announce('new');
    await send(upload, 'new');
    const next = await server.call('POST', `/api/v1/tasks/${body.task.id}/continue`, {
      body: { instruction: 'y', uploads: [{ id: upload.id, name: 'same.txt' }] },
    });
    expect(next.body.task.files).toMatchObject([{ name: 'same.txt', sha256: sha256('new') }]);
    expect((await takeAndEnd('same.txt')).toString()).toBe('new');
  });

  it('that no task takes goes after a while, and no more of them wait than may', async () => {
    const upload = await announce('left');
    await send(upload, 'left');
    const path = `/${BUCKET}/${upload.id}`;
    expect(s3.objects.has(path)).toBe(true);
    await run(
      server.databaseUrl,
      `update blobs set unused_since = now() - interval '2 hours' where id = '${upload.id}'`,
    );
    const next = await server.sibling();
    await until('it is gone', () => !s3.objects.has(path));
    await until('nothing names it', async () => (await named(upload.id)).length === 0);
    await next.stop();
    const waiting = await rowsOf(server.databaseUrl, 'select from uploads');
    await run(
      server.databaseUrl,
      `with made as (
         insert into blobs (id, task_id, created_at, unused_since)
         select gen_random_uuid(), gen_random_uuid(), now(), now() + interval '1 hour'
         from generate_series(1, ${LIMITS.uploadsPerAccount - waiting.length - 1}) returning id
       )
       insert into uploads select made.id, keys.account_id, keys.id, 1, 'x', now(), now() + interval '1 hour'
       from made, (select id, account_id from keys limit 1) as keys`,
    );
    // One more may wait, also of those that come at the same time.
    const ask = () => server.call('POST', '/api/v1/tasks/uploads', { body: describedAs('x') });
    const { statuses } = await together(ask);
    expect(statuses).toEqual([201, 429, 429, 429]);
    expect(await ask()).toMatchObject({ status: 429, body: { error: { code: 'too_many_requests' } } });
    await run(server.databaseUrl, 'delete from uploads');
  });

  it('is none where files lie in a folder: they come in the request', async () => {
    const plain = await startTestServer();
    const answer = await plain.call('POST', '/api/v1/tasks/uploads', { body: describedAs('x') });
    expect(answer).toMatchObject({
      status: 409,
      body: { error: { hint: expect.stringContaining('in the request') } },
    });
    await plain.stop();
  });
});

describe('with a function', () => {
  let http: ServerType;
  let url = '';
  beforeAll(async () => {
    const seed = createFunction({
      settings: server.settings,
      log: createLog('function', 'silent'),
      ...{ version: '1.0.0', packs: [], playbooks: [], cliBundle: '#!/usr/bin/env node\n' },
      ...{ mostMs: 60_000, cronSecret: null, invocation: () => ({}) },
    });
    http = serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: (request) =>
        Number(request.headers.get('content-length')) > BODY_BYTES
          ? new Response('FUNCTION_PAYLOAD_TOO_LARGE', { status: 413 })
          : seed.fetch(request),
    });
    await until('it listens', () => http.listening);
    url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => http.close(resolve)));

  it('the CLI sends files that no request carries to the store, and the others in the request', async () => {
    const cli = await repositoryCli({ SEED_API_URL: url, SEED_API_KEY: server.adminKey });
    const at = (name: string) => join(cli.home, name);
    await writeFile(at('large.bin'), LARGE);
    await writeFile(at('small.txt'), 'small');
    const flags = ['tasks', 'run', 'x', '--detach', '--json', '--file'];
    const both = await cli.run([...flags, at('large.bin'), '--file', `${at('small.txt')}=data/small.txt`]);
    expect(both).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(both.stdout).task.files).toMatchObject([
      { name: 'large.bin', ...describedAs(LARGE) },
      { name: 'data/small.txt', ...describedAs('small') },
    ]);
    expect((await takeAndEnd('large.bin')).equals(LARGE)).toBe(true);
    const announced = () => rowsOf(server.databaseUrl, `select from calls where command = 'tasks upload'`);
    const before = (await announced()).length;
    const small = await cli.run([...flags, at('small.txt')]);
    expect(JSON.parse(small.stdout).task.files).toMatchObject([describedAs('small')]);
    expect(await announced()).toHaveLength(before);
    await takeAndEnd('small.txt');
    expect(s3.refusals).toEqual([]);
    await cli.remove();
  });

  it('a large artifact comes from the store, where the caller can follow', async () => {
    await runWith([]);
    const lease = await runner.lease();
    expect(await runner.put(lease, 'out/large.bin', LARGE)).toBe(204);
    expect(await runner.put(lease, 'small.txt', 'small')).toBe(204);
    await runner.settle(lease);
    const read = (name: string, more: Record<string, string> = {}, base = url) =>
      fetch(`${base}/api/v1/tasks/${lease.taskId}/artifacts/content?name=${name}`, {
        headers: 'cookie' in more ? more : { authorization: `Bearer ${server.adminKey}`, ...more },
        redirect: 'manual',
      });
    const moved = await read('out/large.bin');
    expect(moved.status).toBe(302);
    const location = moved.headers.get('location') ?? '';
    expect(location.startsWith(`${s3.settings.endpoint}/`)).toBe(true);
    const stored = await fetch(location);
    expect(stored.headers.get('content-disposition')).toContain('attachment; filename="large.bin"');
    expect(Buffer.from(await stored.arrayBuffer()).equals(LARGE)).toBe(true);
    expect((await fetch(location.replace('large', 'other'))).status).toBe(403);
    s3.refusals.length = 0;
    // A page's policy lets it go nowhere else; and a server has no such limit.
    const signedIn = await fetch(`${url}/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'seed-dashboard': '1' },
      body: JSON.stringify({ key: server.adminKey }),
    });
    const [cookie = ''] = (signedIn.headers.getSetCookie()[0] ?? '').split(';');
    const ofPage = await read('out/large.bin', { cookie });
    for (const answer of [ofPage, await read('out/large.bin', {}, server.url)])
      expect(Buffer.from(await answer.arrayBuffer()).equals(LARGE)).toBe(true);
    expect(await (await read('small.txt')).text()).toBe('small');
    const cli = await repositoryCli({ SEED_API_URL: url, SEED_API_KEY: server.adminKey });
    const got = await cli.run(['tasks', 'artifacts', 'get', lease.taskId, 'out/large.bin', '--output', cli.home]);
    expect(got).toMatchObject({ code: 0 });
    expect((await readFile(join(cli.home, 'large.bin'))).equals(LARGE)).toBe(true);
    await cli.remove();
  });

  it('a part of an export that no answer carries comes from the store, and the CLI follows', async () => {
    await runWith([]);
    const lease = await runner.lease();
    expect(await runner.put(lease, 'exported.bin', LARGE)).toBe(204);
    await runner.settle(lease);
    const cli = await repositoryCli({ SEED_API_URL: url, SEED_API_KEY: server.adminKey });
    const out = join(cli.home, 'all.tar.gz');
    const { code, stdout, stderr } = await cli.run(['accounts', 'export', '--out', out, '--json']);
    expect([code, stderr]).toEqual([0, '']);
    const { accountId, id, parts } = JSON.parse(stdout).export;
    const sizes: number[] = parts.map(({ size }: { size: number }) => size);
    expect(Math.max(...sizes)).toBeGreaterThan(BODY_BYTES);
    const archive = await readFile(out);
    expect(archive.length).toBe(sizes.reduce((sum, size) => sum + size, 0));
    const number = sizes.findIndex((size) => size > BODY_BYTES) + 1;
    const part = await fetch(`${url}/api/v1/accounts/${accountId}/exports/${id}/parts/${number}`, {
      headers: { authorization: `Bearer ${server.adminKey}` },
      redirect: 'manual',
    });
    expect(part.status).toBe(302);
    const stored = await fetch(part.headers.get('location') ?? '');
    expect(sha256(Buffer.from(await stored.arrayBuffer()))).toBe(parts[number - 1].sha256);
    await cli.remove();
  });
});

const named = (id: string) => rowsOf(server.databaseUrl, `select from blobs where id = '${id}'`);

/** Four at once: their statuses, in order. */
async function together(work: () => Promise<{ status: number }>): Promise<{ statuses: number[] }> {
  const answers = await Promise.all(Array.from({ length: 4 }, work));
  return { statuses: answers.map(({ status }) => status).sort() };
}
