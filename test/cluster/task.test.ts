// Tasks of a whole Seed in real pods: from the warm pool, while the cluster's own parts die, and what is left when
// the runner does.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { runs, says } from '../fixtures/fake-server.ts';
import { searchMemory } from '../fixtures/guest-memory.ts';
import { bash, startSeed, type TestSeed, until } from '../fixtures/seed.ts';
import { restart } from './cluster.ts';
import { inCluster } from './in-cluster.ts';
import { pidsOf } from './node.ts';

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

/** Of a model that has the agent run COMMAND. */
interface Upstream {
  url: string;
  /** With what it was asked. */
  keys: Set<string | undefined>;
  close(): void;
}
const MODEL = 'canary-model';
let upstream: Upstream;

async function startUpstream(): Promise<Upstream> {
  const keys: Upstream['keys'] = new Set();
  const server = createServer(async (request, response) => {
    keys.add(request.headers.authorization);
    const body = await text(request);
    const answer = body.includes('"role":"tool"') ? says('done') : runs(COMMAND);
    answer({ method: 'POST', url: '', headers: request.headers, body }, response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/v1`, keys, close: () => server.close() };
}

beforeAll(async () => {
  if (cluster === null) return;
  const settings = { SEED_RUNNER_TOKEN: RUNNER_TOKEN, SEED_POOL_SIZE: '1', SEED_LOG_LEVEL: 'debug' };
  upstream = await startUpstream();
  const model = { SEED_LLM_BASE_URL: upstream.url, SEED_LLM_API_KEY: LLM_KEY, SEED_LLM_MODEL: MODEL };
  seed = await startSeed({ ...cluster.env, ...settings, ...model }, (text) => {
    log += text;
  });
});
afterAll(async () => {
  await seed?.remove();
  upstream?.close();
});
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
  items: {
    metadata: { name: string; labels: Record<string, string> };
    status: { phase: string; containerStatuses?: { containerID: string }[] };
  }[];
}

/** This installation's sandboxes, as the cluster has them. */
async function pods(): Promise<PodList['items']> {
  const selector = `seed.dev/sandbox,seed.dev/installation=${cluster?.env['SEED_KUBERNETES_OWNER']}`;
  return (JSON.parse((await cluster?.kubectl('get', 'pods', '-l', selector, '-o', 'json')) ?? '') as PodList)
    .items;
}

const CONTROL = `control-${randomBytes(16).toString('hex')}`;

/** So that there is something to find where pods' logs are. */
async function writeToALog(): Promise<void> {
  const image = `--image=${cluster?.images.echo}`;
  const run = ['run', 'control', image, '--image-pull-policy=Never', '--restart=Never', '--command', '--'];
  await cluster?.kubectl(...run, '/bin/echo', CONTROL);
  await cluster?.kubectl('wait', 'pod/control', '--for=jsonpath={.status.phase}=Succeeded', '--timeout=60s');
}

/** All that the driver makes or reads, and where secrets of a cluster's are. */
const KINDS = 'pods,networkpolicies,configmaps,secrets,serviceaccounts';

/** Of a pod, where anything can be written. */
const WRITABLE = ['workspace', 'tmp', 'home', 'run', 'dev/shm', 'etc'];

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

/** What an agent can see of what it was started with. */
const LOOK =
  'tail -n +3 /proc/net/dev | cut -d: -f1; env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline | tr "\\0" "\\n"; cat /etc/resolv.conf';
/** Works (what it looks at has its own text, too) until it is told that all has been looked at; waits without processes that come and go. */
const COMMAND = [
  `echo ${MARKER} | tee /workspace/mark >/proc/1/fd/1`,
  LOOK,
  'seed whoami --json | jq -r .account.name',
  'mkfifo /tmp/go; echo sear""ched; read -r _ </tmp/go',
].join('\n');

there('a warm pod does a task; no secret, and nothing of the task, is where others look', async () => {
  await poolIsReady();
  const { body } = await seed.call<{ items: object[] }>('GET', '/api/v1/sandboxes');
  expect(body.items[0]).toMatchObject({ driver: 'kubernetes', isolation: 'container' });
  // All three are in use: the runner has its token, the model's upstream is given its key below.
  const secrets = [RUNNER_TOKEN, LLM_KEY, seed.adminKey];
  const environment = await readFile(`/proc/${seed.runnerPid()}/environ`, 'utf8');
  expect(secrets.filter((secret) => environment.includes(secret))).toEqual([RUNNER_TOKEN]);
  const base = cluster?.base ?? '';
  await writeToALog();
  // Which will be given the task.
  const [pod, ...more] = await pods();
  expect(more).toEqual([]);
  const name = pod?.metadata.name ?? '';

  const { id } = await seed.postTask({ instruction: `${MARKER} ${COMMAND}`, model: MODEL });
  await seed.waitForEvent(id, (event) => event.type === 'tool_output' && event.chunk.includes('searched'));
  expect([...upstream.keys]).toEqual([`Bearer ${LLM_KEY}`]);
  const pids = await pidsOf(base, pod?.status.containerStatuses?.[0]?.containerID ?? '');
  const inside = await Promise.all(WRITABLE.map((folder) => textBelow(`/proc/${pids[0]}/root/${folder}`)));
  const processes = await Promise.all(
    pids.flatMap((pid) =>
      ['environ', 'cmdline'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
    ),
  );
  const memory = await Promise.all(pids.map((pid) => searchMemory(pid, [MARKER, ...secrets])));
  const objects = await cluster?.kubectl('get', KINDS, '-o', 'yaml');
  await cluster?.kubectl('exec', name, '--', '/bin/sh', '-c', 'echo >/tmp/go');
  const events = JSON.stringify(await seed.events(id));
  const task = await seed.getTask(id);
  expect(task).toMatchObject({ status: 'completed', stdout: 'done', error: null });
  expect(task.usage).toMatchObject({ cpuSeconds: expect.any(Number) });
  expect(task.usage?.estimated).toBeUndefined();

  // Each place with what is there for certain: without that it was not looked at.
  const ofCluster = {
    logs: { text: await textBelow(join(base, 'run/podlogs')), has: CONTROL },
    objects: { text: objects ?? '', has: name },
    events: { text: (await cluster?.kubectl('get', 'events', '-o', 'yaml')) ?? '', has: name },
  };
  const others = {
    'runner and server': { text: log, has: id },
    'events of the task': { text: events, has: MARKER },
    'files of the pod': { text: inside.join('\n'), has: MARKER },
    'processes of the pod': { text: processes.join('\n'), has: '/opt/seed/guest.mjs' },
  };
  for (const [place, { text, has }] of Object.entries({ ...ofCluster, ...others })) {
    expect(text, place).toContain(has);
    expect(
      secrets.filter((secret) => text.includes(secret)),
      place,
    ).toEqual([]);
    expect(text, place).not.toMatch(/sk_live_[0-9A-Za-z]{20}/);
  }
  // Not the task's own key either.
  expect([...new Set(memory.flat())]).toEqual([MARKER]);
  // The cluster has nothing of the task itself.
  for (const { text } of Object.values(ofCluster)) expect(text).not.toContain(MARKER);
  expect(events).toContain('default');
  expect(events).not.toContain('KUBERNETES');
  expect(log).toContain('bound a waiting sandbox');
  await until('its pod is gone', async () => !(await pods()).some(({ metadata }) => metadata.name === name));
});

there(
  'a task completes although the API server is killed and the kubelet restarted in its middle',
  async () => {
    await poolIsReady();
    const steps = Array.from({ length: 8 }, (_, step) => `echo step-${step}; sleep 1`).join('; ');
    const task = await seed.postTask({
      instruction: bash(steps, 'seed whoami --json | jq -r .account.name'),
      model: 'scripted',
    });
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
    const task = await seed.postTask({ instruction: bash('echo at-work; sleep 60'), model: 'scripted' });
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
