// The Firecracker driver's whole path against a fake Firecracker that checks every request (test/fixtures/
// fake-firecracker.ts): processes, sockets, supervisor, vsock bridge and guest are real; only the virtual machine
// is not.
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Driver, Snapshot } from '../../src/drivers/driver.ts';
import { sandboxProcesses } from '../../src/drivers/process/sandbox-folder.ts';
import type { Identity } from '../../src/drivers/vm/control.ts';
import { findByCommandLine } from '../../src/lib/host-processes.ts';
import { SeedError } from '../../src/protocol/errors.ts';
import {
  createFirecrackerHost,
  type FirecrackerHost,
  fakeObstacle,
  firecrackerLimits,
} from '../fixtures/firecracker-host.ts';
import { type PlainSandbox as Sandbox, startSandbox } from '../fixtures/plain-driver.ts';

const obstacle = await fakeObstacle();
if (obstacle) console.warn(`SKIPPED: ${obstacle}`);
const ways = process.getuid?.() === 0 ? ['in the jail', 'as an ordinary user'] : ['as an ordinary user'];

describe.skipIf(obstacle)('firecracker driver with a fake Firecracker', () => {
  describe.each(ways)('%s', (way) => {
    const isRoot = way === 'in the jail';
    let host: Promise<FirecrackerHost>;
    const started: Sandbox[] = [];
    let made: Promise<{ driver: Driver; snapshot: Snapshot }> | undefined;

    async function ready() {
      made ??= (async () => {
        const driver = await (await host).driver({ isRoot });
        return { driver, snapshot: await driver.freeze((await host).image, () => {}) };
      })();
      return made;
    }

    async function start(id: string, lifeMs = 30_000): Promise<Sandbox> {
      const { driver, snapshot } = await ready();
      const sandbox = await startSandbox(driver, snapshot, firecrackerLimits(lifeMs), id);
      started.push(sandbox);
      return sandbox;
    }

    async function expectNothingLeft(id: string): Promise<void> {
      const folder = join((await host).sandboxes, id);
      expect(await sandboxProcesses(folder)).toEqual([]);
      expect(existsSync(folder)).toBe(false);
    }

    beforeAll(() => {
      host = createFirecrackerHost();
    });
    afterEach(() => Promise.all(started.splice(0).map((sandbox) => sandbox.kill())));
    afterAll(async () => (await host).remove());

    test('freezes and starts with exactly these requests, in this order', async () => {
      const { takeRequests } = await host;
      const { snapshot } = await ready();
      const frozen = await takeRequests();
      expect(frozen.map(({ request }) => request)).toEqual([
        'PUT /machine-config',
        'PUT /boot-source',
        'PUT /drives/root',
        'PUT /vsock',
        'PUT /entropy',
        'PUT /actions',
        'PATCH /vm',
        'PUT /snapshot/create',
      ]);
      const sandbox = await start('requests');
      const restored = await takeRequests();
      expect(restored.map(({ request }) => request)).toEqual(['PUT /snapshot/load', 'PATCH /vm']);
      expect([...frozen, ...restored].map(({ status }) => status)).toEqual(Array(10).fill(204));
      expect(JSON.parse(restored[0]?.body ?? '')).toEqual({
        snapshot_path: 'state',
        mem_backend: { backend_type: 'File', backend_path: 'memory' },
        vsock_override: { uds_path: 'vsock.sock' },
      });
      expect((await stat(join(snapshot.dir, 'memory'))).mode & 0o777).toBe(0o444);
      await sandbox.kill();
    });

    test('a snapshot that is there is not made again', async () => {
      const { snapshot } = await ready();
      const { driver, image, takeRequests } = await host;
      await takeRequests();
      expect(await (await driver({ isRoot })).freeze(image, () => {})).toEqual(snapshot);
      expect(await takeRequests()).toEqual([]);
      const newer = await (await driver({ isRoot, version: '1.16.2' })).freeze(image, () => {});
      expect(newer.id).not.toBe(snapshot.id);
    });

    test('carries 20 MB both ways unharmed', async () => {
      const { stream } = await start('stream');
      expect(await echoed(stream, randomBytes(2 ** 20), 20)).toBe(true);
    });

    test('delivers all that the guest wrote before it ended', async () => {
      const sandbox = await start('last-words');
      const block = randomBytes(3 * 2 ** 20);
      sandbox.stream.write(`end ${block.length}\n`);
      sandbox.stream.write(block);
      let received = 0;
      for await (const chunk of sandbox.stream as AsyncIterable<Buffer>) received += chunk.length;
      expect(received).toBe(block.length);
      expect(await sandbox.exited).toMatchObject({ reason: 'exited', code: 5 });
    });

    test('each clone is told to be somebody else, within its limits', async () => {
      const all = await Promise.all(['one', 'two', 'three'].map((id) => start(id)));
      const roots = all.map(({ id }) => identityFile(id));
      const identities = (await Promise.all(
        roots.map(async (file) => JSON.parse(await readFile(await file, 'utf8'))),
      )) as (Identity & { now: number })[];
      for (const key of ['entropy', 'hostname', 'machineId'] as const) {
        expect(new Set(identities.map((identity) => identity[key])).size).toBe(3);
      }
      for (const { now, memoryBytes, vcpus, processes } of identities) {
        expect(Math.abs(now - Date.now())).toBeLessThan(30_000);
        expect({ memoryBytes, vcpus, processes }).toEqual({ memoryBytes: 2 ** 30, vcpus: 2, processes: 512 });
      }
    });

    async function identityFile(id: string): Promise<string> {
      const folder = join((await host).sandboxes, id);
      const files = await readdir(folder, { recursive: true });
      return join(folder, files.find((file) => file.endsWith('identity.json')) ?? '');
    }

    test('tells exit codes at once and leaves nothing', async () => {
      for (const code of [0, 7]) {
        const sandbox = await start(`exit-${code}`);
        sandbox.stream.resume();
        const begin = performance.now();
        sandbox.stream.write(`exit ${code}\n`);
        expect(await sandbox.exited).toMatchObject({ reason: 'exited', code });
        expect(performance.now() - begin).toBeLessThan(1500);
        await expectNothingLeft(sandbox.id);
      }
    });

    test('tells that memory ran out', async () => {
      const sandbox = await start('memory');
      sandbox.stream.resume();
      sandbox.stream.write('exit 77\n');
      expect(await sandbox.exited).toEqual({ reason: 'out_of_memory' });
    });

    test('kill ends it within a second, twice is fine, and leaves nothing', async () => {
      const sandbox = await start('kill');
      const folder = join((await host).sandboxes, 'kill');
      expect((await sandboxProcesses(folder)).length).toBeGreaterThan(1);
      const begin = performance.now();
      await Promise.all([sandbox.kill(), sandbox.kill()]);
      expect(performance.now() - begin).toBeLessThan(1000);
      expect(await sandbox.exited).toEqual({ reason: 'killed' });
      await expectNothingLeft('kill');
      await sandbox.kill();
    });

    test('dies at its deadline', async () => {
      const lifeMs = 5000;
      await ready();
      const begin = Date.now();
      const sandbox = await start('deadline', lifeMs);
      expect(await sandbox.exited).toEqual({ reason: 'deadline' });
      expect(Date.now() - begin).toBeGreaterThanOrEqual(lifeMs);
      expect(Date.now() - begin).toBeLessThan(lifeMs + 1000);
      await expectNothingLeft('deadline');
    });

    test('is lost when its processes are killed by someone else', async () => {
      for (const program of ['fake-firecracker.ts', 'unshare']) {
        const sandbox = await start(`lost-${program}`);
        const pids = await sandboxProcesses(join((await host).sandboxes, sandbox.id));
        const [victim] = await findByCommandLine((args) =>
          args.slice(0, 2).some((arg) => arg.endsWith(program)),
        ).then((found) => found.filter((pid) => pids.includes(pid)));
        process.kill(victim ?? Number.NaN, 'SIGKILL');
        expect((await sandbox.exited).reason).toBe('lost');
        await expectNothingLeft(sandbox.id);
      }
    });

    test('measures what it used', async () => {
      const sandbox = await start('usage');
      const { cpuSeconds, peakMemoryBytes } = await sandbox.usage();
      expect(cpuSeconds).toBeGreaterThan(0);
      expect(peakMemoryBytes).toBeGreaterThan(10e6);
      await sandbox.kill();
      expect((await sandbox.usage()).cpuSeconds).toBeGreaterThanOrEqual(cpuSeconds);
    });

    test('eight at once', async () => {
      const all = await Promise.all(Array.from({ length: 8 }, (_, index) => start(`many-${index}`)));
      const outputs = await Promise.all(all.map(({ id, stream }) => echoed(stream, Buffer.from(id), 1)));
      expect(outputs).toEqual(Array(8).fill(true));
      await Promise.all(all.map((sandbox) => sandbox.kill()));
      expect(await readdir((await host).sandboxes)).toEqual([]);
    });

    test('gives none of the parent’s environment to its host processes', async () => {
      process.env['SEED_TEST_CANARY'] = 'canary-4711';
      await start('environment');
      const pids = await sandboxProcesses(join((await host).sandboxes, 'environment'));
      const environments = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/environ`, 'utf8')));
      expect(environments.join()).toContain('PATH=');
      expect(environments.join()).not.toContain('canary-4711');
    });

    test.runIf(isRoot)('what the jail sees of the snapshot is read-only', async () => {
      await start('mounts');
      const [pid] = await sandboxProcesses(join((await host).sandboxes, 'mounts')).then((pids) => pids.slice(-1));
      const mounts = (await readFile(`/proc/${pid}/mountinfo`, 'utf8')).split('\n');
      for (const name of ['state', 'memory', 'disk']) {
        const options = mounts.find((line) => line.split(' ')[4]?.endsWith(`/root/${name}`))?.split(' ')[5];
        expect(options?.split(','), name).toEqual(expect.arrayContaining(['ro', 'nosuid', 'nodev', 'noexec']));
      }
    });

    test('sweep ends what it finds', async () => {
      const { driver } = await ready();
      const sandbox = await start('swept');
      await mkdir(join((await host).sandboxes, 'never-started'));
      expect((await driver.sweep('nobody')).sort()).toEqual(['never-started', 'swept']);
      expect((await sandbox.exited).reason).toBe('lost');
      await expectNothingLeft('swept');
    });

    test('refuses ids and limits that it cannot keep', async () => {
      const { driver, snapshot } = await ready();
      const limits = firecrackerLimits(5000);
      await start('taken');
      await expect(driver.start(snapshot, limits, 'taken')).rejects.toThrow('is taken');
      await expect(driver.start(snapshot, limits, '../x')).rejects.toThrow(SeedError);
      for (const [wrong, message] of [
        [{ memoryBytes: 2 ** 31 }, 'bytes of memory'],
        [{ vcpus: 3 }, 'processors'],
      ] as const) {
        await expect(driver.start(snapshot, { ...limits, ...wrong }, 'wrong')).rejects.toThrow(message);
      }
    });

    test.each([
      [{ refuse: 'PUT /snapshot/load' }, 'Firecracker refused PUT /snapshot/load (400): refused by the test'],
      [{ dieAt: 'PUT /snapshot/load' }, 'Firecracker ended early'],
    ])('a start that fails says why and leaves nothing: %o', async (fault, message) => {
      const { snapshot } = await ready();
      const driver = await (await host).driver({ isRoot, ...fault });
      await expect(driver.start(snapshot, firecrackerLimits(10_000), 'fails')).rejects.toThrow(message);
      await expectNothingLeft('fails');
    });

    test.each([
      ['console.log("hello")', 'The guest said "hello\\n" instead of "ready"'],
      ['throw new Error("no agent here")', /ended before it was ready \(exited 1\).*no agent here/s],
    ])('a freeze that fails says why and leaves nothing: %s', async (program, message) => {
      const { driver, image } = await host;
      const command = [process.execPath, '-e', `${program}; setTimeout(() => {}, 1000)`];
      const broken = await driver({ isRoot, command });
      const frozen = broken.freeze({ ...image, id: 'broken', command }, () => {});
      await expect(frozen).rejects.toThrow(message);
      const { snapshot } = await ready();
      const names = await readdir(dirname(snapshot.dir));
      expect(names.filter((name) => !/^(lock|[0-9a-f]{32})$/.test(name))).toEqual([]);
    });
  });

  test('dies at its deadline although its parent was killed with -9', async () => {
    const script = join(import.meta.dirname, '../fixtures/start-firecracker.ts');
    const parent: ChildProcess = spawn(process.execPath, [script, '6000'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (!parent.stdout) throw new Error('no output');
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const { deadline, sandboxes, top } = JSON.parse(line.toString()) as Record<'sandboxes' | 'top', string> & {
      deadline: number;
    };
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    const folder = join(sandboxes, 'orphan');
    await sleep(deadline - 300 - Date.now());
    expect((await sandboxProcesses(folder)).length).toBeGreaterThan(1);
    await vi.waitFor(async () => expect(await sandboxProcesses(folder)).toEqual([]), {
      timeout: deadline + 1000 - Date.now(),
      interval: 20,
    });
    await rm(top, { recursive: true });
  });
});

/** Whether the guest gives back `count` blocks as they are. */
async function echoed(stream: Sandbox['stream'], block: Buffer, count: number): Promise<boolean> {
  const [sent, received] = [createHash('sha256'), createHash('sha256')];
  stream.write('echo\n');
  const sending = (async () => {
    for (let index = 0; index < count; index += 1) {
      sent.update(block);
      if (!stream.write(block)) await once(stream, 'drain');
    }
  })();
  let left = count * block.length;
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    received.update(chunk);
    left -= chunk.length;
    if (left <= 0) break;
  }
  await sending;
  return left === 0 && received.digest('hex') === sent.digest('hex');
}
