// Seed's own image: built without a daemon, the same bytes each time, and run under runc: a server that is an
// ordinary user with nothing it may do, a runner with what docs/containers.md lists, a task in gVisor inside it.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FinishedImage } from '../../deploy/image/oci.ts';
import { layersOf, makeSeedImage } from '../../deploy/image/seed.ts';
import { generateKeySecret } from '../../src/lib/key-secret.ts';
import { cacheDirSetting } from '../../src/lib/settings.ts';
import type { Task } from '../../src/protocol/task.ts';
import { type Container, startContainer, unpackImage, whyNoContainers } from '../fixtures/container.ts';
import { bash, until } from '../fixtures/seed.ts';

const why = whyNoContainers();
if (why !== null) console.info(`Containers are not tried: ${why}`);

const folder = mkdtempSync(join(tmpdir(), 'seed-container-'));
const adminKey = generateKeySecret();
const SHARED = {
  SEED_RUNNER_TOKEN: 'r'.repeat(32),
  SEED_SERVER_URL: 'http://127.0.0.1:3210',
  SEED_DRAIN_SECONDS: '1',
};
const HEALTHCHECK = ['/usr/bin/node', '/usr/share/seed/healthcheck.mjs'];
const containers: Container[] = [];

let image: FinishedImage;
let root: string;

describe.skipIf(why !== null)('the image of Seed', () => {
  beforeAll(async () => {
    const onProgress = (message: string) => console.info(message);
    image = await makeSeedImage({ cacheDir: cacheDirSetting(), reference: 'seed:test', onProgress });
    root = await unpackImage(image, cacheDirSetting());
  }, 900_000);

  afterAll(async () => {
    for (const container of containers.reverse()) await container.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(
    name: string,
    more: Partial<Parameters<typeof startContainer>[0]> & { command: readonly string[] },
  ): Promise<Container> {
    const volumes = { '/var/lib/seed': join(folder, `${name}-data`), '/var/cache/seed': join(folder, 'cache') };
    const container = await startContainer({ name, folder, root, image, volumes, ...more });
    containers.push(container);
    return container;
  }

  let server: Container;

  const seed = (...args: string[]) =>
    server.run(['/usr/bin/seed', ...args, '--json'], {
      SEED_API_KEY: adminKey,
      SEED_API_URL: SHARED.SEED_SERVER_URL,
    });

  /** A task whose one command says in which kernel it ran. */
  async function runTask(): Promise<Task> {
    const instruction = bash('dmesg | head -1; id -u; cat /proc/net/dev | tail -1');
    const { task } = JSON.parse(await seed('tasks', 'run', instruction)) as { task: Task };
    return task;
  }

  async function startRunner(name: string, more: Partial<Parameters<typeof startContainer>[0]> = {}) {
    const runner = await start(name, {
      command: ['runner'],
      environment: SHARED,
      networkOf: server,
      isRunner: true,
      ...more,
    });
    await logged(runner, 'sandboxes are ready', 120_000);
    return runner;
  }

  test('is under 400 MB, unpacked too', () => {
    const sum = (of: 'size' | 'unpackedBytes') => image.layers.reduce((total, layer) => total + layer[of], 0);
    console.info(`${Math.round(sum('size') / 1e6)} MB, unpacked ${Math.round(sum('unpackedBytes') / 1e6)} MB`);
    expect(sum('unpackedBytes')).toBeLessThan(400e6);
  });

  test('says what it is made of, and under which licences', () => {
    const bill = JSON.parse(readFileSync(join(root, 'usr/share/seed/sbom.cdx.json'), 'utf8'));
    expect(bill).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6' });
    const urls = bill.components.map(({ purl }: { purl: string }) => purl);
    for (const part of [
      'pkg:deb/debian/libc6@',
      'pkg:deb/debian/runsc@',
      'pkg:npm/hono@',
      'pkg:npm/node-linux-',
      'pkg:npm/react@',
    ])
      expect(
        urls.some((url: string) => url.startsWith(part)),
        part,
      ).toBe(true);
    expect(new Set(urls).size).toBe(urls.length);
    const files = bill.components.flatMap(({ properties = [] }) =>
      properties.map(({ value }: { value: string }) => value),
    );
    expect(files.length).toBeGreaterThan(urls.length * 0.8);
    for (const file of files) expect(statSync(join(root, file)).size, file).toBeGreaterThan(0);
  });

  test('has the same digest when it is built again', async () => {
    const again = await layersOf(
      { cacheDir: cacheDirSetting(), layout: join(folder, 'again'), onProgress: () => {} },
      ['debian', 'seed'],
    );
    for (const { digest, diffId } of again) {
      expect(image.layers.map((layer) => layer.digest)).toContain(digest);
      expect(image.layers.map((layer) => layer.diffId)).toContain(diffId);
    }
    expect(again).toHaveLength(2);
  });

  test('a server runs as an ordinary user without a capability, on a root that cannot be written', async () => {
    const environment = { ...SHARED, SEED_ADMIN_KEY: adminKey };
    server = await start('server', { command: ['server'], environment });
    await logged(server, '"listening"', 60_000);
    await server.run(HEALTHCHECK);
    const status = await server.run(['/bin/cat', '/proc/1/status']);
    expect(status).toMatch(/^Uid:\t1000\t1000\t1000\t1000$/m);
    expect(status).toMatch(/^CapBnd:\t0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    await expect(server.run(['/bin/sh', '-c', 'touch /opt/seed/x || touch /etc/x'])).rejects.toThrow('Read-only');
  });

  test('a runner makes sandboxes of what came with the image, and a task runs in gVisor', async () => {
    const runner = await startRunner('runner');
    await runner.run(HEALTHCHECK);
    const task = await runTask();
    expect(task).toMatchObject({
      status: 'completed',
      stdout: expect.stringMatching(/gVisor.*\b1000\b.*\blo\b/s),
    });
    // Process 1 reaps what sandboxes leave.
    expect(await statesOfProcesses(runner)).not.toContain('Z');
    expect(await runner.stop()).toBe(0);
    expect(runner.log()).toContain('"stopping"');
  }, 240_000);

  const ROOT = [
    'CHOWN',
    'DAC_OVERRIDE',
    'FSETID',
    'FOWNER',
    'MKNOD',
    'SETGID',
    'SETUID',
    'SETFCAP',
    'SETPCAP',
    'SYS_CHROOT',
    'KILL',
  ];
  test.each([
    ['read-only', false],
    ['its own', true],
  ])(
    'a runner that is root runs tasks where the control groups are %s',
    async (name, writableCgroups) => {
      const capabilities = [...ROOT, 'SYS_ADMIN'].map((one) => `CAP_${one}`);
      const runner = await startRunner(`root-${writableCgroups}`, { user: 0, capabilities, writableCgroups });
      expect(await runTask(), name).toMatchObject({ status: 'completed' });
      expect(await runner.stop()).toBe(0);
    },
    120_000,
  );

  test('a runner without what it needs says what that is, and is asked for nothing', async () => {
    const runner = await start('bare', { command: ['runner'], environment: SHARED, networkOf: server });
    await logged(runner, 'docs/containers.md', 60_000);
    expect(runner.log()).toContain('unshare');
    expect(await runner.stop()).toBe(0);
  }, 120_000);

  test('SIGTERM ends a server in order, with its database', async () => {
    expect(await server.stop()).toBe(0);
    expect(server.log()).toContain('"stopping"');
    expect(readdirSync(join(folder, 'server-data/postgres/cluster'))).not.toContain('postmaster.pid');
  });
});

async function logged(container: Container, text: string, withinMs: number): Promise<void> {
  const isThere = () => container.log().includes(text);
  const isOver = await until(text, () => isThere() || !container.isAlive(), withinMs).catch(() => true);
  if (isOver && !isThere()) throw new Error(`it never said ${text}, but:\n${container.log()}`);
}

/** One letter for each, as in proc_pid_stat(5). */
async function statesOfProcesses(container: Container): Promise<string> {
  const text = await container.run(['/bin/sh', '-c', 'cat /proc/[0-9]*/stat 2>/dev/null || true']);
  return [...text.matchAll(/^\d+ \(.*\) (\w) /gm)].map(([, state]) => state).join('');
}
