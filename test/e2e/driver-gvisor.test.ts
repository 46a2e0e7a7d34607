// The gVisor driver on real gVisor, with a guest that does what it is told.
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { Limits, Sandbox } from '../../src/drivers/driver.ts';
import { DISK_BYTES } from '../../src/drivers/gvisor/spec.ts';
import { sandboxProcesses } from '../../src/drivers/sandbox-folder.ts';
import { findByCommandLine } from '../../src/lib/host-processes.ts';
import { cacheDirSetting } from '../../src/lib/settings.ts';
import { SeedError } from '../../src/protocol/errors.ts';
import { runInGuest, setUpEchoGuest } from '../fixtures/echo-guest.ts';

const dataDir = await mkdtemp(join(tmpdir(), 'seed-driver-'));
const sandboxes = join(dataDir, 'gvisor/sandboxes');
const ready = await setUpEchoGuest(cacheDirSetting(), dataDir).catch((error: unknown) => {
  if (!(error instanceof SeedError) || error.code !== 'no_usable_driver') throw error;
  console.warn(`SKIPPED: ${error.message}`);
  return undefined;
});

describe.skipIf(!ready)('gVisor driver', () => {
  if (!ready) return;
  const { driver, snapshot } = ready;
  const started: Sandbox[] = [];

  async function start(id: string, lifeMs = 30_000): Promise<Sandbox> {
    const sandbox = await driver.start(snapshot, limits(lifeMs), id);
    started.push(sandbox);
    return sandbox;
  }

  afterEach(() => Promise.all(started.splice(0).map((sandbox) => sandbox.kill())));
  afterAll(() => rm(dataDir, { recursive: true, force: true }));

  test('has no network but its own loopback, a read-only root and an ordinary user', async () => {
    const { stream } = await start('inside');
    expect(await lines(stream, 'tail -n +3 /proc/net/dev | cut -d: -f1; ip -o link | cut -d: -f2')).toEqual([
      'lo',
      'lo',
    ]);
    expect((await runInGuest(stream, 'curl -sS -m 3 http://1.1.1.1')).code).toBe(7);
    expect((await runInGuest(stream, 'getent hosts example.com')).code).toBe(2);
    expect(await lines(stream, 'id -u; hostname; pwd')).toEqual(['1000', 'sandbox', '/']);
    expect(await lines(stream, 'grep CapEff /proc/self/status')).toEqual(['CapEff:\t0000000000000000']);
    expect((await runInGuest(stream, 'touch /usr/x /etc/x /opt/seed/x')).code).toBe(1);
    expect((await runInGuest(stream, 'touch /workspace/x /tmp/x ~/x /dev/shm/x')).code).toBe(0);
  });

  test('holds what an agent needs', async () => {
    const { stream } = await start('tools');
    const tools = 'bash git rg fd jq curl python3 node awk sed tar unzip less file which ps ip';
    expect((await runInGuest(stream, `which ${tools} >/dev/null`)).code).toBe(0);
    const python = 'import csv, datetime, json, sqlite3, ssl, urllib.request';
    expect(await runInGuest(stream, `python3 -c "${python}" && git --version >/dev/null`)).toEqual({
      output: '',
      code: 0,
    });
  });

  test('bounds what can be written', async () => {
    const { stream } = await start('disk');
    const { output, code } = await runInGuest(stream, 'head -c 400M /dev/zero >/workspace/big');
    expect(output).toContain('No space left on device');
    expect(code).toBe(1);
    await expect(
      driver.start(snapshot, { ...limits(1000), diskBytes: DISK_BYTES - 1 }, 'small'),
    ).rejects.toThrow(SeedError);
  });

  test('carries 100 MB both ways unharmed', async () => {
    const { stream } = await start('stream');
    const block = randomBytes(1024 * 1024);
    const blocks = 100;
    const sent = createHash('sha256');
    const received = createHash('sha256');
    stream.write('echo\n');
    const sending = (async () => {
      for (let count = 0; count < blocks; count += 1) {
        sent.update(block);
        if (!stream.write(block)) await once(stream, 'drain');
      }
    })();
    let left = blocks * block.length;
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
    for (const code of [0, 1, 7]) {
      const sandbox = await start(`exit-${code}`);
      sandbox.stream.write(`exit ${code}\n`);
      expect(await sandbox.exited).toEqual({ reason: 'exited', code });
      await expectNothingLeft(sandbox.id);
    }
  });

  test('kill ends it within a second, twice is fine, and leaves nothing', async () => {
    const sandbox = await start('kill');
    await runInGuest(sandbox.stream, '(sleep 1000 & setsid sleep 1000 &) >/dev/null 2>&1');
    expect((await sandboxProcesses(join(sandboxes, 'kill'))).length).toBeGreaterThan(2);
    const begin = performance.now();
    await Promise.all([sandbox.kill(), sandbox.kill()]);
    expect(performance.now() - begin).toBeLessThan(1000);
    expect(await sandbox.exited).toEqual({ reason: 'killed' });
    await expectNothingLeft('kill');
    await sandbox.kill();
  });

  test('kill right after start', async () => {
    const sandbox = await start('early');
    await sandbox.kill();
    expect(await sandbox.exited).toEqual({ reason: 'killed' });
    await expectNothingLeft('early');
  });

  test('dies at its deadline', async () => {
    const begin = Date.now();
    const sandbox = await start('deadline', 1500);
    expect(await sandbox.exited).toEqual({ reason: 'deadline' });
    expect(Date.now() - begin).toBeGreaterThanOrEqual(1500);
    expect(Date.now() - begin).toBeLessThan(2500);
    await expectNothingLeft('deadline');
  });

  test('dies at its deadline although its parent was killed with -9', async () => {
    const script = join(import.meta.dirname, '../fixtures/start-sandbox.ts');
    const args = [script, cacheDirSetting(), dataDir, 'orphan', '3000'];
    const parent = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const deadline = Number(line.toString());
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    const folder = join(sandboxes, 'orphan');
    await sleep(deadline - 500 - Date.now());
    expect((await sandboxProcesses(folder)).length).toBeGreaterThan(2);
    await sleep(deadline + 1000 - Date.now());
    expect(await sandboxProcesses(folder)).toEqual([]);
    expect(await driver.sweep()).toEqual(['orphan']);
    expect(existsSync(folder)).toBe(false);
  });

  test('is lost when its processes are killed by someone else', async () => {
    for (const program of ['runsc-sandbox', 'timeout', 'unshare']) {
      const sandbox = await start(`lost-${program}`);
      await runInGuest(sandbox.stream, 'true');
      const [victim] = await findByCommandLine(
        (args) => args[0] === program && args.join().includes(sandbox.id),
      );
      process.kill(victim ?? Number.NaN, 'SIGKILL');
      expect((await sandbox.exited).reason).toBe('lost');
      await expectNothingLeft(sandbox.id);
    }
  });

  test('gives none of the parent’s environment to its host processes', async () => {
    process.env['SEED_TEST_CANARY'] = 'canary-4711';
    const sandbox = await start('environment');
    await runInGuest(sandbox.stream, 'true');
    const pids = await sandboxProcesses(join(sandboxes, 'environment'));
    // runsc makes its own processes unreadable to ordinary users; their environment is a part of its parent's.
    const read = pids.map((pid) => readFile(`/proc/${pid}/environ`, 'utf8').catch(() => ''));
    const environments = (await Promise.all(read)).join();
    expect(environments).toContain('PATH=');
    expect(environments).not.toContain('canary-4711');
  });

  test('measures what it used', async () => {
    const sandbox = await start('usage');
    await runInGuest(sandbox.stream, 'timeout 1 sh -c "while :; do :; done"');
    const { cpuSeconds, peakMemoryBytes } = await sandbox.usage();
    expect(cpuSeconds).toBeGreaterThan(0.5);
    expect(peakMemoryBytes).toBeGreaterThan(20e6);
    await sandbox.kill();
    expect((await sandbox.usage()).cpuSeconds).toBeGreaterThanOrEqual(cpuSeconds);
  });

  test('freezing tells why a guest does not load, and leaves nothing', async () => {
    const freeze = (program: string) =>
      driver.freeze({ ...snapshot.image, command: ['/usr/bin/node', '-e', program] }, () => {});
    await expect(freeze('throw new Error("no agent here")')).rejects.toThrow(
      /ended before it was ready.*no agent here/s,
    );
    await expect(freeze('console.log("hello")')).rejects.toThrow(
      'The guest said "hello\\n" instead of "ready"',
    );
    const snapshots = dirname(snapshot.dir);
    expect((await readdir(snapshots)).filter((name) => !/^(lock|[0-9a-f]{32})$/.test(name))).toEqual([]);
  });

  test('eight at once', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, (_, index) => start(`many-${index}`)));
    const outputs = await Promise.all(all.map(({ id, stream }) => runInGuest(stream, `echo ${id}`)));
    expect(outputs.map(({ output }) => output.trim())).toEqual(all.map(({ id }) => id));
    await Promise.all(all.map((sandbox) => sandbox.kill()));
    expect(await readdir(sandboxes)).toEqual([]);
  });

  test('refuses an id that is taken or could leave the folder', async () => {
    await start('taken');
    await expect(driver.start(snapshot, limits(1000), 'taken')).rejects.toThrow(SeedError);
    await expect(driver.start(snapshot, limits(1000), '../x')).rejects.toThrow(SeedError);
  });

  test('sweep ends what it finds, and no one else', async () => {
    const sandbox = await start('swept');
    await runInGuest(sandbox.stream, 'true');
    await mkdir(join(sandboxes, 'never-started'));
    const bystander = spawn('sh', ['-c', 'sleep 60', join(sandboxes, 'swept')], { stdio: 'ignore' });
    expect((await driver.sweep()).sort()).toEqual(['never-started', 'swept']);
    expect((await sandbox.exited).reason).toBe('lost');
    await expectNothingLeft('swept');
    expect(bystander.exitCode ?? bystander.signalCode).toBeNull();
    bystander.kill();
  });
});

function limits(lifeMs: number): Limits {
  return {
    deadline: new Date(Date.now() + lifeMs),
    diskBytes: DISK_BYTES,
    memoryBytes: 2 ** 30,
    vcpus: 2,
    processes: 512,
  };
}

async function lines(stream: Sandbox['stream'], command: string): Promise<string[]> {
  const { output } = await runInGuest(stream, command);
  return output
    .trim()
    .split('\n')
    .map((line) => line.trim());
}

async function expectNothingLeft(id: string): Promise<void> {
  expect(await sandboxProcesses(join(sandboxes, id))).toEqual([]);
  expect(existsSync(join(sandboxes, id))).toBe(false);
}
