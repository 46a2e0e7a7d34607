// Tasks of a whole Seed in real pods: from the warm pool, while the cluster's own parts die, and what is left when
// the runner does.
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { bash, startSeed, type TestSeed, until } from '../fixtures/seed.ts';
import { restart } from './cluster.ts';
import { inCluster } from './in-cluster.ts';

const RUNNER_TOKEN = `canary-runner-${randomBytes(16).toString('hex')}`;
const LLM_KEY = `canary-llm-${randomBytes(16).toString('hex')}`;
const MARKER = `marker-${randomBytes(16).toString('hex')}`;

const cluster = await inCluster({
  image: 'sandbox',
  runtimeClass: 'sealed',
  // An agent takes its time to load on a machine that does something else, too.
  more: { SEED_SANDBOX_PATIENCE: '3' },
});
const there = test.skipIf(cluster === null);
let seed: TestSeed;
let log = '';

beforeAll(async () => {
  if (cluster === null) return;
  const settings = { SEED_RUNNER_TOKEN: RUNNER_TOKEN, SEED_POOL_SIZE: '1', SEED_LOG_LEVEL: 'debug' };
  seed = await startSeed({ ...cluster.env, ...settings, OPENROUTER_API_KEY: '' }, (text) => {
    log += text;
  });
});
afterAll(() => seed?.remove());
afterEach(({ task }) => {
  if (task.result?.state === 'fail')
    console.error(
      log
        .split('\n')
        .filter((line) => line.includes('"runner"'))
        .slice(-30)
        .join('\n'),
    );
});

interface PodList {
  items: { metadata: { name: string; labels: Record<string, string> }; spec: object; status: { phase: string } }[];
}

/** This installation's sandboxes, as the cluster has them. */
async function pods(): Promise<PodList['items']> {
  const selector = `seed.dev/sandbox,seed.dev/installation=${cluster?.env['SEED_KUBERNETES_OWNER']}`;
  return (JSON.parse((await cluster?.kubectl('get', 'pods', '-l', selector, '-o', 'json')) ?? '') as PodList)
    .items;
}

async function poolIsReady(): Promise<void> {
  const until = performance.now() + 75_000;
  for (;;) {
    const { body } = await seed.call<{ items: { pool: { ready: number } }[] }>('GET', '/api/v1/sandboxes');
    if (body.items[0]?.pool?.ready === 1) return;
    if (performance.now() > until) throw new Error(`no pod waits: ${JSON.stringify(body)}`);
    await sleep(250);
  }
}

/** The text of all files below the folder. */
async function textBelow(folder: string): Promise<string> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  );
  return (await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name), 'utf8')))).join('\n');
}

there('a warm pod does a task; nothing of it is in the logs of nodes, and no secret anywhere', async () => {
  await poolIsReady();
  const { body } = await seed.call<{ items: object[] }>('GET', '/api/v1/sandboxes');
  expect(body.items[0]).toMatchObject({ driver: 'kubernetes', isolation: 'container' });
  const look =
    'tail -n +3 /proc/net/dev | cut -d: -f1; env; cat /proc/1/environ | tr "\\0" "\\n"; cat /etc/resolv.conf';
  const instruction = `${MARKER}\n${bash(`echo ${MARKER} >/proc/1/fd/1; ${look}`, 'seed whoami --json | jq -r .account.name')}`;
  const task = await seed.runTask({ instruction });
  expect(task).toMatchObject({ status: 'completed', stdout: 'default', error: null });
  expect(task.usage).toMatchObject({ cpuSeconds: expect.any(Number) });
  expect(task.usage?.estimated).toBeUndefined();
  const events = JSON.stringify(await seed.events(task.id));
  expect(events).toContain(MARKER);
  expect(events).not.toContain('KUBERNETES');
  expect(log).toContain('bound a waiting sandbox');

  const seen = [
    await textBelow(join(cluster?.base ?? '', 'run/podlogs')),
    (await cluster?.kubectl('get', 'pods,events,networkpolicies,configmaps', '-o', 'yaml')) ?? '',
    log,
    events,
  ];
  for (const secret of [RUNNER_TOKEN, LLM_KEY, seed.adminKey]) {
    expect(seen.filter((text) => text.includes(secret))).toEqual([]);
  }
  for (const text of seen) expect(text).not.toMatch(/sk_live_[0-9A-Za-z]{20}/);
  // The cluster has nothing of the task itself either.
  expect(seen.slice(0, 2).filter((text) => text.includes(MARKER))).toEqual([]);
  await until('its pod is gone', async () => !JSON.stringify(await pods()).includes(task.id));
});

there(
  'a task completes although the API server is killed and the kubelet restarted in its middle',
  async () => {
    await poolIsReady();
    const steps = Array.from({ length: 8 }, (_, step) => `echo step-${step}; sleep 1`).join('; ');
    const task = await seed.postTask({ instruction: bash(steps, 'seed whoami --json | jq -r .account.name') });
    await seed.waitForEvent(task.id, (event) => event.type === 'tool_output' && event.chunk.includes('step-0'));
    const before = (await pods()).map(({ metadata }) => metadata.name);
    await restart(cluster?.base ?? '', 'apiserver');
    await restart(cluster?.base ?? '', 'kubelet');
    const events = await seed.events(task.id);
    expect(await seed.getTask(task.id)).toMatchObject({ status: 'completed', stdout: 'default', error: null });
    const output = events.flatMap((event) => (event.type === 'tool_output' ? [event.chunk] : [])).join('');
    for (let step = 0; step < 8; step += 1) expect(output.split(`step-${step}\n`).length).toBe(2);
    expect(events.filter((event) => event.type === 'command')).toHaveLength(1);
    expect(before.length).toBeGreaterThan(0);
    expect(log).toContain('the stream of the sandbox was opened again');
  },
  150_000,
);

there(
  'a runner that is killed with -9 leaves no orphans',
  async () => {
    await poolIsReady();
    const task = await seed.postTask({ instruction: bash('echo at-work; sleep 60') });
    await seed.waitForEvent(task.id, (event) => event.type === 'tool_output' && event.chunk.includes('at-work'));
    const runner = (await pods())[0]?.metadata.labels['seed.dev/runner'];
    expect(runner).toBeDefined();
    const kept = (await seed.getTask(task.id)).status;
    expect(kept).toBe('running');
    process.kill(seed.runnerPid(), 'SIGKILL');
    await until(
      'nothing is labelled with the dead runner',
      async () => (await pods()).every(({ metadata }) => metadata.labels['seed.dev/runner'] !== runner),
      90_000,
    );
    await seed.call('POST', `/api/v1/tasks/${task.id}/stop`);
    await until('the task has ended', async () => (await seed.getTask(task.id)).completedAt !== null, 30_000);
    await until('its pod is gone', async () => (await pods()).length <= 1, 30_000);
  },
  180_000,
);
