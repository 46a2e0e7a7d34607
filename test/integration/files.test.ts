// Files given to tasks and artifacts out of them, at the server: what comes in how, what goes out to whom, and
// what is refused.
import { createHash, randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/protocol/limits.ts';
import type { Lease } from '../../src/protocol/runner.ts';
import { BUCKET, startS3 } from '../fixtures/s3-server.ts';
import { startTestServer, type TestRunner, type TestServer } from '../fixtures/server.ts';

const sha256 = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex');
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe.each(['folder', 's3'] as const)('with the store %s', (kind) => {
  let server: TestServer;
  let runner: TestRunner;
  let s3: Awaited<ReturnType<typeof startS3>>;
  beforeAll(async () => {
    s3 = await startS3();
    server = await startTestServer({
      files: { s3: kind === 's3' ? s3.settings : null, retentionDays: null },
    });
    runner = server.runner();
    await runner.appear();
  });
  afterAll(async () => {
    await server?.stop();
    await s3?.close();
  });

  /** What the store has, by id. */
  const blobs = async () =>
    kind === 's3'
      ? [...s3.objects.keys()].map((key) => key.replace(`/${BUCKET}/`, ''))
      : (await readdir(join(server.dataDir, 'artifacts'))).filter((name) => name !== 'incoming');
  const incoming = () => readdir(join(server.dataDir, 'artifacts', 'incoming'));

  const post = (body: object, headers: Record<string, string> = {}) =>
    server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'x', ...body }, headers });
  async function postForm(
    task: object | string | null,
    files: [name: string, content: string | Uint8Array<ArrayBuffer>, type?: string][],
  ) {
    const form = new FormData();
    if (task !== null) form.append('task', typeof task === 'string' ? task : JSON.stringify(task));
    for (const [name, content, type] of files)
      form.append('file', new Blob([content], type ? { type } : {}), name);
    return send(form);
  }
  async function send(body: RequestInit['body'], headers: Record<string, string> = {}) {
    const response = await fetch(`${server.url}/api/v1/tasks/run`, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.adminKey}`, ...headers },
      body: body ?? null,
    });
    return { status: response.status, body: JSON.parse(await response.text()) };
  }
  const held = ({ leaseId }: Lease) => ({
    authorization: `Bearer ${server.runnerToken}`,
    'seed-lease': leaseId,
  });
  const fetchFile = async (lease: Lease, name: string) =>
    (
      await fetch(`${server.url}/runner/v1/tasks/${lease.taskId}/files?name=${encodeURIComponent(name)}`, {
        headers: held(lease),
      })
    ).text();
  const artifact = async (
    method: 'PUT' | 'DELETE',
    lease: Lease,
    name: string,
    content?: string | Uint8Array<ArrayBuffer>,
  ) =>
    (
      await fetch(`${server.url}/runner/v1/tasks/${lease.taskId}/artifacts?name=${encodeURIComponent(name)}`, {
        method,
        headers: held(lease),
        body: content ?? null,
      })
    ).status;
  const download = (taskId: string, name: string, key = server.adminKey) =>
    fetch(`${server.url}/api/v1/tasks/${taskId}/artifacts/content?name=${encodeURIComponent(name)}`, {
      headers: { authorization: `Bearer ${key}` },
    });
  async function leased(body: object = {}): Promise<Lease> {
    const { body: answer } = await post(body);
    for (;;) {
      const lease = await runner.lease();
      if (lease.taskId === answer.task.id) return lease;
      await runner.settle(lease);
    }
  }

  it('takes files in JSON and gives them to the runner that holds the task', async () => {
    const lease = await leased({
      files: [
        { name: 'a.csv', content: base64('one,two\n') },
        { name: 'notes/März.txt', content: base64(''), type: 'text/x-note' },
      ],
    });
    expect(lease.files).toEqual([
      { name: 'a.csv', size: 8, type: 'text/csv; charset=utf-8', sha256: sha256('one,two\n') },
      { name: 'notes/März.txt', size: 0, type: 'text/x-note', sha256: sha256('') },
    ]);
    expect(await fetchFile(lease, 'a.csv')).toBe('one,two\n');
    expect(await fetchFile(lease, 'notes/März.txt')).toBe('');
    expect(await fetchFile({ ...lease, leaseId: randomUUID() }, 'a.csv')).toContain('lease_lost');
    const { body } = await server.call('GET', `/api/v1/tasks/${lease.taskId}`);
    expect(body.task).toMatchObject({ files: lease.files, artifacts: [] });
    await runner.settle(lease);
    expect(await fetchFile(lease, 'a.csv')).toContain('lease_lost');
    expect(await incoming()).toEqual([]);
  });

  it('takes files as the parts of a form, whatever bytes they have and however many', async () => {
    const bytes = Buffer.alloc(3_000_000, Buffer.from('\r\n--boundary\0ü'));
    const { status, body } = await postForm({ instruction: 'x', metadata: { a: 'b' } }, [
      ['data/big.bin', bytes],
      ['Übersicht "2".csv', 'a', 'text/csv'],
      ['empty', ''],
    ]);
    expect(body.error).toBeUndefined();
    expect(status).toBe(202);
    expect(body.task).toMatchObject({
      metadata: { a: 'b' },
      files: [
        { name: 'data/big.bin', size: 3_000_000, type: 'application/octet-stream', sha256: sha256(bytes) },
        { name: 'Übersicht "2".csv', size: 1, type: 'text/csv', sha256: sha256('a') },
        { name: 'empty', size: 0 },
      ],
    });
    const lease = await runner.lease();
    expect(sha256(await fetchFile(lease, 'data/big.bin').then((text) => text.length.toString()))).toBeDefined();
    await runner.settle(lease);
    expect(await incoming()).toEqual([]);
  });

  it.each([
    ['a name that leads out', [{ name: '../x', content: '' }], 400],
    ['an absolute name', [{ name: '/etc/x', content: '' }], 400],
    ['no base64', [{ name: 'x', content: 'not base64!' }], 400],
    ['no content', [{ name: 'x' }], 400],
    ['what pretends to be received', [{ name: 'x', content: { path: '/etc/passwd', size: 1, sha256: '' } }], 400],
    ['a type that breaks a header', [{ name: 'x', content: '', type: 'a/b\r\nx: y' }], 400],
    [
      'the same name twice',
      [
        { name: 'x', content: '' },
        { name: 'x', content: '' },
      ],
      400,
    ],
    [
      'a file that is also a folder',
      [
        { name: 'x/y', content: '' },
        { name: 'x', content: '' },
      ],
      400,
    ],
    ['too many', Array.from({ length: 101 }, (_, index) => ({ name: `${index}`, content: '' })), 400],
  ])('JSON: refuses %s', async (_, files, expected) => {
    const before = await blobs();
    const { status, body } = await post({ files });
    expect(status).toBe(expected);
    expect(body.error.message).toContain('files');
    expect(await blobs()).toEqual(before);
    expect(await incoming()).toEqual([]);
  });

  it('JSON: refuses more than its limit, and other commands keep theirs', async () => {
    const content = 'A'.repeat(LIMITS.filesBodyBytes);
    expect((await post({ files: [{ name: 'x', content }] })).status).toBe(413);
    const body = { name: 'x', scopes: [], metadata: { a: 'x'.repeat(LIMITS.bodyBytes) } };
    expect((await server.call('POST', '/api/v1/keys', { body })).status).toBe(413);
  });

  it.each([
    ['a name that leads out', () => postForm({ instruction: 'x' }, [['a/../../x', 'x']])],
    ['no task', () => postForm(null, [['a', 'x']])],
    ['a task that is no JSON', () => postForm('oops', [['a', 'x']])],
    ['an unknown field', () => postForm({ instruction: 'x', oops: 1 }, [['a', 'x']])],
    ['files in the JSON, too', () => postForm({ instruction: 'x', files: [] }, [['a', 'x']])],
    [
      'too many files',
      () =>
        postForm(
          { instruction: 'x' },
          Array.from({ length: 101 }, (_, n) => [`${n}`, 'x']),
        ),
    ],
    [
      'a body that breaks off',
      () =>
        send('--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhalf', {
          'content-type': 'multipart/form-data; boundary=b',
        }),
    ],
    ['no boundary', () => send('x', { 'content-type': 'multipart/form-data' })],
    [
      'a part without a meaning',
      () => {
        const form = new FormData();
        form.append('task', '{"instruction":"x"}');
        form.append('other', 'x');
        return send(form);
      },
    ],
  ])('form: refuses %s', async (_, request) => {
    const before = await blobs();
    const { status, body } = await request();
    expect(status).toBe(400);
    expect(['invalid_input', 'invalid_json']).toContain(body.error.code);
    expect(await blobs()).toEqual(before);
    expect(await incoming()).toEqual([]);
  });

  it('form: refuses more bytes than a task takes, and keeps none of them', async () => {
    const half = new Uint8Array(LIMITS.fileBytesPerTask / 2 + 1);
    const { status, body } = await postForm({ instruction: 'x' }, [
      ['a', half],
      ['b', half],
    ]);
    expect(status).toBe(413);
    expect(body.error.code).toBe('body_too_large');
    expect(await incoming()).toEqual([]);
  });

  it('refuses files that would fill the disk of the sandbox', async () => {
    const { status, body } = await post({
      resources: { diskMb: 16 },
      files: [{ name: 'x', content: Buffer.alloc(9_000_000).toString('base64') }],
    });
    expect(status).toBe(400);
    expect(body.error.message).toContain('disk of 16 MiB');
  });

  it('refused tasks leave no files behind', async () => {
    const { secret } = await server.newKey(['tasks:write'], { concurrentTasks: 1 });
    const before = await blobs();
    const files = [{ name: 'x', content: base64('x') }];
    const answers = [];
    for (let count = 0; count < 2; count += 1)
      answers.push(
        await server.call('POST', '/api/v1/tasks/run', { key: secret, body: { instruction: 'x', files } }),
      );
    expect(answers.map(({ status }) => status)).toEqual([202, 429]);
    expect((await blobs()).length).toBe(before.length + 1);
    await runner.settle(await runner.lease());
  });

  it('a repeated request is the same with the same files, in JSON or in a form, and stores them once', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const before = await blobs();
    const form = (content: string) => {
      const data = new FormData();
      data.append('task', JSON.stringify({ instruction: 'x' }));
      data.append('file', new Blob([content]), 'a.csv');
      return send(data, key);
    };
    const first = await post({ files: [{ name: 'a.csv', content: base64('x') }] }, key);
    const again = await form('x');
    const other = await form('y');
    expect(again.body.task.id).toBe(first.body.task.id);
    expect(other.body.error.code).toBe('idempotency_mismatch');
    expect((await blobs()).length).toBe(before.length + 1);
    await runner.settle(await runner.lease());
  });

  it('artifacts come while the task runs, are replaced and deleted, and stay when it has ended', async () => {
    const lease = await leased();
    const { taskId } = lease;
    const before = await blobs();
    expect(await artifact('PUT', lease, 'reports/b.csv', 'old')).toBe(204);
    expect(await artifact('PUT', lease, 'reports/b.csv', 'new')).toBe(204);
    expect(await artifact('PUT', lease, 'a.html', '<script>alert(1)</script>')).toBe(204);
    expect(await artifact('PUT', lease, 'gone', 'x')).toBe(204);
    expect(await artifact('DELETE', lease, 'gone')).toBe(204);
    expect(await artifact('DELETE', lease, 'never there')).toBe(204);
    expect((await blobs()).length).toBe(before.length + 2);

    const artifacts = [
      {
        name: 'a.html',
        size: 25,
        type: 'text/html; charset=utf-8',
        sha256: sha256('<script>alert(1)</script>'),
      },
      { name: 'reports/b.csv', size: 3, type: 'text/csv; charset=utf-8', sha256: sha256('new') },
    ];
    const list = await server.call('GET', `/api/v1/tasks/${taskId}/artifacts`);
    expect(list.body).toEqual({ items: artifacts, nextCursor: null });

    await server.call('POST', `/api/v1/tasks/${taskId}/stop`);
    expect(await artifact('PUT', lease, 'late', 'x')).toBe(409);
    expect(await artifact('DELETE', lease, 'a.html')).toBe(409);
    const { body } = await server.call('GET', `/api/v1/tasks/${taskId}`);
    expect(body.task).toMatchObject({ status: 'stopped', artifacts });

    const html = await download(taskId, 'a.html');
    expect(await html.text()).toBe('<script>alert(1)</script>');
    expect(Object.fromEntries(html.headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-length': '25',
      'content-disposition': `attachment; filename="a.html"; filename*=UTF-8''a.html`,
      'content-security-policy': "sandbox; default-src 'none'",
      'x-content-type-options': 'nosniff',
      'cache-control': 'private, no-store',
    });
    expect(await (await download(taskId, 'reports/b.csv')).text()).toBe('new');
    expect((await download(taskId, 'gone')).status).toBe(404);
    expect((await download(taskId, '../b.csv')).status).toBe(400);
  });

  it('artifacts: refuses names that lead out, too many, too large, too much', async () => {
    const lease = await leased();
    for (const name of ['../x', '/x', 'a/../x', 'a\nb', ''])
      expect(await artifact('PUT', lease, name, 'x')).toBe(400);
    expect(await artifact('PUT', lease, 'large', new Uint8Array(LIMITS.artifactBytes + 1))).toBe(413);
    const full = new Uint8Array(LIMITS.artifactBytes);
    expect(await artifact('PUT', lease, 'one', full)).toBe(204);
    expect(await artifact('PUT', lease, 'two', full)).toBe(204);
    expect(await artifact('PUT', lease, 'three', 'x')).toBe(413);
    expect(await artifact('PUT', lease, 'two', 'small now')).toBe(204);
    for (let count = 2; count < LIMITS.artifactsPerTask; count += 1)
      expect(await artifact('PUT', lease, `many/${count}`, '')).toBe(204);
    expect(await artifact('PUT', lease, 'one too many', '')).toBe(413);
    expect(await artifact('PUT', lease, 'one', 'small now')).toBe(204);
    expect(await incoming()).toEqual([]);
    await runner.settle(lease);
  });

  it("another account sees nothing, and an agent its own task's and those of the tasks below it", async () => {
    const lease = await leased();
    await artifact('PUT', lease, 'a', 'mine');
    const stranger = await server.call('POST', '/api/v1/accounts', { body: { name: 'stranger' } });
    const { secret } = stranger.body;
    expect((await download(lease.taskId, 'a', secret)).status).toBe(404);
    const list = await server.call('GET', `/api/v1/tasks/${lease.taskId}/artifacts`, { key: secret });
    expect(list.status).toBe(404);
    const { secret: without } = await server.newKey(['keys:read']);
    expect((await download(lease.taskId, 'a', without)).status).toBe(403);

    const child = await server.call('POST', '/api/v1/tasks/run', {
      key: lease.taskKey,
      body: { instruction: 'below' },
    });
    const childLease = await runner.lease();
    expect(childLease.taskId).toBe(child.body.task.id);
    await artifact('PUT', childLease, 'b', 'below');
    expect((await download(lease.taskId, 'a', lease.taskKey)).status).toBe(200);
    expect((await download(childLease.taskId, 'b', lease.taskKey)).status).toBe(200);
    expect((await download(lease.taskId, 'a', childLease.taskKey)).status).toBe(403);
    const other = await leased();
    expect((await download(lease.taskId, 'a', other.taskKey)).status).toBe(403);
    for (const one of [childLease, lease, other]) await runner.settle(one);
  });

  it('keeps the contents of files out of the ledger', async () => {
    const lease = await leased();
    await server.call('POST', '/api/v1/tasks/run', {
      key: lease.taskKey,
      body: { instruction: 'x', files: [{ name: 'a', content: base64('SECRET CONTENT') }] },
    });
    const { body } = await server.call('GET', `/api/v1/tasks/${lease.taskId}/ledger`);
    expect(body.items[0].arguments.files).toEqual([
      { name: 'a', content: { size: 14, sha256: sha256('SECRET CONTENT') } },
    ]);
    await runner.settle(lease);
  });
});
