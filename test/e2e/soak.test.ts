// Many tasks in a row: what the host has of them afterwards is what it had before. SEED_SOAK says how many.
import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { emptyCgroupsOfSandboxes } from '../fixtures/attack.ts';
import { bash, processesNaming, startSeed, type TestSeed } from '../fixtures/seed.ts';

const TASKS = Number(process.env['SEED_SOAK'] ?? 12);
/** Tasks before the first look: what is loaded once is no leak. */
const WARM_UP = 5;
/** What the runner's process may have grown by: its heap is collected when it pleases. */
const RUNNER_GROWTH_MIB = 64;

let seed: TestSeed;
beforeAll(async () => {
  seed = await startSeed();
});
afterAll(() => seed?.remove());

interface Look {
  openFiles: number;
  mounts: number;
  cgroups: number;
  processes: number;
  runnerMib: number;
}

async function look(): Promise<Look> {
  const pid = seed.runnerPid();
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return {
    openFiles: (await readdir(`/proc/${pid}/fd`)).length,
    mounts: (await readFile('/proc/self/mounts', 'utf8')).split('\n').length,
    // Other Seeds on this machine have their own, with somebody in them.
    cgroups: (await emptyCgroupsOfSandboxes()).length,
    processes: (await processesNaming(`${seed.dataDir}/`)).length,
    runnerMib: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024,
  };
}

async function run(count: number): Promise<void> {
  for (let done = 0; done < count; done += 1) {
    const task = await seed.runTask({ instruction: bash('seed whoami >/dev/null; echo done'), scopes: [] });
    expect(task.status).toBe('completed');
  }
}

it(`${TASKS} tasks in a row leave nothing`, { timeout: 60_000 + TASKS * 5000 }, async () => {
  await run(WARM_UP);
  const before = await look();
  await run(TASKS);
  await expect
    .poll(async () => (await look()).processes, { timeout: 10_000 })
    .toBeLessThanOrEqual(before.processes);
  await expect
    .poll(async () => (await look()).openFiles, { timeout: 10_000 })
    .toBeLessThanOrEqual(before.openFiles + 4);
  // Other Seeds on this machine come and go.
  await expect.poll(async () => (await look()).cgroups, { timeout: 10_000 }).toBeLessThanOrEqual(before.cgroups);
  await expect.poll(async () => (await look()).mounts, { timeout: 10_000 }).toBeLessThanOrEqual(before.mounts);
  const after = await look();
  console.log(`after ${TASKS} tasks: ${JSON.stringify({ before, after })}`);
  expect(after.runnerMib - before.runnerMib).toBeLessThan(RUNNER_GROWTH_MIB);
});
