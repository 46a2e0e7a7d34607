// Tasks that the agents of tasks start: what they take from those above them, and how they end with them.
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Lease } from '../../src/protocol/runner.ts';
import type { Task } from '../../src/protocol/task.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';
import { expectSumsToAgree } from '../fixtures/sums.ts';

let server: TestServer;
let sibling: Awaited<ReturnType<TestServer['sibling']>>;
beforeAll(async () => {
  server = await startTestServer();
  sibling = await server.sibling();
});
afterAll(async () => {
  await sibling?.stop();
  await server?.stop();
});

const roots: string[] = [];
afterEach(async () => {
  for (const id of roots.splice(0)) await server.call('POST', `/api/v1/tasks/${id}/stop`);
});

const post = (key: string, body: object = {}) =>
  server.call('POST', '/api/v1/tasks/run', { key, body: { instruction: 'hi', ...body } });
const taskOf = async (id: string): Promise<Task> => (await server.call('GET', `/api/v1/tasks/${id}`)).body.task;
const stop = (id: string) => server.call('POST', `/api/v1/tasks/${id}/stop`);
const ask = (lease: Lease, at: Pick<TestServer, 'call'> = server) =>
  at.call('POST', '/llm/v1/chat/completions', {
    key: lease.taskKey,
    body: { model: 'scripted', max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] },
  });

/** Posts with the key and leases what was posted. */
async function start(key = server.adminKey, body: object = {}): Promise<Lease> {
  const runner = server.runner();
  await runner.appear();
  const answer = await post(key, body);
  expect([answer.status, answer.body.error]).toEqual([202, undefined]);
  if (key === server.adminKey) roots.push(answer.body.task.id);
  const lease = await runner.lease();
  expect(lease.taskId).toBe(answer.body.task.id);
  return lease;
}

/** A parent, its child and its grandchild, all running. */
async function startLine(body: object = {}): Promise<[Lease, Lease, Lease]> {
  const first = await start(server.adminKey, body);
  const second = await start(first.taskKey);
  return [first, second, await start(second.taskKey)];
}

describe('a child task', () => {
  it('knows its parent and has at most its scopes, also when a key that the parent made starts it', async () => {
    const parent = await start(server.adminKey, { scopes: ['tasks:*', 'keys:write', 'keys:read'] });
    const child = (await post(parent.taskKey, { scopes: ['keys:read', 'audit:read'] })).body.task;
    expect(child).toMatchObject({
      parentTaskId: parent.taskId,
      scopes: { effective: ['keys:read'], denied: ['audit:read'] },
    });
    const made = await server.call('POST', '/api/v1/keys', {
      key: parent.taskKey,
      body: { name: 'made', scopes: ['tasks:write'] },
    });
    expect((await post(made.body.secret)).body.task).toMatchObject({
      parentTaskId: parent.taskId,
      scopes: { effective: ['tasks:write'] },
    });
  });

  it('needs the scope to start tasks', async () => {
    const parent = await start(server.adminKey, { scopes: ['keys:read', 'tasks:read'] });
    const { status, body } = await post(parent.taskKey);
    expect([status, body.error.code]).toEqual([403, 'missing_scope']);
  });

  it('has no more time than its parent has left, however long it waits', async () => {
    const parent = await start(server.adminKey, { timeout: 60_000 });
    const runner = server.runner();
    const waiting = (await post(parent.taskKey, { timeout: 600_000 })).body.task;
    expect(waiting.timeout).toBeLessThanOrEqual(60_000);
    expect(waiting.timeout).toBeGreaterThan(30_000);
    const lease = await runner.lease();
    expect(lease.taskId).toBe(waiting.id);
    expect(lease.deadline).toBe(parent.deadline);
    const short = await start(parent.taskKey, { timeout: 2_000 });
    expect(Date.parse(short.deadline)).toBeLessThan(Date.parse(parent.deadline));
    expect(short.timeoutMs).toBe(2_000);
  });

  it('can be the parent of one more, and that one of none', async () => {
    const [, , third] = await startLine();
    const { status, body } = await post(third.taskKey);
    expect([status, body.error.code]).toEqual([403, 'too_deep']);
    expect(body.error.message).toContain('3 deep');
  });

  it('is listed by its parent', async () => {
    const [first, second, third] = await startLine();
    const children = async (id: string) => {
      const { body } = await server.call('GET', `/api/v1/tasks?parentTaskId=${id}`);
      return body.items.map((task: Task) => task.id);
    };
    expect(await children(first.taskId)).toEqual([second.taskId]);
    expect(await children(second.taskId)).toEqual([third.taskId]);
    expect(await children(third.taskId)).toEqual([]);
  });
});

describe('the budget of a parent', () => {
  it('is what its children take from, exactly, when all of them call at once', async () => {
    const line = await startLine({ budget: { calls: 10 } });
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) => ask(line[index % 3] as Lease, index % 2 ? server : sibling)),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(10);
    const refused = statuses.filter((status) => status !== 200);
    expect(refused).toContain(402);
    // Two seconds behind the first refusal the tasks end, and their keys with them.
    expect(refused.filter((status) => status !== 402 && status !== 401)).toEqual([]);
    const [first, second, third] = await Promise.all(line.map(({ taskId }) => taskOf(taskId)));
    expect(first?.used.calls).toBe(10);
    expect(first?.used.tokens).toBeGreaterThan(third?.used.tokens ?? 0);
    expect(second?.used.calls).toBeLessThanOrEqual(10);
    expect(second?.budget).toBeNull();
    await expectSumsToAgree(server.databaseUrl);
  });

  it('is not widened by that of a child, which may be smaller', async () => {
    const parent = await start(server.adminKey, { budget: { calls: 3 } });
    const modest = await start(parent.taskKey, { budget: { calls: 1 } });
    const greedy = await start(parent.taskKey, { budget: { calls: 100 } });
    expect((await ask(modest)).status).toBe(200);
    expect((await ask(modest)).body.error.message).toContain('1 of 1 calls of this task');
    expect([(await ask(greedy)).status, (await ask(greedy)).status]).toEqual([200, 200]);
    const { body } = await ask(greedy);
    expect(body.error.message).toBe(
      `this task is out of budget: 3 of 3 calls of the task ${parent.taskId}, which stands above this one, are used`,
    );
    // The child ends for it; its parent when it calls the model itself, and it can start nothing more.
    await server.runner().settle(greedy);
    expect((await taskOf(greedy.taskId)).error?.code).toBe('budget_exceeded');
    expect((await taskOf(parent.taskId)).status).toBe('running');
    const refused = await post(parent.taskKey);
    expect([refused.status, refused.body.error.code]).toEqual([402, 'budget_exceeded']);
    expect((await ask(parent)).status).toBe(402);
  });

  it("has its children's sandboxes in it, too", async () => {
    const [first, second, third] = await startLine();
    const usage = { cpuSeconds: 2, peakMemoryBytes: 1, wallMs: 1_000 };
    for (const lease of [third, second, first]) await server.runner().settle(lease, { usage });
    const costs = await Promise.all([first, second, third].map(({ taskId }) => taskOf(taskId)));
    const [own = 0] = costs.map(({ cost }) => cost.total);
    expect(own).toBeGreaterThan(0);
    const used = costs.map((task) => Math.round(task.used.usd * 1e9));
    expect(used).toEqual([3, 2, 1].map((tasks) => Math.round(own * tasks * 1e9)));
    await expectSumsToAgree(server.databaseUrl);
  });
});

describe('when a task ends, so do all below it', () => {
  it.each([
    ['stopped', async ({ taskId }: Lease) => void (await stop(taskId))],
    ['completed', async (lease: Lease) => void (await server.runner().settle(lease))],
    ['failed', async (lease: Lease) => void (await server.runner().settle(lease, { outcome: 'failed' }))],
    ['timed_out', async (lease: Lease) => void (await server.runner().settle(lease, { outcome: 'timed_out' }))],
  ])('%s', async (status, end) => {
    const line = await startLine();
    const [first, second, third] = line;
    const queued = (await post(second.taskKey)).body.task;
    await end(first);
    expect((await taskOf(first.taskId)).status).toBe(status);
    for (const id of [second.taskId, third.taskId, queued.id]) {
      expect(await taskOf(id)).toMatchObject({ status: 'stopped', error: { code: 'interrupted' } });
    }
    for (const { taskKey } of line) {
      const { body } = await server.call('GET', '/api/v1/whoami', { key: taskKey });
      expect(body.error.code).toBe('key_revoked');
    }
    // Its place in the queue is gone with it.
    const next = await start();
    expect(next.taskId).not.toBe(queued.id);
    expect(await jobs([queued.id])).toEqual([]);
  });

  it('only those below it', async () => {
    const parent = await start();
    const child = await start(parent.taskKey);
    const other = await start(parent.taskKey);
    await stop(child.taskId);
    expect((await taskOf(parent.taskId)).status).toBe('running');
    expect((await taskOf(other.taskId)).status).toBe('running');
  });

  it('also those that are being started, called and settled at the same moment', async () => {
    for (let round = 0; round < 5; round += 1) {
      const line = await startLine({ budget: { calls: 1_000 } });
      const [first, second, third] = line;
      const answers = await Promise.all([
        ...Array.from({ length: 12 }, (_, index) => ask(line[index % 3] as Lease, index % 2 ? server : sibling)),
        ...Array.from({ length: 6 }, (_, index) => post((index % 2 ? first : second).taskKey)),
        server.runner().settle(third, { usage: { cpuSeconds: 1, peakMemoryBytes: 1, wallMs: 1 } }),
        stop(second.taskId),
        server.call('POST', `/api/v1/tasks/${first.taskId}/stop`),
        server.runner().appear(),
      ]);
      const statuses = answers.map((answer) => (typeof answer === 'object' ? answer.status : answer));
      expect(statuses.filter((status) => Number(status) >= 500)).toEqual([]);
      const { body } = await server.call('GET', '/api/v1/tasks?limit=100');
      const below = body.items.filter(
        ({ id, parentTaskId }: Task) =>
          id === first.taskId || [first.taskId, second.taskId].includes(parentTaskId ?? ''),
      );
      expect(below.length).toBeGreaterThanOrEqual(3);
      for (const task of below) expect(task.completedAt).not.toBeNull();
      expect(await jobs(below.map(({ id }: Task) => id))).toEqual([]);
    }
    await expectSumsToAgree(server.databaseUrl);
  });
});

async function jobs(ids: string[]): Promise<string[]> {
  const client = new Client({ connectionString: server.databaseUrl });
  await client.connect();
  try {
    return (await client.query('select id from pgboss.job where id = any($1)', [ids])).rows;
  } finally {
    await client.end();
  }
}
