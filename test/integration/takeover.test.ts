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
import { type Approving, SCOPES, startApproving } from '../fixtures/approvals.ts';
import { run } from '../fixtures/database.ts';
import { holdRequests } from '../fixtures/held-requests.ts';
import { createListeningDriver, type ListeningDriver } from '../fixtures/listening-driver.ts';
import { sandboxLimits } from '../fixtures/sandbox-limits.ts';
import { bash } from '../fixtures/seed.ts';
import type { TestServer } from '../fixtures/server.ts';

const RUNNER = join(import.meta.dirname, '../fixtures/listening-runner.ts');
let desk: Approving;
let server: TestServer;
let platform: ListeningDriver;
beforeAll(async () => {
  [desk, platform] = await Promise.all([startApproving(), createListeningDriver()]);
  server = desk.server;
});
afterAll(async () => {
  await Promise.all([desk?.[Symbol.asyncDispose](), platform?.remove()]);
});

const runners: Runner[] = [];
const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await Promise.all(runners.splice(0).map((runner) => runner.stop()));
});

interface StartOptions {
  /** The server's, or one that leads there. */
  url?: string;
  orphansEveryMs?: number;
}

/** @param former runners whose end it knows of */
async function startRunner(former: string[] = [], { url, ...more }: StartOptions = {}): Promise<Runner> {
  const id = randomUUID();
  const driver = await createListeningDriver({ folder: platform.folder, owner: id });
  const runner = createRunner({
    ...more,
    serverUrl: url ?? server.url,
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

function startChild(url = server.url): { id: string; child: ChildProcess } {
  const id = randomUUID();
  const child = spawn(process.execPath, [RUNNER, url, server.runnerToken, platform.folder, id], {
    stdio: 'ignore',
  });
  children.push(child);
  return { id, child };
}

const post = async (instruction: string, key = server.adminKey): Promise<string> =>
  (await server.call('POST', '/api/v1/tasks/run', { key, body: { instruction } })).body.task.id;
const taskOf = async (id: string) => (await server.call('GET', `/api/v1/tasks/${id}`)).body.task;
async function eventsOf(id: string) {
  const { body } = await server.call<string>('GET', `/api/v1/tasks/${id}/events?past=true`);
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
  await expect.poll(async () => (await taskOf(id)).status, { timeout: 30_000 }).toBe('running');
  await letGo(id);
  await expectWhole(id);
});

const toldBy = (id: string, what: string) => expect.poll(() => outputOf(id), { timeout: 30_000 }).toContain(what);
const webhooks = async () => (await server.call('GET', '/api/v1/webhooks')).body.items.length;

test('a result that was told and not settled when its runner is killed is told again', {
  timeout: 90_000,
}, async () => {
  await using line = await holdRequests(server.url);
  const { id: killed, child } = startChild(line.url);
  const id = await post(bash(`${WAITS}; ${REST}`));
  await begins(id);
  line.holds = /\/settle$/;
  await letGo(id);
  await expect.poll(() => line.seen, { timeout: 30_000 }).toContain(`/runner/v1/tasks/${id}/settle held`);
  child.kill('SIGKILL');
  expect((await taskOf(id)).status).toBe('running');
  await startRunner([killed]);
  await expectWhole(id);
});

test('a call with a key that died in a takeover is not answered: the guest asks the next runner', {
  timeout: 90_000,
}, async () => {
  const written = await webhooks();
  await using line = await holdRequests(server.url);
  const { id: first } = startChild(line.url);
  const id = await post(bash(`${WAITS}; ${REST}`));
  await begins(id);
  await toldBy(id, 'begun');
  // It does not hear by its heartbeats that the task is another's.
  line.holds = /\/(heartbeat|lease)$/;
  await expect.poll(() => line.seen.at(-1), { timeout: 10_000 }).toContain('heartbeat held');
  const leave = await fetch(`${server.url}/runner/v1/leave`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.runnerToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ runnerId: first, tasks: [] }),
  });
  expect(leave.status).toBe(204);
  await letGo(id);
  await expect.poll(() => line.seen, { timeout: 20_000 }).toContain(`/runner/v1/tasks/${id}/phase 409`);
  expect(line.seen.filter((one) => one.startsWith('/api/v1') && one.endsWith(' 401'))).not.toEqual([]);
  await startRunner();
  await expectWhole(id);
  expect(await webhooks()).toBe(written + 1);
});

test('a runner kills a sandbox that it finds twice to be nobody’s, and spares one that a living task names', {
  timeout: 90_000,
}, async () => {
  const { id: silent, child } = startChild();
  const id = await post(bash(`${WAITS}; ${REST}`));
  await begins(id);
  child.kill('SIGSTOP');
  // As if it had not been heard of for an hour; the task's lease is alive.
  await run(server.databaseUrl, `update runners set last_seen = now() - interval '1 hour' where id = '${silent}'`);
  const dead = await createListeningDriver({ folder: platform.folder, owner: randomUUID() });
  const stray = randomUUID();
  await dead.start(dead.snapshot, sandboxLimits(60_000), stray);
  await startRunner([], { orphansEveryMs: 200 });
  await expect.poll(() => platform.status(stray), { timeout: 20_000 }).toEqual({ reason: 'killed' });
  expect(await platform.status(id)).toBe('running');
  child.kill('SIGCONT');
  await letGo(id);
  await expectWhole(id);
});

test('a server that goes in the middle of a takeover leaves it to the next one', { timeout: 90_000 }, async () => {
  const other = await server.sibling();
  await using line = await holdRequests(other.url);
  const first = await startRunner();
  const id = await post(bash(`${WAITS}; ${REST}`));
  await begins(id);
  line.holds = /\/phase$/;
  const second = startRunner([], { url: line.url });
  await first.stop();
  await second;
  // It was given the task, and has not said yet that it serves it.
  await expect.poll(() => line.seen, { timeout: 20_000 }).toContain(`/runner/v1/tasks/${id}/phase held`);
  await other.stop();
  line.target = server.url;
  line.holds = null;
  line.breakHeld();
  await letGo(id);
  await expectWhole(id);
});

test('an approval that waits during a takeover is decided, done once, and told to the agent', {
  timeout: 90_000,
}, async () => {
  const person = await desk.approver();
  const worker = await server.newKey([...SCOPES, 'tasks:*', 'webhooks:*']);
  const first = await startRunner();
  const order = 'seed orders add --supplier acme --total 5 | grep -o acme';
  const id = await post(bash(`echo begun; touch begun; ${order}; ${REST}`), worker.secret);
  await begins(id);
  await expect.poll(async () => (await taskOf(id)).status, { timeout: 30_000 }).toBe('waiting_for_approval');
  await first.stop();
  await startRunner();
  expect((await taskOf(id)).status).toBe('waiting_for_approval');
  const { body } = await server.call('GET', `/api/v1/approvals?state=pending&task=${id}`);
  const path = `/api/v1/approvals/${body.items[0]?.id}/approve`;
  expect((await server.call('POST', path, { key: person.secret, body: {} })).status).toBe(200);
  await expectWhole(id);
  expect(await outputOf(id)).toContain('acme');
  expect(await desk.orders()).toEqual(['acme 5']);
});
