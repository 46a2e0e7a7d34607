// Tasks of a whole Seed in sandboxes of a double of E2B, whose machines are real processes in gVisor: warm from a
// snapshot, no secret anywhere, and nothing lost, left or done twice while the vendor fails and the runner dies.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { sandboxProcesses } from '../../src/drivers/process/sandbox-folder.ts';
import type { RunnerView } from '../../src/protocol/runner.ts';
import { type InE2b, inE2b } from '../doubles/e2b/in-e2b.ts';
import { runs, says } from '../fixtures/fake-server.ts';
import { searchMemory } from '../fixtures/guest-memory.ts';
import { bash, startSeed, type TestSeed, until } from '../fixtures/seed.ts';

const RUNNER_TOKEN = `canary-runner-${randomBytes(16).toString('hex')}`;
const LLM_KEY = `canary-llm-${randomBytes(16).toString('hex')}`;
const MARKER = `marker-${randomBytes(16).toString('hex')}`;
const MODEL = 'canary-model';
const TASK_MS = 150_000;

let there: InE2b;
let seed: TestSeed;
let upstream: ReturnType<typeof createServer>;
let log = '';

/** Works until it is told that all has been looked at. */
const COMMAND = [
  `echo ${MARKER} >/workspace/mark`,
  'env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" "\\n"; ls /run/seed',
  'seed whoami --json | jq -r .account.name',
  'echo sear""ched; until [ -e /tmp/go ]; do sleep 0.2; done',
].join('\n');

beforeAll(async () => {
  there = await inE2b();
  upstream = createServer(async (request, response) => {
    const body = await text(request);
    const answer = body.includes('"role":"tool"') ? says('done') : runs(COMMAND);
    answer({ method: 'POST', url: '', headers: request.headers, body }, response);
  });
  await once(upstream.listen(0, '127.0.0.1'), 'listening');
  const { port } = upstream.address() as AddressInfo;
  const model = {
    SEED_LLM_BASE_URL: `http://127.0.0.1:${port}/v1`,
    SEED_LLM_API_KEY: LLM_KEY,
    SEED_LLM_MODEL: MODEL,
  };
  const settings = { SEED_RUNNER_TOKEN: RUNNER_TOKEN, SEED_LOG_LEVEL: 'info' };
  seed = await startSeed({ ...there.env, ...settings, ...model }, (said) => {
    log += said;
  }).catch((error: Error) => {
    throw new Error(log.slice(-4000), { cause: error });
  });
  await runnerIsReady();
}, 600_000);
afterAll(async () => {
  await seed?.remove();
  upstream?.close();
  await there?.[Symbol.asyncDispose]();
});
afterEach(({ task }) => {
  there.double.faults.clear();
  if (task.result?.state === 'fail') console.error(log.split('\n').slice(-40).join('\n'));
});

const sandboxes = () => [...there.double.sandboxes.values()];
/** Of its API. */
const asked = () => there.double.heard.filter((said) => /^\w+ \/(v2\/)?sandboxes/.test(said)).join('\n');
const nothingIsLeft = () => until('no sandbox is left', () => sandboxes().length === 0, 60_000);
/** Its probe is over: what fails from now on fails for a task. */
const runnerIsReady = () =>
  until(
    'a runner has told of itself',
    async () =>
      (await seed.call<{ items: RunnerView[] }>('GET', '/api/v1/sandboxes')).body.items[0]?.driver === 'e2b',
    TASK_MS,
  );
const said = async (id: string) =>
  (await seed.events(id)).flatMap((event) => (event.type === 'tool_output' ? [event.chunk] : [])).join('');

test('a task is done in a sandbox that reaches nothing; no secret is in it or at the vendor', {
  timeout: TASK_MS,
}, async () => {
  const secrets = [RUNNER_TOKEN, LLM_KEY, seed.adminKey];
  const { id } = await seed.postTask({ instruction: MARKER, model: MODEL });
  await seed.waitForEvent(id, (event) => event.type === 'tool_output' && event.chunk.includes('searched'));
  const [sandbox, ...more] = sandboxes();
  expect(more).toEqual([]);
  expect(sandbox?.asked).toMatchObject({
    secure: true,
    autoPause: false,
    allow_internet_access: false,
    network: { allowPublicTraffic: false },
    envVars: {},
  });
  const machine = join(there.folder, 'gvisor/sandboxes', sandbox?.id ?? '');
  const pids = await sandboxProcesses(machine, ([program]) => program === 'runsc-sandbox');
  const memory = await Promise.all(pids.map((pid) => searchMemory(pid, [MARKER, ...secrets])));
  const go = await there.double.machines.exec(sandbox?.id ?? '', {
    command: ['touch', '/tmp/go'],
    uid: 0,
    cwd: '/',
    env: {},
  });
  expect(await go.ended).toBe(0);
  const output = await said(id);
  expect(await seed.getTask(id)).toMatchObject({ status: 'completed', stdout: 'done', error: null });
  expect(output).toContain('default');
  // Each place with what is there for certain: without that it was not looked at.
  const places = {
    'events of the task': { text: output, has: 'searched' },
    'what the vendor was asked for': { text: asked(), has: `seed-${id}` },
    // Its daemon carries what guest and runner say to each other.
    'what went through the vendor': { text: there.double.heard.join('\n'), has: MARKER },
    'runner and server': { text: log, has: id },
  };
  for (const [place, { text, has }] of Object.entries(places)) {
    expect(text, place).toContain(has);
    expect(
      secrets.filter((secret) => text.includes(secret)),
      place,
    ).toEqual([]);
    expect(text, place).not.toMatch(/sk_live_[0-9A-Za-z]{20}/);
  }
  // Not the task's own key either; and the vendor's is with the runner alone.
  expect([...new Set(memory.flat())]).toEqual([MARKER]);
  expect(output).not.toContain(there.double.apiKey);
  expect(output).not.toContain(sandbox?.envdAccessToken);
  expect(asked()).not.toContain(MARKER);
  await nothingIsLeft();
});

test('nothing that the agent runs makes root of it, and envd takes nobody from inside', {
  timeout: TASK_MS,
}, async () => {
  const script = [
    'find / -xdev -type f -perm /6000 2>/dev/null | wc -l; find / -xdev -type d -writable 2>/dev/null | sort | xargs',
    'su -c id root </dev/null 2>&1 | grep -c uid=0; sudo -n id 2>&1 | grep -c uid=0',
    'grep -c -E "^[^:]+::" /etc/shadow 2>/dev/null; id -u; touch /opt/seed/guest.mjs /run/seed/ended 2>/dev/null || echo refused',
  ].join('\n');
  const task = await seed.runTask({ instruction: bash(script), model: 'scripted' });
  expect(task.status).toBe('completed');
  // What it may write to is its disk alone.
  const writable = '/home/agent /tmp /workspace';
  expect(task.stdout?.trim().split('\n')).toEqual(['0', writable, '0', '0', '1000', 'refused']);
});

test('cut streams: each command is done once, and all of it is told', { timeout: TASK_MS }, async () => {
  const steps = Array.from({ length: 6 }, (_, step) => `echo step-${step}; sleep 1`).join('; ');
  const task = await seed.postTask({
    instruction: bash(steps, 'seed whoami --json | jq -r .account.name'),
    model: 'scripted',
  });
  for (const step of [0, 3]) {
    await seed.waitForEvent(
      task.id,
      (event) => event.type === 'tool_output' && event.chunk.includes(`step-${step}`),
    );
    there.double.cutStreams();
  }
  const output = await said(task.id);
  expect(await seed.getTask(task.id)).toMatchObject({ status: 'completed', stdout: 'default', error: null });
  for (let step = 0; step < 6; step += 1) expect(output.split(`step-${step}\n`).length).toBe(2);
  expect(log).toContain('the stream of the sandbox was opened again');
  await nothingIsLeft();
});

test('5xx, 429, lost answers and lost kills: each task is done once, and nothing is left', {
  timeout: 2 * TASK_MS,
}, async () => {
  const { faults, created } = there.double;
  const before = created.length;
  const CREATE = /^POST \/sandboxes$/;
  faults.add({ of: CREATE, answer: { status: 429, headers: { 'retry-after': '1' } } });
  // It is made, and nobody hears of it.
  faults.add({ of: CREATE, done: true });
  faults.add({ of: CREATE, answer: { status: 503, body: { code: 503, message: 'no node' } } });
  faults.add({ of: /^GET \/v2\/sandboxes$/, answer: { status: 500 }, times: 2 });
  faults.add({ of: /^DELETE /, answer: { status: 204 }, times: 2 });
  faults.add({ of: /Process\/Start$/, times: 2 });
  faults.add({ of: /Process\/Start$/, cutAnswer: 'before its last message' });
  faults.add({ of: /Process\/Start$/, cutAnswer: 40 });
  faults.add({ of: /Process\/SendInput$/, cutAnswer: 0 });
  const tasks = await Promise.all(
    [1, 2, 3].map((count) => seed.postTask({ instruction: bash(`echo task-${count}`), model: 'scripted' })),
  );
  for (const [index, { id }] of tasks.entries()) {
    await until(`task ${index} has ended`, async () => (await seed.getTask(id)).completedAt !== null, TASK_MS);
    expect(await seed.getTask(id)).toMatchObject({ status: 'completed', stdout: `task-${index + 1}` });
    expect((await said(id)).split(`task-${index + 1}`).length).toBe(2);
  }
  expect(faults.met).toBeGreaterThan(8);
  expect(created.length - before).toBe(3);
  await nothingIsLeft();
});

test.each([
  ['ends', (id: string) => there.double.machines.killProcesses(id)],
  ['is paused by somebody', (id: string) => there.double.pause(id)],
])('a task whose sandbox %s fails and says so, and nothing of it stays', { timeout: TASK_MS }, async (_, act) => {
  const task = await seed.postTask({ instruction: bash('echo at-work; sleep 100'), model: 'scripted' });
  await seed.waitForEvent(task.id, (event) => event.type === 'tool_output' && event.chunk.includes('at-work'));
  await act(sandboxes()[0]?.id ?? '');
  there.double.cutStreams();
  await until('the task has ended', async () => (await seed.getTask(task.id)).completedAt !== null, TASK_MS);
  expect(await seed.getTask(task.id)).toMatchObject({ status: 'failed', error: { code: 'sandbox_lost' } });
  await nothingIsLeft();
});

test('a task whose time is over is ended, and so is its sandbox', { timeout: TASK_MS }, async () => {
  const task = await seed.runTask({ instruction: bash('sleep 100'), model: 'scripted', timeout: 4000 });
  expect(task.status).toBe('timed_out');
  await nothingIsLeft();
});

test('a runner that is killed with -9 leaves no orphan, not even one that is made after its death', {
  timeout: 3 * TASK_MS,
}, async () => {
  const { faults } = there.double;
  const task = await seed.postTask({ instruction: bash('echo at-work; sleep 60'), model: 'scripted' });
  await seed.waitForEvent(task.id, (event) => event.type === 'tool_output' && event.chunk.includes('at-work'));
  const met = faults.met;
  faults.add({ of: /^POST \/sandboxes$/, done: { afterMs: 3_000 } });
  const next = await seed.postTask({ instruction: bash('echo next'), model: 'scripted' });
  await until('the next one is being made', () => faults.met > met, TASK_MS);
  process.kill(seed.runnerPid(), 'SIGKILL');
  await seed.call('POST', `/api/v1/tasks/${task.id}/stop`);
  for (const { id } of [task, next]) {
    await until('the task has ended', async () => (await seed.getTask(id)).completedAt !== null, TASK_MS);
  }
  expect((await said(next.id)).split('next\n').length).toBeLessThanOrEqual(2);
  await until('no sandbox is left', () => sandboxes().length === 0, TASK_MS);
});
