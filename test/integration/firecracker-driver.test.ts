import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Driver, Snapshot } from '../../src/drivers/driver.ts';
import { sandboxProcesses } from '../../src/drivers/process/sandbox-folder.ts';
import type { Identity } from '../../src/drivers/vm/control.ts';
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
      // A snapshot that was chosen by its id is refused by another version, and not tried.
      expect(await (await driver({ isRoot, version: '1.16.2' })).version?.()).toBe('1.16.2');
    });

    test('each clone is told to be somebody else, within its limits', async () => {
      const all = await Promise.all(['one', 'two', 'three'].map((id) => start(id)));
      const roots = all.map(({ id }) => identityFile(id));
      const identities = (await Promise.all(
        roots.map(async (file) => JSON.parse(await readFile(await file, 'utf8'))),
      )) as (Identity & { clock?: number })[];
      for (const key of ['entropy', 'hostname', 'machineId'] as const) {
        expect(new Set(identities.map((identity) => identity[key])).size).toBe(3);
      }
      for (const { now, clock = Number.NaN, memoryBytes, vcpus, processes } of identities) {
        expect(Math.abs(now - Date.now())).toBeLessThan(30_000);
        // And when it is no longer too late for that: the time that it asked for.
        expect(clock).toBeGreaterThanOrEqual(now);
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

    test.runIf(isRoot)('what the jail sees of the snapshot is read-only', async () => {
      await start('mounts');
      const [pid] = await sandboxProcesses(join((await host).sandboxes, 'mounts')).then((pids) => pids.slice(-1));
      const mounts = (await readFile(`/proc/${pid}/mountinfo`, 'utf8')).split('\n');
      for (const name of ['state', 'memory', 'disk']) {
        const options = mounts.find((line) => line.split(' ')[4]?.endsWith(`/root/${name}`))?.split(' ')[5];
        expect(options?.split(','), name).toEqual(expect.arrayContaining(['ro', 'nosuid', 'nodev', 'noexec']));
      }
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
  });
});
