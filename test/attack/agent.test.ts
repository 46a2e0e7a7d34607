// What an agent can do to the host and to its neighbours when it wants to: every attack from inside a real
// sandbox.
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import type { RunnerView } from '../../src/protocol/runner.ts';
import { type InE2b, inE2b } from '../doubles/e2b/in-e2b.ts';
import {
  ARE_NAMED,
  ATTACKED_DRIVERS,
  attackBesideNeighbour,
  BOUNDS,
  type Cost,
  cgroupsOfSandboxes,
  nothingIsLeft,
} from '../fixtures/attack.ts';
import { flood, ODD_FILES, outcomesOf, TRICKS_FAIL, tricks } from '../fixtures/attack-scripts.ts';
import { ASKS_ALL_OF_EMULATED } from '../fixtures/emulated.ts';
import { bash, startSeed, type TestSeed, until } from '../fixtures/seed.ts';

const FORK_BOMB = 'bomb() { bomb | bomb & }; bomb; sleep 4';
/** Bash waits longer and longer for a process that its kernel refuses, half a minute in all; dash gives up. */
const IN_DASH = `sh -c '${FORK_BOMB}'`;

describe.each([...ATTACKED_DRIVERS, ...(ARE_NAMED ? [] : ['e2b'])])('an agent in %s', (driver) => {
  let there: InE2b | undefined;
  let seed: TestSeed;
  let cgroups: string[];
  beforeAll(async () => {
    cgroups = await cgroupsOfSandboxes();
    if (driver === 'e2b') there = await inE2b();
    seed = await startSeed({ SEED_DRIVER: driver, ...there?.env });
    // A machine that has never been frozen here is frozen first.
    const told = async () => (await seed.call<{ items: RunnerView[] }>('GET', '/api/v1/sandboxes')).body.items[0];
    const runner = await until('a runner has told of itself', told, 170_000);
    emulated = runner.isolation === 'emulated';
  });
  afterAll(async () => {
    await seed?.remove();
    await there?.[Symbol.asyncDispose]();
  });

  /** What takes its time in a sandbox takes several times that where its processor is emulated. */
  let emulated = false;

  /** Of an attack on what is the same for every technology: the relay, the server, the guest's own limits. */
  function leaveToOthers(skip: TestContext['skip']): void {
    skip(emulated && !ASKS_ALL_OF_EMULATED, 'others show it as well: SEED_EMULATED=full');
    skip(driver === 'e2b' && !ARE_NAMED, 'others show it as well: SEED_ATTACK_DRIVERS=e2b');
  }

  /** Of one on what its vendor's virtual machine holds, of which the double has none. */
  function leaveToVendor(skip: TestContext['skip']): void {
    skip(driver === 'e2b', 'it is held by the machine that E2B makes: only an account can show it');
  }

  async function attack(script: string, body: { timeout?: number; resources?: object } = {}): Promise<Cost> {
    const cost = await attackBesideNeighbour(seed, {
      instruction: bash(script),
      scopes: ['keys:read'],
      timeout: 45_000,
      ...body,
    });
    const slowest = Math.max(...cost.neighbourMs);
    console.log(
      `${driver}: ${cost.task.status}/${cost.task.error?.code ?? '-'} host ${Math.round(cost.hostMemoryMb)} MiB, ` +
        `disk ${Math.round(cost.hostDiskMb)} MiB, neighbour ${cost.neighbourMs.length} calls, slowest ${slowest} ms`,
    );
    expect(cost.neighbourMs.length).toBeGreaterThan(0);
    expect(cost.neighbourMs.filter((ms) => ms < 0)).toEqual([]);
    expect(slowest).toBeLessThan(BOUNDS.neighbourMs);
    expect(cost.hostMemoryMb).toBeLessThan(cost.task.resources.memoryMb + BOUNDS.hostMemoryMb);
    expect(cost.hostDiskMb).toBeLessThan(BOUNDS.hostDiskMb);
    const { sandboxes } = there?.double ?? {};
    if (sandboxes) await until('no sandbox is left', () => sandboxes.size === 0, 30_000);
    else await nothingIsLeft(seed, cgroups);
    return cost;
  }

  it('fork bomb: the sandbox is ended, or its own kernel contains it', async ({ skip }) => {
    leaveToVendor(skip);
    const { task } = await attack(emulated ? IN_DASH : FORK_BOMB, {
      resources: { processes: 64, memoryMb: 512 },
    });
    // A virtual machine's kernel refuses what is beyond the limit; gVisor's cannot, and its host ends it.
    if (driver === 'gvisor') expect(task.status).toBe('failed');
    else expect(['completed', 'failed']).toContain(task.status);
    if (task.status === 'failed') expect(['sandbox_lost', 'out_of_memory']).toContain(task.error?.code);
    if (task.error?.code === 'sandbox_lost') expect(task.error.message).toContain('more processes');
  });

  it('memory hog: out of memory, and told so', async ({ skip }) => {
    leaveToVendor(skip);
    const { task } = await attack('node -e "const a = []; for (;;) a.push(Buffer.alloc(20e6, 1))"', {
      resources: { memoryMb: 512 },
    });
    expect(task).toMatchObject({ status: 'failed', error: { code: 'out_of_memory' } });
    expect(task.usage?.peakMemoryBytes).toBeGreaterThan(256 * 1024 * 1024);
  });

  it('disk fill: no space left, and no more than its share', async () => {
    const folders = '/workspace /tmp /home/agent /dev/shm';
    const { task } = await attack(
      `for f in ${folders}; do head -c 2G /dev/zero > $f/fill; done 2>&1; du -cm ${folders} | tail -1`,
      { resources: { diskMb: 64 } },
    );
    expect(task.status).toBe('completed');
    expect(task.stdout).toContain('No space left on device');
    expect(Number(/(\d+)\s+total/.exec(task.stdout ?? '')?.[1])).toBeLessThanOrEqual(64);
  });

  it('10 GB to standard output: cut, and the task ends', async ({ skip }) => {
    // Of E2B it is the line to the sandbox that carries them.
    if (driver !== 'e2b') leaveToOthers(skip);
    const { task } = await attack('head -c 10G /dev/zero | tr "\\0" x', { timeout: 6_000 });
    expect(['completed', 'timed_out']).toContain(task.status);
    expect(Buffer.byteLength(task.stdout ?? '')).toBeLessThanOrEqual(256 * 1024);
    const output = (await seed.events(task.id)).filter((event) => event.type === 'tool_output');
    expect(output.reduce((sum, { chunk }) => sum + chunk.length, 0)).toBeLessThan(1_100_000);
  });

  it('100,000 files, endless files and names full of tricks in out: the limits hold, and what is told is short', async ({
    skip,
  }) => {
    leaveToOthers(skip);
    const { task } = await attack(ODD_FILES, { resources: { diskMb: 128 } });
    expect(task.status).toBe('completed');
    // A full disk makes the loops complain before the count, or not, as fast as the machine is.
    expect(Number(/(\d+)\s*$/.exec(task.stdout ?? '')?.[1]), task.stdout ?? '').toBeGreaterThan(100);
    expect(task.artifacts.length).toBeGreaterThan(0);
    expect(task.artifacts.length).toBeLessThanOrEqual(100);
    const bytes = task.artifacts.reduce((sum, { size }) => sum + size, 0);
    expect(bytes).toBeLessThanOrEqual(64 * 1024 * 1024);
    const names = task.artifacts.map(({ name }) => name);
    expect(names.filter((name) => /shadow|root|pipe|exe|[^\w/]/.test(name))).toEqual([]);
    expect(task.stderr).toContain('more in the folder out than 100 artifacts');
    expect(task.stderr?.length).toBeLessThan(20_000);
  });

  it('a flood of requests through the door leaves the others their share', async ({ skip }) => {
    leaveToOthers(skip);
    const { task } = await attack(flood(emulated ? 15 : 40));
    expect(task.status).toBe('completed');
    const seen = JSON.parse(/\{.*\}/.exec(task.stdout ?? '')?.[0] ?? '{}') as Record<string, number>;
    expect(seen['200']).toBeGreaterThan(0);
    expect(Object.keys(seen).every((status) => ['200', '429'].includes(status))).toBe(true);
  });

  it('tricks with paths, ids, keys, sockets, mounts and signals lead nowhere', async () => {
    const other = await seed.runTask({ instruction: bash('echo a secret of somebody else') });
    const account = await seed.call<{ secret: string }>('POST', '/api/v1/accounts', {
      body: { name: 'stranger' },
    });
    const stranger = await seed.postTask({ instruction: bash('true') }, account.body.secret);
    const { task } = await attack(tricks(other.id, stranger.id));
    expect(task.status).toBe('completed');
    expect(outcomesOf(task.stdout)).toMatchObject(TRICKS_FAIL);
    expect(task.stdout).not.toContain('a secret of somebody else');
  });
});
