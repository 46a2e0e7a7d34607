// The Firecracker driver's probe: what it says where something is missing, and that it believes only a machine
// that ran.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { type Binaries, findBinaries } from '../../src/drivers/firecracker/binaries.ts';
import { kvmObstacle, probeFirecracker } from '../../src/drivers/firecracker/probe.ts';
import type { FakeOptions } from '../fixtures/fake-firecracker.ts';
import { createFirecrackerHost } from '../fixtures/firecracker-host.ts';

const execFileAsync = promisify(execFile);
const isRoot = process.getuid?.() === 0;
const host = await createFirecrackerHost();
const folder = await mkdtemp(join(tmpdir(), 'seed-kvm-'));
afterAll(async () => {
  await host.remove();
  await rm(folder, { recursive: true });
});

/** As root, in the jail. */
async function probeInJail(sandboxes: string) {
  const { setting, path } = await host.programs({});
  await mkdir(sandboxes, { recursive: true });
  return probeFirecracker({
    findBinaries: () => findBinaries({ setting, path, isRoot: true }),
    kvmObstacle: async () => undefined,
    sandboxFolder: join(sandboxes, 'probe'),
    arch: 'x64',
  });
}

async function probe(fake: Partial<FakeOptions>, obstacle?: string) {
  const { setting, path } = await host.programs(fake);
  await mkdir(host.sandboxes, { recursive: true });
  return probeFirecracker({
    findBinaries: (): Promise<Binaries> => findBinaries({ setting, path, isRoot: false }),
    kvmObstacle: async () => obstacle,
    sandboxFolder: join(host.sandboxes, 'probe'),
    arch: 'x64',
  });
}

describe('probe', () => {
  test('a machine that ran is believed', async () => {
    await host.takeRequests();
    expect(await probe({})).toEqual({ usable: true, isolation: 'vm' });
    const requests = await host.takeRequests();
    expect(requests.map(({ request, status }) => [request, status])).toEqual([
      ['PUT /machine-config', 204],
      ['PUT /boot-source', 204],
      ['PUT /actions', 204],
    ]);
    expect(await readdir(host.sandboxes)).toEqual([]);
  });

  test('a machine that runs too slowly is given up after five seconds', async () => {
    const begin = performance.now();
    const { usable, why } = await probe({ kvm: 'slow' }, '/dev/kvm is a trap');
    expect(performance.now() - begin).toBeLessThan(7000);
    expect(usable).toBe(false);
    expect(why).toMatch(/does in 5 s not what takes a processor a tenth of a second\.\n\/dev\/kvm is a trap$/);
    expect(await readdir(host.sandboxes)).toEqual([]);
  });

  test('a machine that cannot be made says why', async () => {
    const { usable, why } = await probe({ kvm: 'broken' }, 'There is no /dev/kvm.');
    expect(usable).toBe(false);
    expect(why).toContain('Firecracker refused PUT /actions (400): Start microvm error');
    expect(why).toMatch(/There is no \/dev\/kvm\.$/);
  });

  test('an old Firecracker is refused', async () => {
    expect((await probe({ version: '1.16.0' })).why).toMatch(
      /is version 1\.16\.0, older than 1\.16\.1\. Install Firecracker 1\.16\.1 or newer/,
    );
  });

  test('says that there is no firecracker, and what is wrong with KVM', async () => {
    const missing = (setting: string | undefined) => () => findBinaries({ setting, path: folder, isRoot: false });
    const parts = { sandboxFolder: join(folder, 'probe'), arch: 'x64', kvmObstacle: async () => 'a trap' };
    const { why } = await probeFirecracker({ ...parts, findBinaries: missing(undefined) });
    expect(why).toMatch(
      /^There is no firecracker program: SEED_FIRECRACKER is not set and there is none on the PATH\. Install .*\na trap$/,
    );
    const set = await probeFirecracker({ ...parts, findBinaries: missing('/nowhere') });
    expect(set.why).toContain('SEED_FIRECRACKER is /nowhere, which is no program.');
  });

  test('as root it wants the jailer of the same version', async () => {
    const { setting, path } = await host.programs({ version: '1.16.2' }, '1.16.1');
    await expect(findBinaries({ setting, path, isRoot: true })).rejects.toThrow(
      /jailer is version 1\.16\.1, Firecracker is 1\.16\.2/,
    );
  });

  test.runIf(isRoot)('control groups that cannot be made are done without, and it says so', async () => {
    // What a container with a read-only /sys/fs/cgroup shows: controllers, and no more.
    const readOnly = [
      'mount -t tmpfs cgroup /sys/fs/cgroup',
      'echo cpu memory pids >/sys/fs/cgroup/cgroup.controllers',
      'mount -o remount,ro /sys/fs/cgroup',
      'exec "$@"',
    ].join(' && ');
    const program = fileURLToPath(new URL('../fixtures/probe-in-jail.ts', import.meta.url));
    const command = ['--mount', 'sh', '-c', readOnly, 'sh', process.execPath, program];
    const { stdout } = await execFileAsync('unshare', command);
    expect(JSON.parse(stdout)).toEqual({
      probe: {
        usable: true,
        isolation: 'vm',
        warning: expect.stringMatching(/without control groups of this host.*cgroup/s),
      },
      exit: { reason: 'exited', code: 0 },
    });
  });

  test.runIf(isRoot)('a data folder on a nodev mount is named as the reason', async () => {
    const mount = await mkdtemp(join(tmpdir(), 'seed-nodev-'));
    await execFileAsync('mount', ['-t', 'tmpfs', '-o', 'nodev', 'tmpfs', mount]);
    try {
      const { usable, why } = await probeInJail(join(mount, 'sandboxes'));
      expect(usable).toBe(false);
      expect(why).toContain('Error creating KVM object: EACCES');
      expect(why).toContain(`lies on ${mount}, which is mounted nodev: the jailer makes a /dev/kvm of its own`);
      expect(why).toContain('Set SEED_DATA_DIR');
    } finally {
      await execFileAsync('umount', [mount]);
      await rm(mount, { recursive: true });
    }
  });

  test('another processor is refused', async () => {
    const findNone = () => Promise.reject(new Error('not looked for'));
    const { why } = await probeFirecracker({ findBinaries: findNone, sandboxFolder: folder, arch: 'arm64' });
    expect(why).toContain('need an x86-64 machine; this is arm64');
  });
});

describe('what shows of KVM', () => {
  const cpuinfo = async (flags: string) => {
    const file = join(folder, 'cpuinfo');
    await writeFile(file, `processor : 0\nflags\t\t: fpu ${flags} sse\n`);
    return file;
  };

  test('no device', async () => {
    expect(await kvmObstacle(join(folder, 'none'), '/proc/cpuinfo')).toContain('this machine has no KVM');
  });

  test('a device without hardware behind it', async () => {
    const device = join(folder, 'kvm');
    await writeFile(device, '');
    expect(await kvmObstacle(device, await cpuinfo('hypervisor'))).toContain('neither vmx nor svm');
    expect(await kvmObstacle(device, await cpuinfo('svm'))).toBeUndefined();
    expect(await kvmObstacle(device, await cpuinfo('vmx'))).toBeUndefined();
  });
});
