// Batches on a server: what becomes of their rows, within which bounds, for whom, and how one goes on.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BatchCalls, batchCalls, endTasks, SOON } from '../fixtures/batches.ts';
import { rowsOf } from '../fixtures/database.ts';
import { type AnyBody, startTestServer, type TestServer } from '../fixtures/server.ts';

let server: TestServer;
let batches: BatchCalls;

beforeAll(async () => {
  server = await startTestServer();
  batches = batchCalls(server);
});
afterAll(() => server?.stop());

const named = (...names: string[]) => names.map((name) => ({ name }));
const failing = { outcome: 'failed', error: { code: 'agent_failed', message: 'it could not' } } as const;
const taskOf = async (id: string): Promise<AnyBody> => (await server.call('GET', `/api/v1/tasks/${id}`)).body.task;
const stopQueued = async () => {
  const { body } = await server.call('GET', '/api/v1/tasks?status=queued&limit=100');
  for (const { id } of body.items) await server.call('POST', `/api/v1/tasks/${id}/stop`, { body: {} });
};
const eventsOf = (id: string) =>
  rowsOf(
    server.databaseUrl,
    `select type, data from webhook_events where data ->> 'batchId' = '${id}' order by created_at, type`,
  );

test('every row has a task with its values; the results are in order, each with its input', async () => {
  await using _ = endTasks(server, ({ instruction }) => (instruction.includes('Bob') ? failing : {}));
  const made = await batches.make({
    instruction: 'Greet {{name}}, and leave \\{{this}}',
    rows: [{ name: 'Ada', age: 36 }, { name: 'Bob' }, { name: '{{name}} =1+1', age: null }],
    scopes: ['keys:read'],
    concurrency: 2,
    metadata: { of: 'the test' },
  });
  expect(made).toMatchObject({
    counts: { rows: 3 },
    columns: ['name', 'age'],
    attach: false,
    notes: [expect.stringContaining('"age"')],
    task: { scopes: ['keys:read'] },
  });
  const batch = await batches.become(made.id, { status: 'completed' });
  expect(batch.counts).toMatchObject({ rows: 3, pending: 0, queued: 0, running: 0, completed: 2, failed: 1 });
  const rows = await batches.rows(made.id);
  expect(rows).toMatchObject([
    { number: 1, status: 'completed', input: { name: 'Ada', age: 36 }, attempt: 1, error: null },
    { number: 2, status: 'failed', error: { code: 'agent_failed', message: 'it could not' } },
    { number: 3, status: 'completed' },
  ]);
  const tasks = await Promise.all(rows.map(({ taskId }) => taskOf(taskId)));
  expect(tasks).toMatchObject([
    { instruction: 'Greet Ada, and leave {{this}}', batch: { id: made.id, row: 1 }, metadata: { of: 'the test' } },
    { instruction: 'Greet Bob, and leave {{this}}', scopes: { effective: ['keys:read'] } },
    // What a row says is never looked through for places.
    { instruction: 'Greet {{name}} =1+1, and leave {{this}}' },
  ]);
  const lines = (await batches.results(made.id, 'jsonl')).trim().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { number: 1, stdout: 'did: Greet Ada, and leave {{this}}', input: { name: 'Ada', age: 36 } },
    { number: 2, status: 'failed' },
    { number: 3, input: { name: '{{name}} =1+1', age: null } },
  ]);
  expect(JSON.parse(await batches.results(made.id, 'json'))).toHaveLength(3);
  expect(await eventsOf(made.id)).toMatchObject([
    { type: 'batch.completed', data: { counts: { completed: 2, failed: 1 } } },
  ]);
});

test('a retry starts the failed rows alone, with new tasks, and keeps those before', async () => {
  let isMended = false;
  await using runner = endTasks(server, ({ instruction }) => {
    if (instruction === 'slow') return { outcome: 'timed_out', error: null };
    return instruction === 'bad' && !isMended ? failing : {};
  });
  const made = await batches.make({ instruction: '{{name}}', rows: named('good', 'bad', 'slow') });
  await batches.become(made.id, { status: 'completed', counts: { completed: 1, failed: 1, timedOut: 1 } });
  const before = await batches.rows(made.id);
  isMended = true;
  const none = await batches.act(made.id, 'retry', { statuses: ['stopped'] });
  expect(none.body.error).toMatchObject({ code: 'conflict' });
  const again = await batches.act(made.id, 'retry');
  expect(again).toMatchObject({ status: 202, body: { batch: { status: 'running', completedAt: null } } });
  await batches.become(made.id, {
    status: 'completed',
    counts: { rows: 3, completed: 2, failed: 0, timedOut: 1 },
  });
  const after = await batches.rows(made.id);
  expect(after[0]).toEqual(before[0]);
  expect(after[1]).toMatchObject({
    attempt: 2,
    status: 'completed',
    earlierTasks: [before[1].taskId],
    error: null,
  });
  expect(after[1].taskId).not.toBe(before[1].taskId);
  expect(runner.taken.filter((instruction) => instruction === 'good')).toHaveLength(1);
  expect((await taskOf(before[1].taskId)).status).toBe('failed');
  expect((await eventsOf(made.id)).map(({ type }) => type)).toEqual(['batch.completed', 'batch.completed']);
});

test('few tasks of a batch are queued at a time, so that another task is next', async () => {
  const [one, other, third] = await Promise.all(
    ['a', 'b', 'c'].map((name) =>
      batches.make({
        instruction: '{{name}}',
        rows: named(...Array.from({ length: 20 }, () => name)),
        concurrency: 20,
      }),
    ),
  );
  const queued = async () => {
    const all = await Promise.all([one, other, third].map(({ id }) => batches.get(id)));
    return all.map(({ counts }) => counts.queued);
  };
  await expect.poll(async () => (await queued()).reduce((sum, count) => sum + count, 0), SOON).toBeGreaterThan(7);
  const counts = await queued();
  // Several looks at once may each find a place: of three batches never more than two times four each.
  for (const count of counts) expect(count).toBeLessThanOrEqual(4);
  await Promise.all([one, other, third].map(({ id }) => batches.act(id, 'stop')));
  for (const { id } of [one, other, third]) {
    await batches.become(id, { status: 'stopped', counts: { rows: 20, stopped: 20, pending: 0, queued: 0 } });
  }
});

test('it has no more tasks under way than its concurrency', async () => {
  const made = await batches.make({ instruction: '{{name}}', rows: named('a', 'b', 'c', 'd'), concurrency: 2 });
  const runner = server.runner({ slots: 9, freeSlots: 9 });
  const [first, second] = [await runner.lease(), await runner.lease()];
  await batches.become(made.id, { counts: { running: 2, queued: 0, pending: 2 } });
  await runner.settle(first);
  await batches.become(made.id, { counts: { completed: 1, running: 1, queued: 1, pending: 1 } });
  await runner.settle(second);
  await batches.become(made.id, { counts: { completed: 2, queued: 2, pending: 0 } });
  for (const lease of [await runner.lease(), await runner.lease()]) await runner.settle(lease);
  await batches.become(made.id, { status: 'completed', counts: { completed: 4 } });
});

test('stopped: its tasks are stopped, rows without one never get one, until they are retried', async () => {
  const made = await batches.make({ instruction: '{{name}}', rows: named('a', 'b', 'c'), concurrency: 1 });
  await batches.become(made.id, { counts: { queued: 1, pending: 2 } });
  expect((await batches.act(made.id, 'stop')).status).toBe(200);
  await batches.become(made.id, { status: 'stopped', counts: { stopped: 3, pending: 0, queued: 0 } });
  const rows = await batches.rows(made.id);
  expect(rows.map(({ status, taskId }) => [status, taskId !== null])).toEqual([
    ['stopped', true],
    ['stopped', false],
    ['stopped', false],
  ]);
  expect((await batches.act(made.id, 'stop')).body.batch.status).toBe('stopped');
  expect((await batches.act(made.id, 'resume')).body.error.code).toBe('conflict');
  await using _ = endTasks(server);
  expect((await batches.act(made.id, 'retry', { statuses: ['stopped'] })).status).toBe(202);
  await batches.become(made.id, { status: 'completed', counts: { completed: 3, stopped: 0 } });
});

test('paused: nothing more starts; resumed, it goes on where it was', async () => {
  const made = await batches.make({ instruction: '{{name}}', rows: named('a', 'b', 'c'), concurrency: 1 });
  await batches.become(made.id, { counts: { queued: 1 } });
  expect((await batches.act(made.id, 'pause')).body.batch).toMatchObject({
    status: 'paused',
    pauseReason: { code: 'asked' },
  });
  await using _ = endTasks(server);
  await batches.become(made.id, { status: 'paused', counts: { completed: 1, pending: 2, queued: 0 } });
  expect((await batches.act(made.id, 'resume', { concurrency: 2 })).body.batch).toMatchObject({ concurrency: 2 });
  await batches.become(made.id, { status: 'completed', counts: { completed: 3 } });
});

test('a key that is revoked or narrowed pauses it with the reason; another one may resume it', async () => {
  const revoked = await server.newKey(['tasks:write', 'tasks:read', 'keys:read']);
  const narrowed = await server.newKey(['tasks:write', 'tasks:read', 'keys:read']);
  const rows = named('a', 'b');
  const task = { instruction: '{{name}}', rows, concurrency: 1, scopes: ['keys:read'] };
  const [one, other] = [await batches.make(task, revoked.secret), await batches.make(task, narrowed.secret)];
  for (const { id } of [one, other]) await batches.become(id, { counts: { queued: 1 } });
  await server.call('POST', `/api/v1/keys/${revoked.id}/revoke`, { body: {} });
  await server.call('PATCH', `/api/v1/keys/${narrowed.id}`, { body: { spendPerDay: 1 } });
  await stopQueued();
  await batches.become(one.id, { status: 'paused', pauseReason: { code: 'key_revoked' }, counts: { pending: 1 } });
  await batches.become(other.id, { status: 'paused', pauseReason: { code: 'authority_narrowed' } });
  expect((await eventsOf(other.id)).map(({ type }) => type)).toEqual(['batch.paused']);
  const little = await server.newKey(['tasks:write', 'tasks:read']);
  const lacking = await batches.act(other.id, 'resume', {}, little.secret);
  expect(lacking.body.error).toMatchObject({ code: 'missing_scope' });
  await using _ = endTasks(server);
  for (const { id } of [one, other]) {
    expect((await batches.act(id, 'resume')).status).toBe(200);
    await batches.become(id, { status: 'completed', counts: { completed: 1, stopped: 1 } });
  }
});

test('a key with few tasks at a time: the rows wait for their turn', async () => {
  const key = await server.newKey(['tasks:write', 'tasks:read'], { concurrentTasks: 1 });
  const made = await batches.make(
    { instruction: '{{name}}', rows: named('a', 'b', 'c'), concurrency: 3 },
    key.secret,
  );
  await batches.become(made.id, { counts: { queued: 1, pending: 2 }, statusNote: expect.stringContaining('1') });
  await using _ = endTasks(server);
  await batches.become(made.id, { status: 'completed', counts: { completed: 3, failed: 0 } });
});

test('a limit of the key that refuses one row fails that row, and one that refuses all pauses the batch', async () => {
  const only = { command: 'tasks run', input: { properties: { instruction: { pattern: '^good' } } } };
  const key = await server.newKey(['tasks:write', 'tasks:read'], { limits: [only] });
  await using _ = endTasks(server);
  const some = await batches.make({ instruction: '{{name}}', rows: named('good', 'bad', 'good') }, key.secret);
  await batches.become(some.id, { status: 'completed', counts: { completed: 2, failed: 1 } });
  expect((await batches.rows(some.id))[1]).toMatchObject({ taskId: null, error: { code: 'limit_exceeded' } });
  const names = Array.from({ length: 40 }, (_, index) => `bad ${index}`);
  const none = await batches.make({ instruction: '{{name}}', rows: named(...names), concurrency: 1 }, key.secret);
  const paused = await batches.become(none.id, { status: 'paused', pauseReason: { code: 'limit_exceeded' } });
  expect(paused.counts).toMatchObject({ failed: 10, pending: 30 });
});

test('what another account has is not there for it', async () => {
  const made = await batches.make({ instruction: '{{name}}', rows: named('a') });
  const { body } = await server.call('POST', '/api/v1/accounts', { body: { name: crypto.randomUUID() } });
  const key = body.secret;
  for (const path of ['', '/rows', '/results', '/watch'])
    expect((await server.call('GET', `/api/v1/batches/${made.id}${path}`, { key })).status).toBe(404);
  for (const what of ['pause', 'resume', 'stop', 'retry'])
    expect((await batches.act(made.id, what, {}, key)).status).toBe(404);
  expect((await server.call('GET', '/api/v1/batches', { key })).body.items).toEqual([]);
  await batches.act(made.id, 'stop');
});

test('posted twice with one Idempotency-Key it is one batch; its watch ends with it', async () => {
  const key = { 'idempotency-key': crypto.randomUUID() };
  const body = { instruction: '{{name}}', rows: named('a', 'b') };
  const post = () => server.call('POST', '/api/v1/tasks/batch', { body, headers: key });
  const [first, second] = [await post(), await post()];
  expect(second.body.batch.id).toBe(first.body.batch.id);
  const other = await server.call('POST', '/api/v1/tasks/batch', { body: { ...body, name: 'b' }, headers: key });
  expect(other.body.error.code).toBe('idempotency_mismatch');
  const watching = server.call('GET', `/api/v1/batches/${first.body.batch.id}/watch`);
  await using _ = endTasks(server);
  const seen = String((await watching).body)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(seen.at(-1)).toMatchObject({ status: 'completed', counts: { completed: 2 } });
});

test('a page of rows leads to the next, by status too', async () => {
  await using _ = endTasks(server);
  const made = await batches.make({ instruction: '{{name}}', rows: named('a', 'b', 'c', 'd', 'e') });
  await batches.become(made.id, { status: 'completed' });
  const path = `/api/v1/batches/${made.id}/rows?limit=2&status=completed`;
  const seen: number[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { body }: AnyBody = await server.call('GET', cursor === '' ? path : `${path}&cursor=${cursor}`);
    seen.push(...body.items.map(({ number }: AnyBody) => number));
    cursor = body.nextCursor;
  }
  expect(seen).toEqual([1, 2, 3, 4, 5]);
  expect((await server.call('GET', `${path}&cursor=~6162`)).body.error.code).toBe('invalid_input');
});
