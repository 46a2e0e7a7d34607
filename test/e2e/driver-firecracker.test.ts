// The Firecracker driver on real Firecracker: runs wherever KVM and the user's firecracker are, else says why not.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { sandboxProcesses } from '../../src/drivers/process/sandbox-folder.ts';
import { selectDriver } from '../../src/drivers/set-up/select.ts';
import { setUp } from '../../src/drivers/set-up/set-up.ts';
import { cacheDirSetting } from '../../src/lib/settings.ts';
import { runInGuest } from '../fixtures/echo-guest.ts';
import { firecrackerLimits } from '../fixtures/firecracker-host.ts';
import { type PlainSandbox as Sandbox, startSandbox } from '../fixtures/plain-driver.ts';

const dataDir = await mkdtemp(join(tmpdir(), 'seed-firecracker-'));
const sandboxes = join(dataDir, 'firecracker/sandboxes');
const cacheDir = cacheDirSetting();
const { driver, probes } = await selectDriver({ cacheDir, dataDir, runscPath: '' }, 'firecracker');
const whyNot = probes[0]?.why?.replaceAll('\n', ' ');
if (whyNot) {
  console.warn(`SKIPPED: Firecracker does not run here. ${whyNot}`);
  await rm(dataDir, { recursive: true, force: true });
}

describe.skipIf(!driver)(`firecracker driver${whyNot ? ` (skipped: ${whyNot})` : ''}`, () => {
  const started: Sandbox[] = [];
  let made: ReturnType<typeof setUp> | undefined;

  async function start(id: string, lifeMs = 30_000, limits = {}): Promise<Sandbox> {
    made ??= readFile(join(import.meta.dirname, '../fixtures/echo-guest.mjs')).then((guestBundle) =>
      setUp({ cacheDir, dataDir, guestBundle, driver: 'firecracker', onProgress: console.error }),
    );
    const { driver: ready, snapshot } = await made;
    const sandbox = await startSandbox(ready, snapshot, { ...firecrackerLimits(lifeMs), ...limits }, id);
    started.push(sandbox);
    return sandbox;
  }

  async function output(sandbox: Sandbox, command: string): Promise<string> {
    return (await runInGuest(sandbox.stream, command)).output.trim();
  }

  afterEach(() => Promise.all(started.splice(0).map((sandbox) => sandbox.kill())));
  afterAll(() => rm(dataDir, { recursive: true, force: true }));

  test('has no network but its own loopback, a read-only root and an ordinary user', async () => {
    const sandbox = await start('inside');
    expect(await output(sandbox, 'ls /sys/class/net 2>/dev/null; ip -o link | cut -d: -f2')).toBe('lo');
    expect((await runInGuest(sandbox.stream, 'curl -sS -m 3 http://1.1.1.1')).code).toBe(7);
    expect(await output(sandbox, 'id -u; pwd')).toBe('1000\n/');
    expect((await runInGuest(sandbox.stream, 'touch /usr/x /etc/x /opt/seed/x')).code).toBe(1);
    expect((await runInGuest(sandbox.stream, 'touch /workspace/x /tmp/x ~/x /dev/shm/x')).code).toBe(0);
  });

  test('reaches no other port of the host over vsock', async () => {
    const sandbox = await start('vsock');
    const attempt = 's=socket.socket(socket.AF_VSOCK); s.settimeout(2); s.connect((2, 1025))';
    const { code } = await runInGuest(sandbox.stream, `python3 -c 'import socket; ${attempt}'`);
    expect(code).toBe(1);
  });

  test('carries 100 MB both ways unharmed', async () => {
    const { stream } = await start('stream');
    const block = randomBytes(1024 * 1024);
    const [sent, received] = [createHash('sha256'), createHash('sha256')];
    stream.write('echo\n');
    const sending = (async () => {
      for (let count = 0; count < 100; count += 1) {
        sent.update(block);
        if (!stream.write(block)) await once(stream, 'drain');
      }
    })();
    let left = 100 * block.length;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      received.update(chunk);
      left -= chunk.length;
      if (left <= 0) break;
    }
    await sending;
    expect(left).toBe(0);
    expect(received.digest('hex')).toBe(sent.digest('hex'));
  });

  test('tells exit codes and leaves nothing', async () => {
    for (const code of [0, 7]) {
      const sandbox = await start(`exit-${code}`);
      sandbox.stream.write(`exit ${code}\n`);
      expect(await sandbox.exited).toMatchObject({ reason: 'exited', code });
      await expectNothingLeft(sandbox.id);
    }
  });

  test('clones are different people with the right time', async () => {
    const clones = await Promise.all([start('one'), start('two')]);
    const facts = 'hostname; cat /etc/machine-id; head -c 16 /dev/urandom | od -An -tx1';
    const [one = [], two = []] = await Promise.all(
      clones.map(async (clone) => (await output(clone, facts)).split('\n')),
    );
    for (const index of one.keys()) expect(one[index]).not.toBe(two[index]);
    const now = Number(await output(clones[0] as Sandbox, 'date +%s'));
    expect(Math.abs(now - Date.now() / 1000)).toBeLessThan(3);
  });

  test('bounds processes and disk', async () => {
    const few = await start('processes', 30_000, { processes: 50 });
    const { output: said } = await runInGuest(few.stream, 'for i in $(seq 100); do sleep 5 & done 2>&1; kill %1');
    expect(said).toContain('Resource temporarily unavailable');
    const full = await runInGuest(few.stream, 'head -c 600M /dev/zero >/workspace/big');
    expect(full.output).toContain('No space left on device');
  });

  test('tells that memory ran out', async () => {
    const sandbox = await start('memory', 60_000, { memoryBytes: 256 * 2 ** 20 });
    sandbox.stream.write('run python3 -c "x = bytearray(2 ** 30)"\n');
    expect(await sandbox.exited).toEqual({ reason: 'out_of_memory' });
  });

  test('kill ends it within a second, the deadline by itself', async () => {
    const sandbox = await start('kill');
    const begin = performance.now();
    await sandbox.kill();
    expect(performance.now() - begin).toBeLessThan(1000);
    expect(await sandbox.exited).toEqual({ reason: 'killed' });
    const brief = await start('deadline', 1500);
    expect(await brief.exited).toEqual({ reason: 'deadline' });
    await expectNothingLeft('kill');
    await expectNothingLeft('deadline');
  });

  test('measures what it used', async () => {
    const sandbox = await start('usage');
    await runInGuest(sandbox.stream, 'timeout 1 sh -c "while :; do :; done"');
    const { cpuSeconds, peakMemoryBytes } = await sandbox.usage();
    expect(cpuSeconds).toBeGreaterThan(0.5);
    expect(peakMemoryBytes).toBeGreaterThan(10e6);
  });

  test('eight at once', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, (_, index) => start(`many-${index}`)));
    expect(await Promise.all(all.map((sandbox) => output(sandbox, `echo ${sandbox.id}`)))).toEqual(
      all.map(({ id }) => id),
    );
    await Promise.all(all.map((sandbox) => sandbox.kill()));
    expect(await readdir(sandboxes)).toEqual([]);
  });
});

async function expectNothingLeft(id: string): Promise<void> {
  expect(await sandboxProcesses(join(sandboxes, id))).toEqual([]);
  expect(existsSync(join(sandboxes, id))).toBe(false);
}
