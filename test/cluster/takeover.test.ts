// Takeover in a real cluster: runners as processes of their own, on one namespace, go on with each other's pods when
// one is stopped or killed. Every step of a task happens once, its pod stays the same, and none is left in the end.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cacheDirSetting } from '../../src/lib/settings.ts';
import { bash } from '../fixtures/seed.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';
import { inCluster } from './in-cluster.ts';

const RUNNER = join(import.meta.dirname, '../../src/runner/main.ts');
const cluster = await inCluster({ image: 'sandbox', runtimeClass: 'sealed' });
const there = test.skipIf(cluster === null);

let server: TestServer;
let folder: string;
const runners: ChildProcess[] = [];
beforeAll(async () => {
  if (cluster === null) return;
  server = await startTestServer();
  folder = await mkdtemp(join(tmpdir(), 'seed-takeover-'));
});
afterAll(async () => {
  for (const runner of runners) runner.kill('SIGKILL');
  await server?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

interface StartedRunner {
  process: ChildProcess;
  dataDir: string;
  /** Resolves with its id once it takes tasks. */
  ready(): Promise<string>;
}

/** @param name of its data folder: who has the folder of a dead one says that it is dead */
function startRunner(name: string): StartedRunner {
  const dataDir = join(folder, name);
  const child = spawn(process.execPath, [RUNNER], {
    env: {
      ...{ PATH: process.env['PATH'] ?? '', ...cluster?.env, SEED_SANDBOX_PATIENCE: '3' },
      ...{ SEED_SERVER_URL: server.url, SEED_RUNNER_TOKEN: server.runnerToken },
      ...{ SEED_DATA_DIR: dataDir, SEED_CACHE_DIR: cacheDirSetting(), SEED_LOG_LEVEL: 'warn' },
      ...{ SEED_POOL_SIZE: '0', SEED_RUNNER_SLOTS: '4', SEED_RUNNER_NAME: name },
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  runners.push(child);
  return {
    process: child,
    dataDir,
    async ready() {
      const isReady = () => existsSync(join(dataDir, 'runner.ready'));
      await expect.poll(isReady, { timeout: 60_000, interval: 100 }).toBe(true);
      return (await readFile(join(dataDir, 'runner.ids'), 'utf8')).trim().split('\n').at(-1) ?? '';
    },
  };
}

interface SeenPod {
  name: string;
  uid: string;
  runner: string | undefined;
}

/** By the task that each one does, which is its sandbox's id where no sandbox was started ahead. */
async function podsByTask(): Promise<Record<string, SeenPod>> {
  const selector = `seed.dev/sandbox,seed.dev/installation=${cluster?.env['SEED_KUBERNETES_OWNER']}`;
  const text = (await cluster?.kubectl('get', 'pods', '-l', selector, '-o', 'json')) ?? '';
  const { items } = JSON.parse(text) as {
    items: { metadata: { name: string; uid: string; labels: Record<string, string> } }[];
  };
  return Object.fromEntries(
    items.map(({ metadata: { name, uid, labels } }) => [
      labels['seed.dev/sandbox'],
      { name, uid, runner: labels['seed.dev/runner'] },
    ]),
  );
}

/** Three steps: the first one ends when the test says so, the others write and leave a file. */
const STEPS = bash(
  'echo step-1; until [ -e go ]; do sleep 0.1; done; echo went',
  'echo step-2; seed webhooks create --url https://example.com/hook --events task.completed | head -c 1 >/dev/null',
  'echo step-3; echo kept > out/kept',
);

async function post(): Promise<string> {
  const { body } = await server.call('POST', '/api/v1/tasks/run', { body: { instruction: STEPS } });
  return body.task.id;
}
const taskOf = async (id: string) => (await server.call('GET', `/api/v1/tasks/${id}`)).body.task;
async function outputOf(id: string): Promise<string> {
  const { body } = await server.call<string>('GET', `/api/v1/tasks/${id}/events?past=true`);
  const events = body
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { chunk?: string });
  return events.map(({ chunk = '' }) => chunk).join('');
}
const atWork = (id: string) =>
  expect.poll(() => outputOf(id), { timeout: 60_000, interval: 100 }).toContain('step-1');
const letGo = (pod: SeenPod | undefined) =>
  cluster?.kubectl('exec', pod?.name ?? '', '--', 'touch', '/workspace/go');

async function expectWhole(ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await expect.poll(async () => (await taskOf(id)).completedAt, { timeout: 60_000 }).not.toBeNull();
    const task = await taskOf(id);
    expect(task).toMatchObject({ status: 'completed', error: null });
    expect(task.artifacts.map(({ name }: { name: string }) => name)).toEqual(['kept']);
    // Of its whole life, under both runners.
    expect(task.usage).toMatchObject({ cpuSeconds: expect.any(Number) });
    expect(task.usage.wallMs).toBeLessThan(Date.parse(task.completedAt) - Date.parse(task.startedAt) + 1_000);
    const output = await outputOf(id);
    expect(output.match(/step-\d|went/g)).toEqual(['step-1', 'went', 'step-2', 'step-3']);
  }
}

const webhooks = async () => (await server.call('GET', '/api/v1/webhooks')).body.items.length;

let second: StartedRunner;

there('a runner that is stopped hands its pods over at once, and another one completes their tasks', async () => {
  const first = startRunner('first');
  const firstId = await first.ready();
  const ids = await Promise.all([post(), post()]);
  second = startRunner('second');
  await Promise.all(ids.map(atWork));
  const secondId = await second.ready();
  const before = await podsByTask();
  expect(ids.map((id) => before[id]?.runner)).toEqual([firstId, firstId]);

  const exited = once(first.process, 'exit');
  const stoppedAt = performance.now();
  first.process.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
  // It waits for none of them: they could not have ended.
  expect(performance.now() - stoppedAt).toBeLessThan(15_000);
  const handedOver = Object.fromEntries(ids.map((id) => [id, { ...before[id], runner: secondId }]));
  await expect.poll(podsByTask, { timeout: 20_000 }).toEqual(handedOver);
  for (const id of ids) expect(await taskOf(id)).toMatchObject({ status: 'running', phase: 'working' });

  for (const id of ids) await letGo(before[id]);
  await expectWhole(ids);
  expect(await webhooks()).toBe(ids.length);
  await expect.poll(podsByTask, { timeout: 20_000 }).toEqual({});
});

there('of a runner that is killed, one that knows of its death takes the pod over', async () => {
  const written = await webhooks();
  const secondId = await second.ready();
  const id = await post();
  await atWork(id);
  const before = await podsByTask();
  expect(before[id]?.runner).toBe(secondId);
  const exited = once(second.process, 'exit');
  second.process.kill('SIGKILL');
  await exited;
  await rm(join(second.dataDir, 'runner.ready'));
  const thirdId = await startRunner('second').ready();
  expect(thirdId).not.toBe(secondId);
  await expect.poll(podsByTask, { timeout: 20_000 }).toEqual({ [id]: { ...before[id], runner: thirdId } });
  await letGo(before[id]);
  await expectWhole([id]);
  expect(await webhooks()).toBe(written + 1);
  await expect.poll(podsByTask, { timeout: 20_000 }).toEqual({});
});
