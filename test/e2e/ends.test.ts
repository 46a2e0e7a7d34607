// How tasks end when they are not let finish: deadline, stop, a lost runner, and everything killed at once.
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Key } from '../../src/protocol/key.ts';
import { bash, childrenOf, processesNaming, startSeed, type TestSeed, until } from '../fixtures/seed.ts';

/** Embedded: one that may be killed. */
const OWN_DATABASE = { DATABASE_URL: '' };

let seed: TestSeed;
beforeAll(async () => {
  seed = await startSeed(OWN_DATABASE);
});
afterAll(() => seed?.remove());

/** Sandboxes of this Seed that are alive: their processes name the data folder. */
const sandboxes = async (dataDir: string) =>
  (await processesNaming(`${dataDir}/`)).filter(({ commandLine }) => commandLine.includes('runsc'));

async function startSleeping(of: TestSeed, timeout = 60_000) {
  const task = await of.postTask({ instruction: bash('echo so far; sleep 600'), timeout });
  await of.waitForEvent(task.id, (event) => event.type === 'tool_output' && event.chunk.includes('so far'));
  return task;
}

describe('deadline', () => {
  it('ends a task within a second of it, keeps the output and leaves no process', async () => {
    const posted = await seed.runTask({ instruction: bash('echo so far; sleep 600'), timeout: 5000 });
    expect(posted).toMatchObject({ status: 'timed_out', stdout: expect.stringContaining('so far') });
    const ran = Date.parse(posted.completedAt ?? '') - Date.parse(posted.startedAt ?? '');
    expect(ran).toBeGreaterThanOrEqual(5000);
    expect(ran).toBeLessThan(6000);
    const left = Date.parse(posted.startedAt ?? '') + 6000 - Date.now();
    await until(
      'no process is left',
      async () => (await sandboxes(seed.dataDir)).length === 0,
      Math.max(left, 500),
    );
  });
});

describe('stop', () => {
  it('stops a running task within a second and kills its sandbox', async () => {
    const task = await startSleeping(seed);
    const startedAt = performance.now();
    const { body } = await seed.call<{ task: { status: string } }>('POST', `/api/v1/tasks/${task.id}/stop`);
    expect(body.task.status).toBe('stopped');
    await until('no process is left', async () => (await sandboxes(seed.dataDir)).length === 0, 1_000);
    expect(performance.now() - startedAt).toBeLessThan(1_500);
    expect((await seed.getTask(task.id)).stdout).toContain('so far');
  });

  it('has one terminal status and one event however often it is asked', async () => {
    const task = await startSleeping(seed);
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        seed.call<{ task: { status: string } }>('POST', `/api/v1/tasks/${task.id}/stop`),
      ),
    );
    expect(answers.every(({ status, body }) => status === 200 && body.task.status === 'stopped')).toBe(true);
    const events = await seed.events(task.id);
    expect(events.filter((event) => event.type === 'status' && event.status === 'stopped')).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({ type: 'status', status: 'stopped' });
  });

  it('stops a queued task before it ever runs', async () => {
    const running = [await startSleeping(seed), await startSleeping(seed)];
    const waiting = await seed.postTask({ instruction: bash('echo hi') });
    const { body } = await seed.call<{ task: object }>('POST', `/api/v1/tasks/${waiting.id}/stop`);
    expect(body.task).toMatchObject({ status: 'stopped', startedAt: null });
    for (const task of running) await seed.call('POST', `/api/v1/tasks/${task.id}/stop`);
  });
});

describe('a lost runner', () => {
  it('ends its task failed/interrupted and leaves neither sandbox nor task key', async () => {
    const task = await startSleeping(seed);
    process.kill(seed.runnerPid(), 'SIGKILL');
    const ended = await until(
      'the lease lapses',
      async () => {
        const current = await seed.getTask(task.id);
        return current.status === 'running' ? null : current;
      },
      25_000,
    );
    expect(ended).toMatchObject({ status: 'failed', error: { code: 'interrupted' } });
    expect(ended.stdout).toContain('so far');
    await until('no orphan sandbox', async () => (await sandboxes(seed.dataDir)).length === 0);
    const { body } = await seed.call<{ items: Key[] }>('GET', '/api/v1/keys?taskKeys=true&limit=100');
    expect(body.items.filter((key) => key.taskId !== null && key.status === 'active')).toEqual([]);

    const next = await seed.runTask({ instruction: bash('echo works again') });
    expect(next).toMatchObject({ status: 'completed', stdout: 'works again' });
  });
});

describe('everything killed at once', () => {
  it('still ends the sandbox by its deadline', async () => {
    const doomed = await startSeed(OWN_DATABASE);
    try {
      const timeout = 6_000;
      const task = await startSleeping(doomed, timeout);
      const { startedAt } = await doomed.getTask(task.id);
      const deadline = Date.parse(startedAt ?? '') + timeout;
      // Killed for good: nobody may restart them, so their parent must not see it as a crash to mend.
      const database = await childrenOf(doomed.serverPid());
      const victims = [doomed.runnerPid(), doomed.serverPid(), ...database];
      doomed.abandon();
      for (const pid of victims) process.kill(pid, 'SIGKILL');
      await until(
        'the sandbox is gone',
        async () => (await sandboxes(doomed.dataDir)).length === 0,
        deadline + 1_000 - Date.now(),
      );
    } finally {
      await doomed.remove();
    }
  });
});

describe('a lost database', () => {
  it('comes back by itself, and work goes on', async () => {
    const [postgres] = await childrenOf(seed.serverPid());
    expect(await readFile(`/proc/${postgres}/comm`, 'utf8')).toBe('postgres\n');
    const before = seed.serverPid();
    process.kill(Number(postgres), 'SIGKILL');
    await until('the server was started again', () => seed.serverPid() !== before);
    await until('it is ready', async () => (await fetch(`${seed.url}/readyz`).catch(() => null))?.ok, 20_000);
    const task = await until('a task runs', () =>
      seed.runTask({ instruction: bash('echo still here') }).catch(() => null),
    );
    expect(task).toMatchObject({ status: 'completed', stdout: 'still here' });
  });
});
