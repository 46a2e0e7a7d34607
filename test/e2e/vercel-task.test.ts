// Tasks of a whole Seed whose sandboxes are at Vercel, by the real SDK against the double: from the warm pool,
// while streams are cut, and from one runner to another. No secret is where a sandbox, or whoever has the
// project, looks.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cacheDirSetting } from '../../src/lib/settings.ts';
import { memoryHoldersOf, searchMemory } from '../fixtures/guest-memory.ts';
import { bash, startSeed, type TestSeed, until } from '../fixtures/seed.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';
import { type ReadyDouble, readyDouble } from '../fixtures/vercel-double.ts';

const RUNNER = join(import.meta.dirname, '../../src/runner/main.ts');
const RUNNER_TOKEN = `canary-runner-${randomBytes(16).toString('hex')}`;
const MARKER = `marker-${randomBytes(16).toString('hex')}`;
const PATIENCE = { SEED_SANDBOX_PATIENCE: '4' };

let double: ReadyDouble;
beforeAll(async () => {
  double = await readyDouble();
}, 400_000);
afterAll(() => double?.[Symbol.asyncDispose]());

const names = () => [...double.sessions.sandboxes.keys()].sort();
const noneIsLeft = () => expect.poll(names, { timeout: 60_000, interval: 200 }).toEqual([]);

describe('a whole Seed', () => {
  let seed: TestSeed;
  let log = '';
  beforeAll(async () => {
    const settings = { SEED_RUNNER_TOKEN: RUNNER_TOKEN, SEED_LOG_LEVEL: 'debug', SEED_POOL_SIZE: '1' };
    seed = await startSeed({ ...double.env, ...settings, ...PATIENCE }, (text) => {
      log += text;
    });
  }, 240_000);
  afterAll(async () => {
    await seed?.remove();
    await noneIsLeft();
  });

  const poolIsReady = () =>
    until(
      'a sandbox waits',
      async () => {
        const { body } = await seed.call<{ items: { pool: { ready: number } }[] }>('GET', '/api/v1/sandboxes');
        return body.items[0]?.pool?.ready === 1;
      },
      120_000,
    );
  const output = (id: string, text: string) =>
    seed.waitForEvent(id, (event) => event.type === 'tool_output' && event.chunk.includes(text));

  it('does a task in a sandbox that waited, with its costs, and no secret is anywhere', async () => {
    await poolIsReady();
    const { body } = await seed.call<{ items: object[] }>('GET', '/api/v1/sandboxes');
    expect(body.items[0]).toMatchObject({ driver: 'vercel', isolation: 'vm' });
    const [name = ''] = names();
    const look = 'env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" "\\n"';
    const task = await seed.postTask({
      model: 'scripted',
      instruction: bash(
        `echo ${MARKER}; ${look}; ls -la /run/seed; id -u`,
        'seed whoami --json | jq -r .account.name; echo kept > out/kept',
        'echo sear""ched; until [ -e /workspace/go ]; do sleep 0.2; done; echo gone-on',
      ),
    });
    await output(task.id, 'searched');
    expect(log).toContain('bound a waiting sandbox');
    const { VERCEL_TOKEN: vercelToken = '' } = double.env;
    const secrets = [RUNNER_TOKEN, seed.adminKey, vercelToken];
    const session = double.sessions.sandboxes.get(name)?.session;
    if (getuid?.() === 0) {
      const pids = await memoryHoldersOf(double.machines);
      const found = await Promise.all(pids.map((pid) => searchMemory(pid, [MARKER, ...secrets])));
      expect([...new Set(found.flat())]).toEqual([MARKER]);
    } else console.warn("SKIPPED: only root can read a sandbox's memory from the host");
    await session?.machine?.run({ argv: ['touch', '/workspace/go'] }).code;
    const events = JSON.stringify(await seed.events(task.id));
    const done = await seed.getTask(task.id);
    expect(done).toMatchObject({ status: 'completed', error: null });
    expect(done.artifacts.map((artifact) => artifact.name)).toEqual(['kept']);
    expect(done.usage?.cpuSeconds).toBeGreaterThan(0);
    expect(done.usage?.estimated).toBeUndefined();
    expect(done.cost?.compute ?? 0).toBeGreaterThan(0);
    // What the vendor keeps of it: labels, and what was run.
    const commands = [...(session?.commands.values() ?? [])].map(({ name: cmd, args, log: said }) => [
      cmd,
      args,
      said,
    ]);
    const vendor = JSON.stringify([session?.sandbox.tags, session?.sandbox.env, commands]);
    expect(events).toContain(MARKER);
    expect(events).toContain('gone-on');
    expect(vendor).toContain('/opt/seed/keeper');
    for (const text of [events, vendor, log]) {
      expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
      expect(text).not.toMatch(/sk_live_[0-9A-Za-z]{20}/);
    }
    expect(vendor).not.toContain(MARKER);
    await expect.poll(() => names().includes(name), { timeout: 30_000 }).toBe(false);
  }, 300_000);

  it('completes while its streams are cut and the vendor fails, with every step done once', async () => {
    await poolIsReady();
    const steps = Array.from({ length: 6 }, (_, step) => `echo step-${step}; sleep 1`).join('; ');
    const task = await seed.postTask({ model: 'scripted', instruction: bash(steps, 'echo end') });
    await output(task.id, 'step-1');
    double.faults.plan({ path: /./, status: 500, share: 0.3, times: 20 });
    expect(double.cutTerminals()).toBeGreaterThan(0);
    await output(task.id, 'step-4');
    double.cutTerminals();
    const events = await seed.events(task.id);
    double.faults.clear();
    expect(await seed.getTask(task.id)).toMatchObject({ status: 'completed', error: null });
    const said = events.flatMap((event) => (event.type === 'tool_output' ? [event.chunk] : [])).join('');
    for (let step = 0; step < 6; step += 1) expect(said.split(`step-${step}\n`)).toHaveLength(2);
    expect(log).toContain('the stream of the sandbox was opened again');
  }, 240_000);

  it('tells that a sandbox was stopped under its task', async () => {
    await poolIsReady();
    const [name = ''] = names();
    const task = await seed.postTask({ model: 'scripted', instruction: bash('echo at-work; sleep 100') });
    await output(task.id, 'at-work');
    const session = double.sessions.sandboxes.get(name)?.session;
    if (session) await double.sessions.stop(session);
    await until('it has ended', async () => (await seed.getTask(task.id)).completedAt !== null, 60_000);
    expect(await seed.getTask(task.id)).toMatchObject({ status: 'failed', error: { code: 'sandbox_lost' } });
    expect(double.sessions.bills.resumed).toBe(0);
  }, 240_000);
});

describe('runners that take over', () => {
  let server: TestServer;
  let folder: string;
  const runners: ChildProcess[] = [];
  beforeAll(async () => {
    server = await startTestServer();
    folder = await mkdtemp(join(tmpdir(), 'seed-takeover-'));
  });
  afterAll(async () => {
    for (const runner of runners) runner.kill('SIGKILL');
    await server?.stop();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  function startRunner(name: string) {
    const dataDir = join(folder, name);
    const child = spawn(process.execPath, [RUNNER], {
      env: {
        ...{ PATH: process.env['PATH'] ?? '', ...double.env, ...PATIENCE },
        ...{ SEED_SERVER_URL: server.url, SEED_RUNNER_TOKEN: server.runnerToken },
        ...{ SEED_DATA_DIR: dataDir, SEED_CACHE_DIR: cacheDirSetting(), SEED_LOG_LEVEL: 'warn' },
        ...{ SEED_POOL_SIZE: '0', SEED_RUNNER_SLOTS: '2', SEED_RUNNER_NAME: name },
      },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    runners.push(child);
    const isReady = () => existsSync(join(dataDir, 'runner.ready'));
    return {
      process: child,
      dataDir,
      async ready() {
        await expect.poll(isReady, { timeout: 120_000, interval: 100 }).toBe(true);
        return (await readFile(join(dataDir, 'runner.ids'), 'utf8')).trim().split('\n').at(-1) ?? '';
      },
    };
  }

  const taskOf = async (id: string) => (await server.call('GET', `/api/v1/tasks/${id}`)).body.task;
  const ownerOf = (id: string) => double.sessions.sandboxes.get(`seed-${id}`)?.tags['seed-runner'];
  async function saidBy(id: string): Promise<string> {
    const { body } = await server.call<string>('GET', `/api/v1/tasks/${id}/events?past=true`);
    const events = body
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { chunk?: string });
    return events.map(({ chunk = '' }) => chunk).join('');
  }
  async function post(): Promise<string> {
    const steps = bash(
      'echo step-1; until [ -e go ]; do sleep 0.1; done; echo went',
      'echo step-2; seed webhooks create --url https://example.com/hook --events task.completed | head -c 1 >/dev/null',
      'echo step-3; echo kept > out/kept',
    );
    const { body } = await server.call('POST', '/api/v1/tasks/run', { body: { instruction: steps } });
    await expect.poll(() => saidBy(body.task.id), { timeout: 120_000, interval: 200 }).toContain('step-1');
    return body.task.id;
  }
  async function finishes(id: string): Promise<void> {
    const { session } = double.sessions.sandboxes.get(`seed-${id}`) ?? {};
    await session?.machine?.run({ argv: ['touch', '/workspace/go'] }).code;
    await expect.poll(async () => (await taskOf(id)).completedAt, { timeout: 120_000 }).not.toBeNull();
    const task = await taskOf(id);
    expect(task).toMatchObject({ status: 'completed', error: null });
    expect(task.artifacts.map(({ name }: { name: string }) => name)).toEqual(['kept']);
    expect((await saidBy(id)).match(/step-\d|went/g)).toEqual(['step-1', 'went', 'step-2', 'step-3']);
  }
  const webhooks = async () => (await server.call('GET', '/api/v1/webhooks')).body.items.length;

  it('goes on with a task of a runner that is stopped, and of one that is killed', async () => {
    const first = startRunner('first');
    const firstId = await first.ready();
    const id = await post();
    expect(ownerOf(id)).toBe(firstId);
    const second = startRunner('second');
    const secondId = await second.ready();
    const exited = once(first.process, 'exit');
    first.process.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    await expect.poll(() => ownerOf(id), { timeout: 90_000 }).toBe(secondId);
    await finishes(id);
    expect(await webhooks()).toBe(1);

    const next = await post();
    const killed = once(second.process, 'exit');
    second.process.kill('SIGKILL');
    await killed;
    await rm(join(second.dataDir, 'runner.ready'));
    const thirdId = await startRunner('second').ready();
    await expect.poll(() => ownerOf(next), { timeout: 90_000 }).toBe(thirdId);
    await finishes(next);
    expect(await webhooks()).toBe(2);
    await noneIsLeft();
  }, 400_000);
});
