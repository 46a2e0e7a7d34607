// Workspaces that are kept, on a server whose clock the test moves: until when, for whom, and what goes with the
// last task that names one.
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { ErrorBody } from '../../src/protocol/errors.ts';
import type { Lease } from '../../src/protocol/runner.ts';
import type { Task } from '../../src/protocol/task.ts';
import { rowsOf } from '../fixtures/database.ts';
import { type S3Server, startS3 } from '../fixtures/s3-server.ts';
import { startTestServer, type TestRunner, type TestServer } from '../fixtures/server.ts';

const MINUTE = 60_000;
const keep = { workspace: true, for: '1h' };
let now = Date.parse('2027-03-01T06:30:00Z');
let s3: S3Server;
let server: TestServer;
let runner: TestRunner;
beforeAll(async () => {
  s3 = await startS3();
  server = await startTestServer({ files: { s3: s3.settings, retentionDays: null } }, undefined, {
    now: () => new Date(now),
  });
  runner = server.runner({ continues: true, slots: 10, freeSlots: 10 });
});
afterAll(async () => {
  await server?.stop();
  await s3?.close();
});
afterEach(async () => {
  await rowsOf(server.databaseUrl, 'update tasks set workspace = null, workspace_until = null, keep = null');
  await clean();
  await expect.poll(() => s3.objects.size, { timeout: 20_000 }).toBe(0);
});

/** What an hour later removes: a server does it when it starts. */
async function clean(): Promise<void> {
  await rowsOf(
    server.databaseUrl,
    `update blobs set unused_since = coalesce(unused_since, created_at) where not exists (
       select from tasks where workspace->>'blobId' = blobs.id::text)`,
  );
  now += 2 * 60 * MINUTE;
  await (await server.sibling()).stop();
}

const sendTo = ({ taskId, leaseId }: Lease, init: RequestInit = {}) =>
  fetch(`${server.url}/runner/v1/tasks/${taskId}/workspace`, {
    ...init,
    headers: { authorization: `Bearer ${server.runnerToken}`, 'seed-lease': leaseId },
  });
const leave = async (lease: Lease, content: string) =>
  (await sendTo(lease, { method: 'PUT', body: content })).status;

async function begun(path: string, body: object = {}): Promise<Lease> {
  const { status } = await server.call('POST', `/api/v1/tasks/${path}`, { body: { instruction: 'x', ...body } });
  expect(status).toBe(202);
  return runner.lease();
}
const goOn = (id: string, body: object = {}) =>
  server.call('POST', `/api/v1/tasks/${id}/continue`, { body: { instruction: 'go on', ...body } });
const get = async ({ taskId }: Lease): Promise<Task> =>
  (await server.call('GET', `/api/v1/tasks/${taskId}`)).body.task;

async function kept(content: string): Promise<Lease> {
  const lease = await begun('run', { keep });
  expect(await leave(lease, content)).toBe(204);
  await runner.settle(lease);
  return lease;
}

it('is there until its time is over, and not a moment longer; who goes on then is told', async () => {
  const first = await kept('archive');
  const until = Date.parse((await get(first)).workspace?.expiresAt ?? '');
  expect(until - now).toBe(60 * MINUTE);
  now = until - 1;
  const second = await begun(`${first.taskId}/continue`, { keep: { workspace: false } });
  expect(second.continues).toEqual({ notes: ['/workspace is as the task before left it.'], workspace: true });
  now = until + 90 * MINUTE;
  await (await server.sibling()).stop();
  // Of the first it is gone, which a server that has just read it knows half a second later; a task that runs
  // has what it began with, however long it takes.
  await expect.poll(async () => (await get(first)).workspace).toBeNull();
  expect(await (await sendTo(second)).text()).toBe('archive');
  await runner.settle(second);
  const { body } = await goOn(second.taskId);
  expect(body.task.notes).toEqual(['/workspace is empty: what was in it is not kept any more.']);
  const third = await runner.lease();
  expect(third.continues?.workspace).toBe(false);
  expect((await sendTo(third)).status).toBe(404);
  await runner.settle(third);
  await (await server.sibling()).stop();
  now += 61 * MINUTE;
  await (await server.sibling()).stop();
  await expect.poll(() => s3.objects.size, { timeout: 20_000 }).toBe(0);
});

it('is removed with the last of the tasks that name it, whichever servers let go of them at once', async () => {
  const tasks = [await kept('same')];
  for (let count = 0; count < 5; count += 1) {
    now += MINUTE;
    const lease = await begun(`${tasks.at(-1)?.taskId}/continue`);
    expect(await leave(lease, 'same')).toBe(204);
    await runner.settle(lease);
    tasks.push(lease);
  }
  expect(s3.objects.size).toBe(1);
  const [first, last] = await Promise.all([tasks[0], tasks.at(-1)].map((one) => get(one as Lease)));
  // The first is over, the last is not.
  now = Date.parse(first?.workspace?.expiresAt ?? '') + 1;
  await (await server.sibling()).stop();
  const named = await rowsOf(server.databaseUrl, 'select count(*)::int from tasks where workspace is not null');
  expect([named, s3.objects.size]).toEqual([[{ count: 5 }], 1]);
  now = Date.parse(last?.workspace?.expiresAt ?? '') + 1;
  const both = await Promise.all([server.sibling(), server.sibling()]);
  expect(await rowsOf(server.databaseUrl, 'select id from tasks where workspace is not null')).toEqual([]);
  now += 61 * MINUTE;
  await (await server.sibling()).stop();
  await Promise.all(both.map((one) => one.stop()));
  await expect.poll(() => s3.objects.size, { timeout: 20_000 }).toBe(0);
  expect(await rowsOf(server.databaseUrl, 'select id from blobs')).toEqual([]);
});

it('of which only half arrived is none, and what was kept before stays', async () => {
  const lease = await begun('run', { keep });
  expect(await leave(lease, 'before')).toBe(204);
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  const head = [
    `PUT /runner/v1/tasks/${lease.taskId}/workspace HTTP/1.1`,
    `host: ${hostname}:${port}`,
    `authorization: Bearer ${server.runnerToken}`,
    `seed-lease: ${lease.leaseId}`,
    'transfer-encoding: chunked',
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n5\r\nhalf \r\n`);
  await new Promise((resolve) => setImmediate(resolve));
  socket.destroy();
  // Another one, whole, that comes behind it has a place of its own.
  expect((await get(lease)).workspace?.size).toBe('before'.length);
  await runner.settle(lease);
  expect((await get(lease)).workspace?.size).toBe('before'.length);
  expect([...s3.objects.values()].map(String)).toEqual(['before']);
});

it('that the store does not take is refused, and leaves nothing', async () => {
  const lease = await begun('run', { keep });
  s3.trouble = 3;
  expect(await leave(lease, 'archive')).toBe(503);
  expect([(await get(lease)).workspace, s3.objects.size, s3.trouble]).toEqual([null, 0, 0]);
  expect(await leave(lease, 'archive')).toBe(204);
  s3.trouble = 3;
  const answer = await sendTo(lease);
  // As an error of its own length: whoever reads it waits for nothing more.
  const { error } = (await answer.json()) as ErrorBody;
  expect([answer.status, error.code]).toEqual([503, 'unavailable']);
  await runner.settle(lease);
});
