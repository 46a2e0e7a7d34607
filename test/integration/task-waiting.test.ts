// A task that waits for people, at the server: its clock stands, its deadline and its key move along, and whatever
// ends a running task ends it, too.
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Lease } from '../../src/protocol/runner.ts';
import type { Task } from '../../src/protocol/task.ts';
import { startTestServer, type TestRunner, type TestServer } from '../fixtures/server.ts';

const TIMEOUT_MS = 100_000;
const WAIT_MS = 300_000;

let server: TestServer;
let runner: TestRunner;
let database: Client;
beforeAll(async () => {
  server = await startTestServer();
  runner = server.runner();
  await runner.appear();
  database = new Client(server.databaseUrl);
  await database.connect();
});
afterAll(async () => {
  await database?.end();
  await server?.stop();
});

const post = (body: object = {}, key = server.adminKey) =>
  server.call('POST', '/api/v1/tasks/run', { key, body: { instruction: 'hi', timeout: TIMEOUT_MS, ...body } });
const taskOf = async (id: string): Promise<Task> => (await server.call('GET', `/api/v1/tasks/${id}`)).body.task;
const stop = (id: string) => server.call('POST', `/api/v1/tasks/${id}/stop`);
const leftUntil = (moment: string | null) => Date.parse(moment ?? '') - Date.now();
const SLACK_MS = 10_000;
const near = (ms: number) => ({ asymmetricMatch: (other: number) => Math.abs(other - ms) < SLACK_MS });

async function start(body: object = { approval: { wait: WAIT_MS } }, key = server.adminKey): Promise<Lease> {
  const answer = await post(body, key);
  expect([answer.status, answer.body.error]).toEqual([202, undefined]);
  const lease = await runner.lease();
  expect(lease.taskId).toBe(answer.body.task.id);
  return lease;
}

const report = async ({ taskId, leaseId }: Lease, what: 'waiting' | 'working', more: object = {}) =>
  (await runner.post(`/tasks/${taskId}/${what}`, { leaseId, ...more })).status;
const heartbeat = (lease: Lease, leftMs: number, waiting: string[] = []) =>
  runner.post('/heartbeat', { runnerId: runner.id, tasks: [lease.taskId], leftMs: [leftMs], waiting });
describe('a task that may wait', () => {
  it('stands while it waits: its deadline and its key are the latest, then what was left', async () => {
    const lease = await start();
    expect([lease.waitMs, lease.leftMs]).toEqual([WAIT_MS, near(TIMEOUT_MS)]);
    expect(await report(lease, 'waiting')).toBe(204);
    expect(await report(lease, 'waiting')).toBe(204);
    const waits = await taskOf(lease.taskId);
    expect(waits).toMatchObject({
      status: 'waiting_for_approval',
      waitMs: WAIT_MS,
      waitedMs: 0,
      phase: 'starting',
    });
    expect(waits.statusNote).toContain('a person');
    expect(leftUntil(waits.deadline)).toEqual(near(TIMEOUT_MS + WAIT_MS));
    expect(await report(lease, 'working', { waitedMs: 120_000, leftMs: 60_000 })).toBe(204);
    expect(await report(lease, 'working', { waitedMs: 120_000, leftMs: 60_000 })).toBe(204);
    const works = await taskOf(lease.taskId);
    expect(works).toMatchObject({ status: 'running', waitedMs: 120_000, statusNote: null });
    expect(leftUntil(works.deadline)).toEqual(near(60_000));
    const { body } = await server.call<string>('GET', `/api/v1/tasks/${lease.taskId}/events?past=true`);
    const events = body.trim().split('\n');
    const told = events.map((line) => JSON.parse(line)).map(({ status }) => status);
    expect(told).toEqual(['queued', 'running', 'waiting_for_approval', 'running']);
    await runner.settle(lease, {});
    expect(await taskOf(lease.taskId)).toMatchObject({ status: 'completed', waitedMs: 120_000 });
  });

  it('has a key that lives as long as it, and no longer than it may live in all', async () => {
    const lease = await start({ approval: { wait: WAIT_MS }, scopes: ['keys:read'] });
    const expiry = async () => {
      const { rows } = await database.query('select expires_at from keys where task_id = $1', [lease.taskId]);
      return rows[0].expires_at.getTime() - Date.now();
    };
    await report(lease, 'waiting');
    expect(await expiry()).toEqual(near(TIMEOUT_MS + WAIT_MS));
    await report(lease, 'working', { waitedMs: 10 * WAIT_MS, leftMs: 10 * TIMEOUT_MS });
    expect(await expiry()).toEqual(near(TIMEOUT_MS));
    expect(await taskOf(lease.taskId)).toMatchObject({ waitedMs: WAIT_MS });
    await report(lease, 'waiting');
    expect(await expiry()).toEqual(near(TIMEOUT_MS));
    await stop(lease.taskId);
  });

  it('is held by heartbeats, whose times count only where both sides say the same of it', async () => {
    const lease = await start();
    const leftMs = async () => leftUntil((await taskOf(lease.taskId)).deadline);
    await report(lease, 'waiting');
    await heartbeat(lease, 10_000);
    expect(await leftMs()).toEqual(near(TIMEOUT_MS + WAIT_MS));
    // The database's clock was set, by as much as this says.
    await heartbeat(lease, 200_000, [lease.taskId]);
    expect(await leftMs()).toEqual(near(200_000));
    await heartbeat(lease, 10 * WAIT_MS, [lease.taskId]);
    expect(await leftMs()).toEqual(near(TIMEOUT_MS + WAIT_MS));
    await report(lease, 'working', { waitedMs: 1_000, leftMs: 90_000 });
    await heartbeat(lease, 10 * WAIT_MS, [lease.taskId]);
    expect(await leftMs()).toEqual(near(90_000));
    await stop(lease.taskId);
  });

  it.each(['completed', 'failed', 'timed_out'] as const)(
    'settles %s although it was said to wait',
    async (outcome) => {
      const lease = await start();
      await report(lease, 'waiting');
      const error = outcome === 'failed' ? { code: 'sandbox_lost' as const, message: 'gone' } : null;
      expect(await runner.settle(lease, { outcome, error })).toBe(204);
      expect(await taskOf(lease.taskId)).toMatchObject({ status: outcome });
    },
  );

  it('is stopped while it waits, with what it has waited, and its runner learns of it', async () => {
    const lease = await start();
    await report(lease, 'waiting');
    const beat = heartbeat(lease, TIMEOUT_MS + WAIT_MS, [lease.taskId]);
    expect((await stop(lease.taskId)).body.task).toMatchObject({
      status: 'stopped',
      waitedMs: expect.any(Number),
    });
    expect(await (await beat).json()).toEqual({ stop: [lease.taskId], messages: {} });
    expect(await report(lease, 'working', { waitedMs: 1, leftMs: 1 })).toBe(409);
    const { rows } = await database.query('select waiting_since from tasks where id = $1', [lease.taskId]);
    expect(rows).toEqual([{ waiting_since: null }]);
  });

  it('ends at its outside limit, and when its runner leaves', async () => {
    const [late, left] = [await start(), await start()];
    for (const lease of [late, left]) await report(lease, 'waiting');
    await runner.post('/leave', { runnerId: runner.id, tasks: [late.taskId] });
    expect(await taskOf(left.taskId)).toMatchObject({ status: 'failed', error: { code: 'interrupted' } });
    await database.query("update tasks set deadline = now() - interval '1 hour' where id = $1", [late.taskId]);
    const status = async () => (await taskOf(late.taskId)).status;
    await expect.poll(status, { timeout: 40_000, interval: 500 }).toBe('timed_out');
  }, 60_000);
});

describe('what a task may wait', () => {
  it.each([
    ['nothing where nothing asks', {}, {}, 0],
    ['what it says itself', { approval: { wait: 5_000 } }, {}, 5_000],
    ['ten minutes unless anything is said', { approval: {} }, {}, 600_000],
    ['no longer than its key says', { approval: { wait: 90_000 } }, { approval: { wait: 20_000 } }, 20_000],
    ['as its key says where it is silent', {}, { approval: { wait: 20_000 } }, 20_000],
    ['ten minutes where a limit asks', { limits: [{ scope: 'keys:read', calls: 1, else: 'ask' }] }, {}, 600_000],
  ])('is %s', async (_, body, ofKey, waitMs) => {
    const key = await server.newKey(['tasks:*', 'keys:read'], ofKey);
    const { status, body: answer } = await post(body, key.secret);
    expect([status, answer.task?.waitMs]).toEqual([202, waitMs]);
    await stop(answer.task.id);
  });

  it('ends with the task above it: a child lives no longer than its parent may', async () => {
    const parent = await start({ approval: { wait: 30_000 } });
    const child = await start({ timeout: 20_000, approval: { wait: WAIT_MS } }, parent.taskKey);
    expect(child.waitMs).toBe(30_000);
    const alone = await start({ timeout: TIMEOUT_MS });
    const below = await start({ timeout: 40_000, approval: { wait: WAIT_MS } }, alone.taskKey);
    expect(below.waitMs).toEqual(near(TIMEOUT_MS - 40_000));
    await report(below, 'waiting');
    const [{ deadline: parents }, { deadline: own }] = [await taskOf(alone.taskId), await taskOf(below.taskId)];
    expect(Date.parse(own ?? '')).toBeLessThanOrEqual(Date.parse(parents ?? ''));
    for (const { taskId } of [parent, alone]) await stop(taskId);
    expect(await taskOf(below.taskId)).toMatchObject({ status: 'stopped', error: { code: 'interrupted' } });
  });

  it('is refused where no sandbox lives so long', async () => {
    await using short = await shortLived(60_000);
    const refused = await short.call('POST', '/api/v1/tasks/run', {
      body: { instruction: 'hi', timeout: 30_000, approval: { wait: 40_000 } },
    });
    expect([refused.status, refused.body.error]).toMatchObject([
      400,
      { code: 'invalid_input', message: expect.stringContaining('70000 ms'), hint: expect.any(String) },
    ]);
    const { status } = await short.call('POST', '/api/v1/tasks/run', {
      body: { instruction: 'hi', timeout: 30_000, approval: { wait: 30_000 } },
    });
    expect(status).toBe(202);
    // A task that asks nothing lives as long as the sandbox does, as ever.
    expect((await short.call('POST', '/api/v1/tasks/run', { body: { instruction: 'hi' } })).status).toBe(202);
  });

  async function shortLived(longestLifeMs: number) {
    const other = await startTestServer();
    await other.runner({ longestLifeMs }).appear();
    return { call: other.call, [Symbol.asyncDispose]: other.stop };
  }
});
