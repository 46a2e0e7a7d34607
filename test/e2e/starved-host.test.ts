// A runner's host that has run out of file descriptors, in a process of its own: what cannot start does not, what
// is killed is dead, what runs goes on, and nothing is left behind.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findCgroupHierarchies } from '../../src/lib/cgroup.ts';
import { exec } from '../../src/lib/exec.ts';
import { findByCommandLine } from '../../src/lib/host-processes.ts';
import { cacheDirSetting } from '../../src/lib/settings.ts';
import { setUpEchoGuest } from '../fixtures/echo-guest.ts';

let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'seed-starved-'));
  // What takes long the first time is not to be done by the starved process.
  await setUpEchoGuest(cacheDirSetting(), dataDir, 'gvisor');
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

/** Over the mounts of control groups of a mount namespace of its own there is then nothing to be made in. */
const WITHOUT = ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs none /sys/fs/cgroup; exec "$@"', 'without'];

test.each([
  ['with control groups', []],
  ['without them', WITHOUT],
])('%s', async (what, wrap) => {
  const canMakeGroups = (await findCgroupHierarchies()) !== null;
  if (!canMakeGroups && what === 'with control groups') {
    console.warn('SKIPPED: no control group can be made here');
    return;
  }
  const script = join(import.meta.dirname, '../fixtures/starved-host.ts');
  const command = [process.execPath, script, cacheDirSetting(), dataDir, 'gvisor'];
  const [program = '', ...args] = canMakeGroups ? [...wrap, ...command] : command;
  const { refused, killMs, found, after } = JSON.parse(await exec(program, args, { timeoutMs: 50_000 }));

  expect(refused).toEqual({
    start: expect.stringMatching(/^sandbox_failed: .*EMFILE/),
    exec: expect.stringMatching(/^setup_failed: .*EMFILE/),
    processes: expect.stringMatching(/EMFILE/),
    tree: expect.stringMatching(/EMFILE/),
  });
  expect(killMs).toBeLessThan(1_500);
  expect(found.exit).toEqual({ reason: 'killed' });
  // A control group remembers what it has counted. Without one nobody could look in time, and nobody takes that
  // for nothing used.
  if (found.usage.problem === null) expect(found.usage.cpuSeconds).toBeGreaterThan(0);
  else expect(found.usage.problem).toMatch(/EMFILE/);
  if (what === 'without them') expect(found.usage.problem).not.toBeNull();
  // What could not be removed is known, and goes when it can.
  for (const { problem } of found.left) expect(problem).toMatch(/EMFILE/);
  expect(after.folders).toEqual([]);
  expect(after.survivor).toBe('still here\n');
  expect(after.usage).toMatchObject({ problem: null });
  expect(after.usage.cpuSeconds).toBeGreaterThan(0);
  expect(await findByCommandLine((words) => words.some((word) => word.includes(dataDir)))).toEqual([]);
});
