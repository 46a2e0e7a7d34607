// The warm pool on real sandboxes: used, nobody's before it is bound, killed on time, replaced, drained.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { processTree } from '../../src/lib/host-processes.ts';
import type { RunnerView } from '../../src/protocol/runner.ts';
import { bash, processesNaming, startSeed, type TestSeed, until } from '../fixtures/seed.ts';

let seed: TestSeed | null = null;

afterEach(async () => {
  await seed?.remove();
  seed = null;
});

const processesOf = async ({ dataDir }: TestSeed) =>
  (await processesNaming(`${dataDir}/gvisor/`)).filter(({ commandLine }) => commandLine.includes('--root='));
const waiting = async ({ dataDir }: TestSeed) =>
  (await readdir(join(dataDir, 'gvisor/sandboxes'))).filter((id) => id.startsWith('pool-'));
async function runner(of: TestSeed): Promise<RunnerView | undefined> {
  return (await of.call<{ items: RunnerView[] }>('GET', '/api/v1/sandboxes')).body.items[0];
}
const poolIs = (of: TestSeed, ready: number) =>
  until(`${ready} wait`, async () => (await runner(of))?.pool?.ready === ready, 30_000);

it('starts a task from a waiting sandbox that knew nothing of it, and replaces it', async () => {
  const current = await startSeed({ SEED_POOL_SIZE: '1' });
  seed = current;
  await poolIs(current, 1);
  const [id = ''] = await waiting(current);
  const before = await readFile(join(current.dataDir, 'gvisor/sandboxes', id, 'sandbox.json'), 'utf8');
  const task = await current.postTask({ instruction: bash('echo in the pool; sleep 2') });
  await current.waitForEvent(
    task.id,
    (event) => event.type === 'tool_output' && event.chunk.includes('in the pool'),
  );
  // Nothing was started for the task, and nothing names it.
  const ids = await readdir(join(current.dataDir, 'gvisor/sandboxes'));
  expect(ids).toContain(id);
  expect(ids).not.toContain(task.id);
  expect(before).not.toContain(task.id);
  expect((await runner(current))?.sandboxes).toMatchObject([{ taskId: task.id, phase: 'working' }]);
  await until('the pool is full again', async () => (await waiting(current)).some((other) => other !== id));
  expect((await current.runTask({ instruction: bash('seed whoami --json | jq -r .account.name') })).stdout).toBe(
    'default',
  );
});

it('takes no processor time while one waits, and next to none when it is awake with nothing to do', async () => {
  const current = await startSeed({ SEED_POOL_SIZE: '1' });
  seed = current;
  await poolIs(current, 1);
  const sentry = (await processesNaming(`${current.dataDir}/gvisor/`)).find(({ commandLine }) =>
    commandLine.startsWith('runsc-sandbox'),
  );
  const pid = sentry?.pid ?? Number.NaN;
  const cpuSeconds = async () =>
    (await processTree(pid)).reduce((sum, { cpuSeconds: seconds }) => sum + seconds, 0);
  const within = async (milliseconds: number) => {
    const before = await cpuSeconds();
    await sleep(milliseconds);
    return (await cpuSeconds()) - before;
  };
  expect(await within(2_000)).toBe(0);
  process.kill(pid, 'SIGCONT');
  expect(await within(2_000)).toBeLessThan(0.6);
});

it('kills at the deadline of the task although everything else is dead, and at once while it waits', async () => {
  const current = await startSeed({ SEED_POOL_SIZE: '2', DATABASE_URL: '' });
  seed = current;
  await poolIs(current, 2);
  const timeout = 6_000;
  const task = await current.postTask({ instruction: bash('echo up; sleep 600'), timeout });
  await current.waitForEvent(task.id, (event) => event.type === 'tool_output');
  const { startedAt } = await current.getTask(task.id);
  const deadline = Date.parse(startedAt ?? '') + timeout;
  const own = (await processesNaming(current.dataDir)).filter(
    ({ commandLine }) => !commandLine.includes('--root='),
  );
  const victims = new Set([current.runnerPid(), current.serverPid(), ...own.map(({ pid }) => pid)]);
  current.abandon();
  for (const pid of victims) process.kill(pid, 'SIGKILL');
  const gone = async () => (await processesOf(current)).length === 0;
  await until('no sandbox is left', gone, deadline + 1_000 - Date.now());
});

it('replaces one that is too old or dies, without haste, and leaves nothing when it stops', async () => {
  const current = await startSeed({ SEED_POOL_SIZE: '1', SEED_POOL_MAX_AGE_MS: '3000' });
  seed = current;
  await poolIs(current, 1);
  const [old = ''] = await waiting(current);
  await until('the old one is gone', async () => !(await waiting(current)).includes(old));
  await until('another waits', async () => (await runner(current))?.pool?.ready === 1);
  const [next = ''] = await waiting(current);
  const [victim] = (await processesOf(current)).filter(
    ({ commandLine }) => commandLine.includes(next) && commandLine.includes('timeout'),
  );
  process.kill(victim?.pid ?? Number.NaN, 'SIGKILL');
  await until('the dead one is replaced', async () => {
    const ids = await waiting(current);
    return !ids.includes(next) && (await runner(current))?.pool?.ready === 1;
  });
  await current.stop();
  expect(await processesOf(current)).toEqual([]);
  expect(await waiting(current)).toEqual([]);
});
