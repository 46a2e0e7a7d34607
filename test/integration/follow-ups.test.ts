// Going on from tasks, without sandboxes: who may, what is told, what was said and what is kept of it.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Conversation } from '../../src/protocol/conversation.ts';
import type { Lease } from '../../src/protocol/runner.ts';
import type { Task } from '../../src/protocol/task.ts';
import { rowsOf } from '../fixtures/database.ts';
import { startTestServer, type TestRunner, type TestServer } from '../fixtures/server.ts';

const SEED = new URL('../../bin/seed', import.meta.url).pathname;

let server: TestServer;
let runner: TestRunner;
beforeAll(async () => {
  server = await startTestServer();
  runner = server.runner({ continues: true, slots: 10, freeSlots: 10 });
});
afterAll(() => server?.stop());

const run = async (body: object = {}, key?: string): Promise<Task> =>
  (
    await server.call('POST', '/api/v1/tasks/run', {
      body: { instruction: 'begin', ...body },
      ...(key !== undefined && { key }),
    })
  ).body.task;
const goOn = (id: string, body: object = {}, key?: string) =>
  server.call('POST', `/api/v1/tasks/${id}/continue`, {
    body: { instruction: 'go on', ...body },
    ...(key !== undefined && { key }),
  });

const say = async ({ taskId, leaseId }: Lease, batch: number, ...events: object[]) => {
  const ndjson = events.map((event) => `${JSON.stringify(event)}\n`).join('');
  await runner.post(`/tasks/${taskId}/events`, ndjson, { 'seed-lease': leaseId, 'seed-batch': String(batch) });
};
const asRunner = ({ taskId, leaseId }: Lease, path: string, init: RequestInit = {}) =>
  fetch(`${server.url}/runner/v1/tasks/${taskId}/${path}`, {
    ...init,
    headers: { authorization: `Bearer ${server.runnerToken}`, 'seed-lease': leaseId },
  });
const readConversation = async (lease: Lease) =>
  (await (await asRunner(lease, 'conversation')).json()) as Conversation;

async function ended(body: object = {}, events: object[] = [{ type: 'text', text: 'begun' }]): Promise<Task> {
  const task = await run(body);
  const lease = await runner.lease();
  await say(lease, 1, ...events);
  await runner.settle(lease);
  return task;
}

describe('who goes on', () => {
  it('is any key of the account that reads and writes tasks, with no more than it may itself', async () => {
    const first = await ended({ scopes: ['keys:read', 'keys:write'] });
    const blind = await server.newKey(['tasks:write', 'keys:read']);
    const { status, body } = await goOn(first.id, {}, blind.secret);
    expect([status, body.error.code]).toEqual([403, 'missing_scope']);
    const other = await server.newKey(['tasks:*', 'keys:read']);
    const next = (await goOn(first.id, {}, other.secret)).body.task;
    expect(next).toMatchObject({ keyId: other.id, scopes: { effective: ['keys:read'], denied: ['keys:write'] } });
    expect(next.notes).toContain('The key in use or the platform does not allow any more: keys:write.');
    await runner.settle(await runner.lease());
  });

  it('is an agent only from what it has started', async () => {
    const first = await ended();
    await run({ scopes: ['tasks:*'] });
    const parent = await runner.lease();
    const refused = await goOn(first.id, {}, parent.taskKey);
    expect([refused.status, refused.body.error.code]).toEqual([403, 'not_allowed']);
    const message = await server.call('POST', `/api/v1/tasks/${parent.taskId}/messages`, {
      body: { text: 'to itself' },
      key: parent.taskKey,
    });
    expect([message.status, message.body.error.code]).toEqual([403, 'not_allowed']);
    const child = await run({}, parent.taskKey);
    await runner.settle(await runner.lease());
    const next = await goOn(child.id, {}, parent.taskKey);
    expect(next.body.task).toMatchObject({ continues: child.id, parentTaskId: parent.taskId });
    await runner.settle(await runner.lease());
    await runner.settle(parent);
  });

  it('keeps the limits of the task before, and adds its own', async () => {
    const limit = { scope: 'keys:read', calls: 3, per: 'task', else: 'deny' };
    const first = await ended({ limits: [limit], approval: { effects: ['destructive'] } });
    const more = { ...limit, calls: 1 };
    const { body } = await goOn(first.id, { limits: [limit, more] });
    expect(body.task.limits).toMatchObject([limit, more]);
    expect(body.task.approval).toMatchObject({ effects: ['destructive'] });
    await runner.settle(await runner.lease());
  });

  it('goes on once for ten requests at once that are one', async () => {
    const first = await ended();
    const body = { instruction: 'go on' };
    const headers = { 'idempotency-key': 'once' };
    const path = `/api/v1/tasks/${first.id}/continue`;
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => server.call('POST', path, { body, headers })),
    );
    expect(new Set(answers.map((answer) => `${answer.status} ${answer.body.task.id}`)).size).toBe(1);
    await runner.settle(await runner.lease());
  });

  it('is told of a task that is unknown, and of one whose events are gone', async () => {
    const unknown = await goOn('00000000-0000-4000-8000-000000000000');
    expect([unknown.status, unknown.body.error.code]).toEqual([404, 'not_found']);
    const first = await ended();
    const next = await ended();
    await rowsOf(server.databaseUrl, `delete from events where task_id = '${first.id}'`);
    const forgotten = await goOn(first.id);
    expect([forgotten.status, forgotten.body.error.code]).toEqual([410, 'conversation_forgotten']);
    await rowsOf(server.databaseUrl, `update tasks set continues = '${first.id}' where id = '${next.id}'`);
    const { body } = await goOn(next.id);
    expect(body.task.notes).toContain('What was said at the beginning of the conversation is not kept any more.');
    const lease = await runner.lease();
    expect(await readConversation(lease)).toEqual({
      entries: [
        { type: 'user', text: 'begin' },
        { type: 'text', text: 'begun' },
      ],
      isCut: true,
    });
    await runner.settle(lease);
  });

  it('is no runner that knows nothing of it: another one takes the task', async () => {
    const first = await ended();
    const { id } = (await goOn(first.id)).body.task;
    const plain = await run();
    // What it cannot take stands in nobody's way.
    const older = server.runner({ continues: false });
    const others = await older.lease();
    expect(others.taskId).toBe(plain.id);
    await older.settle(others);
    const lease = await runner.lease();
    expect([lease.taskId, lease.continues?.notes.length]).toEqual([id, 1]);
    await runner.settle(lease);
  });
});

describe('what was said', () => {
  it('begins with the last summary, and what that keeps', async () => {
    const text = (said: string) => ({ type: 'text', text: said });
    const first = await ended({}, [text('one'), text('two')]);
    await goOn(first.id, { instruction: 'second' });
    const second = await runner.lease();
    await say(second, 1, text('three'), { type: 'summary', text: 'all before', keeps: 3 }, text('four'));
    await runner.settle(second);
    await goOn(second.taskId, { instruction: 'third' });
    const third = await runner.lease();
    expect(await readConversation(third)).toEqual({
      entries: [
        { type: 'summary', text: 'all before', keeps: 3 },
        text('two'),
        { type: 'user', text: 'second' },
        text('three'),
        text('four'),
      ],
      isCut: false,
    });
    await runner.settle(third);
  });

  it('to a task that has not begun is handed on when it has', async () => {
    const { id } = await run();
    const send = (text: string) => server.call('POST', `/api/v1/tasks/${id}/messages`, { body: { text } });
    const { status, body } = await send('early');
    expect([status, body.message.note]).toEqual([202, expect.stringContaining('waits for a runner')]);
    const lease = await runner.lease();
    expect(lease.messages).toBe(1);
    await send('later');
    const told = await runner.post('/heartbeat', { runnerId: runner.id, tasks: [lease.taskId] });
    expect(await told.json()).toMatchObject({ stop: [], messages: { [id]: 2 } });
    expect(await (await asRunner(lease, 'messages?after=0')).json()).toEqual({ messages: ['early', 'later'] });
    expect(await (await asRunner(lease, 'messages?after=1')).json()).toEqual({ messages: ['later'] });
    await rowsOf(server.databaseUrl, `update tasks set messages = 100 where id = '${id}'`);
    expect((await send('too many')).body.error).toMatchObject({ code: 'conflict' });
    await runner.settle(lease);
  });
});

describe('seed chat', () => {
  it('makes of each line a task that goes on from the one before, and of an id the next one', async () => {
    const chat = async (lines: string[], ...args: string[]) => {
      const env = { ...process.env, SEED_API_URL: server.url, SEED_API_KEY: server.adminKey };
      const cli = execFile(SEED, ['chat', ...args], { env });
      const said = Promise.all([cli.stdout, cli.stderr].map((stream) => (stream === null ? '' : text(stream))));
      cli.stdin?.end(lines.join('\n'));
      const leases: Lease[] = [];
      for (const line of lines) {
        const lease = await runner.lease();
        leases.push(lease);
        await runner.settle(lease, { stdout: `answer to ${line}` });
      }
      const [stdout, stderr] = await said;
      return { stdout, stderr, leases };
    };
    const first = await chat(['one', 'two'], '--scopes', 'keys:read');
    expect(first.stdout).toBe('answer to one\nanswer to two\n');
    const [begun, next] = first.leases;
    expect(begun).toMatchObject({ instruction: 'one', scopes: ['keys:read'], keepsWorkspace: true });
    expect(next).toMatchObject({
      instruction: 'two',
      scopes: ['keys:read'],
      continues: { notes: [expect.anything()] },
    });
    expect(first.stderr).toContain(`seed chat ${begun?.taskId}`);
    const again = await chat(['three'], begun?.taskId ?? '');
    const { body } = await server.call('GET', `/api/v1/tasks/${again.leases[0]?.taskId}`);
    expect(body.task).toMatchObject({ continues: next?.taskId, conversationId: begun?.taskId });
  });
});

describe('a workspace', () => {
  const keep = { workspace: true, for: '1h' };
  const blobs = () => rowsOf(server.databaseUrl, 'select id from blobs where unused_since is null');
  const leave = async (lease: Lease, content: string) =>
    (await asRunner(lease, 'workspace', { method: 'PUT', body: content })).status;

  it('is taken of tasks that keep one, and handed to those that go on', async () => {
    const first = await run({ keep });
    const lease = await runner.lease();
    expect(lease.keepsWorkspace).toBe(true);
    expect(await leave(lease, 'draft')).toBe(204);
    expect(await leave(lease, 'archive')).toBe(204);
    await runner.settle(lease);
    const sha256 = createHash('sha256').update('archive').digest('hex');
    const { body } = await server.call('GET', `/api/v1/tasks/${first.id}`);
    expect(body.task.workspace).toMatchObject({ size: 7, sha256, madeBy: first.id });
    expect(await blobs()).toHaveLength(1);
    await goOn(first.id);
    const next = await runner.lease();
    expect(next.continues?.workspace).toBe(true);
    expect(await (await asRunner(next, 'workspace')).text()).toBe('archive');
    expect(await leave(next, 'archive')).toBe(204);
    expect(await blobs()).toHaveLength(1);
    await runner.settle(next);
    await rowsOf(server.databaseUrl, 'update tasks set workspace = null, workspace_until = null, keep = null');
  });

  it('is not taken of others, nor under another lease', async () => {
    await run();
    const lease = await runner.lease();
    expect(await leave(lease, 'x')).toBe(403);
    expect((await asRunner(lease, 'workspace')).status).toBe(404);
    expect(await leave({ ...lease, leaseId: lease.taskId }, 'x')).toBe(409);
    await runner.settle(lease);
    for (const wrong of [{ workspace: true, for: '31d' }, { workspace: true, for: '0d' }, { workspace: 1 }])
      expect(
        (await server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'x', keep: wrong } })).status,
      ).toBe(400);
  });
});
