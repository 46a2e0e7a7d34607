// Leases between a real server and real runners, whose guests the test plays: an answer that reaches nobody, a
// runner that is stopped or killed around a post, and one that starts after another.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Lease } from '../../src/protocol/runner.ts';
import { createRunner, type Runner, type RunnerOptions } from '../../src/runner/runner.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';
import { createStreamDriver, type StreamDriver } from '../fixtures/stream-driver.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server?.stop());

const runners: Runner[] = [];
afterEach(async () => {
  await Promise.all(runners.splice(0).map((runner) => runner.stop()));
});

async function startRunner(driver: StreamDriver, more: Partial<RunnerOptions> = {}): Promise<Runner> {
  const runner = createRunner({
    serverUrl: server.url,
    runnerToken: server.runnerToken,
    sandboxes: { driver, snapshot: driver.snapshot },
    probes: [{ driver: 'stream', usable: true, isolation: 'vm' }],
    slots: 4,
    name: 'test',
    log: pino({ level: 'silent' }),
    drainMs: 5_000,
    ...more,
  });
  await runner.start();
  runners.push(runner);
  return runner;
}

/** Its guests answer at once. */
function busyDriver(): StreamDriver {
  const driver = createStreamDriver();
  const answer = JSON.stringify({ stdout: 'done', stderr: null, exitCode: 0, error: null });
  void (async () => {
    for (;;) {
      const guest = await driver.nextGuest();
      await guest.send({ ':method': 'POST', ':path': '/result' }, answer).catch(() => undefined);
      guest.exit({ reason: 'exited', code: 0 });
    }
  })();
  return driver;
}

const post = async (body: object = {}): Promise<string> =>
  (await server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'do it', ...body } })).body.task.id;
const taskOf = async (id: string) => (await server.call('GET', `/api/v1/tasks/${id}`)).body.task;
const statusesOf = async (id: string): Promise<string[]> => {
  const { body } = await server.call<string>('GET', `/api/v1/tasks/${id}/events`);
  const events = body
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return events.flatMap((event) => (event.type === 'status' ? [event.status] : []));
};
const completed = (id: string) =>
  expect.poll(async () => (await taskOf(id)).status, { timeout: 20_000 }).toBe('completed');

test('a task for a connection that is gone goes to the next runner', async () => {
  const asking = {
    id: randomUUID(),
    name: 'gone',
    slots: 1,
    freeSlots: 1,
    driver: 'test',
    isolation: 'vm',
    probes: [],
  };
  const headers = { authorization: `Bearer ${server.runnerToken}`, 'content-type': 'application/json' };
  const ids: string[] = [];
  for (let afterMs = 0; afterMs < 40; afterMs += 3) {
    const gone = new AbortController();
    const body = JSON.stringify({ runner: { ...asking, id: randomUUID() } });
    const init = { method: 'POST', headers, body, signal: gone.signal };
    const asked = fetch(`${server.url}/runner/v1/lease`, init).catch(() => undefined);
    await sleep(20);
    ids.push(await post());
    await sleep(afterMs);
    gone.abort();
    await asked;
  }
  await startRunner(busyDriver());
  for (const id of ids) await completed(id);
  for (const id of ids) {
    const statuses = await statusesOf(id);
    expect(statuses.filter((status) => status === 'completed')).toHaveLength(1);
    expect(statuses.at(-1)).toBe('completed');
  }
});

test('a runner that is stopped around a post strands nothing, and nothing runs twice', async () => {
  const ids: string[] = [];
  for (let afterMs = 0; afterMs < 40; afterMs += 4) {
    const runner = await startRunner(busyDriver());
    await sleep(20);
    ids.push(await post());
    await sleep(afterMs);
    await runner.stop();
  }
  await startRunner(busyDriver());
  for (const id of ids) await completed(id);
});

test('what has not begun when its runner is stopped is run by another one', async () => {
  const sandbox = Promise.withResolvers<void>();
  const slow = createStreamDriver();
  slow.beforeStart = () => sandbox.promise;
  const runner = await startRunner(slow);
  const id = await post();
  await expect.poll(async () => (await taskOf(id)).status).toBe('running');
  const stopped = runner.stop();
  await expect.poll(async () => (await taskOf(id)).status).toBe('queued');
  await startRunner(busyDriver());
  await completed(id);
  sandbox.resolve();
  await stopped;
  const statuses = await statusesOf(id);
  expect(statuses.slice(0, 4)).toEqual(['queued', 'running', 'queued', 'running']);
  expect(statuses.at(-1)).toBe('completed');
});

test('the runner that starts after a killed one says so: what had begun ends, the rest is run', async () => {
  const killed = server.runner();
  const begun = await post();
  const lease: Lease = await killed.lease();
  expect(lease.taskId).toBe(begun);
  const unbegun = await post();
  const state = {
    id: killed.id,
    name: 'killed',
    slots: 2,
    freeSlots: 1,
    driver: 'test',
    isolation: 'vm',
    probes: [],
  };
  await killed.post('/lease', { runner: state });
  expect((await taskOf(unbegun)).status).toBe('running');

  const told = Promise.withResolvers<void>();
  const identity = { id: randomUUID(), former: [killed.id], formerTold: async () => told.resolve() };
  await startRunner(busyDriver(), { identity });
  await told.promise;
  expect(await taskOf(begun)).toMatchObject({ status: 'failed', error: { code: 'interrupted' } });
  await completed(unbegun);
  const { body } = await server.call('GET', '/api/v1/sandboxes');
  expect(body.items.map(({ id }: { id: string }) => id)).not.toContain(killed.id);
});
