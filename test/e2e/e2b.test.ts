// Tasks of a whole Seed in sandboxes of a double of E2B, whose machines are real processes in gVisor: warm from a
// snapshot, no secret anywhere, and nothing done twice when streams are cut.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { sandboxProcesses } from '../../src/drivers/process/sandbox-folder.ts';
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
const nothingIsLeft = () => until('no sandbox is left', () => sandboxes().length === 0, 60_000);
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
    'what the vendor heard': { text: there.double.heard.join('\n'), has: `seed-${id}` },
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
  expect(there.double.heard.join('\n')).not.toContain(MARKER);
  await nothingIsLeft();
});

test('nothing that the agent runs makes root of it, and envd takes nobody from inside', {
  timeout: TASK_MS,
}, async () => {
  const script = [
    'find / -xdev -type f -perm /6000 2>/dev/null | wc -l',
    'su -c id root </dev/null 2>&1 | grep -c uid=0; sudo -n id 2>&1 | grep -c uid=0',
    'grep -c -E "^[^:]+::" /etc/shadow 2>/dev/null; id -u; touch /opt/seed/guest.mjs /run/seed/ended 2>/dev/null || echo refused',
  ].join('\n');
  const task = await seed.runTask({ instruction: bash(script), model: 'scripted' });
  expect(task.status).toBe('completed');
  expect(task.stdout?.trim().split('\n')).toEqual(['0', '0', '0', '1000', 'refused']);
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
