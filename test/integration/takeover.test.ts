// Tasks at work whose runner is killed, stopped or paused: another runner goes on with their sandboxes, which are
// real guests that listen as in a cluster, against a real server. Nothing of a task is lost, and nothing happens twice.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createRunner, type Runner } from '../../src/runner/runner.ts';
import { createListeningDriver, type ListeningDriver } from '../fixtures/listening-driver.ts';
import { bash } from '../fixtures/seed.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

const RUNNER = join(import.meta.dirname, '../fixtures/listening-runner.ts');
let server: TestServer;
let platform: ListeningDriver;
beforeAll(async () => {
  [server, platform] = await Promise.all([startTestServer(), createListeningDriver()]);
});
afterAll(async () => {
  await Promise.all([server?.stop(), platform?.remove()]);
});

const runners: Runner[] = [];
const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await Promise.all(runners.splice(0).map((runner) => runner.stop()));
});

/** @param former runners whose end it knows of */
async function startRunner(former: string[] = []): Promise<Runner> {
  const id = randomUUID();
  const driver = await createListeningDriver({ folder: platform.folder, owner: id });
  const runner = createRunner({
    serverUrl: server.url,
    runnerToken: server.runnerToken,
    sandboxes: { driver, snapshot: driver.snapshot },
    probes: [{ driver: driver.name, usable: true, isolation: 'vm' }],
    slots: 4,
    name: 'test',
    log: pino({ level: 'silent' }),
    drainMs: 30_000,
    identity: { id, former, formerTold: async () => undefined },
  });
  await runner.start();
  runners.push(runner);
  return runner;
}

function startChild(): { id: string; child: ChildProcess } {
  const id = randomUUID();
  const child = spawn(process.execPath, [RUNNER, server.url, server.runnerToken, platform.folder, id], {
    stdio: 'ignore',
  });
  children.push(child);
  return { id, child };
}

const post = async (instruction: string, more: object = {}): Promise<string> =>
  (await server.call('POST', '/api/v1/tasks/run', { body: { instruction, ...more } })).body.task.id;
const taskOf = async (id: string) => (await server.call('GET', `/api/v1/tasks/${id}`)).body.task;
async function eventsOf(id: string) {
  const { body } = await server.call<string>('GET', `/api/v1/tasks/${id}/events`);
  const lines = body.trim().split('\n');
  return lines.map((line) => JSON.parse(line) as { type: string; status?: string; chunk?: string; text?: string });
}
const outputOf = async (id: string) => (await eventsOf(id)).map(({ chunk = '' }) => chunk).join('');
const begins = (id: string) =>
  expect.poll(() => existsSync(join(platform.workspaceOf(id), 'begun')), { timeout: 30_000 }).toBe(true);
const ended = async (id: string) => {
  await expect.poll(async () => (await taskOf(id)).completedAt, { timeout: 30_000 }).not.toBeNull();
  return taskOf(id);
};

/** Goes on when the file is there, which is outside of what its runner does. */
const WAITS = 'echo begun; touch begun; until [ -e go ]; do sleep 0.1; done';
/** A write, an artifact and an answer. */
const REST =
  'seed webhooks create --url https://example.com/hook --events task.completed | head -c 1 >/dev/null; echo kept > out/kept; echo done';
const letGo = (id: string) => writeFile(join(platform.workspaceOf(id), 'go'), '');

async function expectWhole(id: string): Promise<void> {
  const task = await ended(id);
  expect(task).toMatchObject({ status: 'completed', error: null });
  expect(task.stdout).toContain('done');
  expect(task.artifacts.map(({ name }: { name: string }) => name)).toEqual(['kept']);
  const events = await eventsOf(id);
  expect(events.flatMap(({ status }) => status ?? []).filter((status) => status === 'completed')).toHaveLength(1);
  expect((await outputOf(id)).match(/begun/g)).toHaveLength(1);
  // Of all the time that the sandbox lived.
  expect(task.usage.wallMs).toBeGreaterThan(0);
  expect(task.usage.wallMs).toBeLessThan(Date.parse(task.completedAt) - Date.parse(task.startedAt) + 1_000);
}

test('a runner that is killed loses nothing: another one goes on, and the task completes', {
  timeout: 90_000,
}, async () => {
  const { id: killed, child } = startChild();
  const id = await post(bash(`${WAITS}; ${REST}`));
  await begins(id);
  child.kill('SIGKILL');
  await startRunner([killed]);
  await letGo(id);
  await expectWhole(id);
  await expect.poll(() => platform.status(id), { timeout: 10_000 }).not.toBe('running');
});

test('a runner that is stopped hands over at once, more than once, and ends none', {
  timeout: 90_000,
}, async () => {
  const first = await startRunner();
  const ids = await Promise.all([post(bash(`${WAITS}; ${REST}`)), post(bash(`${WAITS}; ${REST}`))]);
  for (const id of ids) await begins(id);
  const begunAt = performance.now();
  await first.stop();
  // Long before they could have ended.
  expect(performance.now() - begunAt).toBeLessThan(15_000);
  for (const id of ids) expect((await taskOf(id)).status).toBe('running');
  const owners = async () => new Set((await platform.all?.())?.map(({ owner }) => owner));
  const before = await owners();
  const second = await startRunner();
  await expect.poll(owners, { timeout: 20_000 }).not.toEqual(before);
  await second.stop();
  await startRunner();
  for (const id of ids) await letGo(id);
  for (const id of ids) await expectWhole(id);
});

test('a runner that comes back from a pause has no say any more, and leaves the sandbox alone', {
  timeout: 90_000,
}, async () => {
  const { id: paused, child } = startChild();
  const id = await post(bash(`${WAITS}; ${REST}`));
  await begins(id);
  child.kill('SIGSTOP');
  await startRunner([paused]);
  const owner = async () => (await platform.all?.())?.find((sandbox) => sandbox.id === id)?.owner;
  await expect.poll(owner, { timeout: 20_000 }).not.toBe(paused);
  child.kill('SIGCONT');
  // It hears by its next heartbeat that the task is another's; the sandbox runs on.
  await server.call('GET', '/api/v1/sandboxes');
  await expect.poll(async () => (await taskOf(id)).status).toBe('running');
  await letGo(id);
  await expectWhole(id);
});
