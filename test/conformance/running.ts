// A sandbox at work: its stream, what it used, many at once.
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { runInGuest } from '../fixtures/echo-guest.ts';
import { ASKS_ALL_OF_EMULATED } from '../fixtures/emulated.ts';
import type { PlainSandbox } from '../fixtures/plain-driver.ts';
import type { Suite } from './suite-parts.ts';

const MIB = 1024 * 1024;
const LOAD_SECONDS = 3;
const LOAD_ATTEMPTS = 5;

export function testRunning(suite: Suite): void {
  const { driver, snapshot, start, traits } = suite;

  test(`carries ${traits.streamMegabytes} MB both ways unharmed`, async () => {
    const { stream } = await start('stream');
    const block = randomBytes(MIB);
    const sent = createHash('sha256');
    const received = createHash('sha256');
    stream.write('echo\n');
    const sending = (async () => {
      for (let left = traits.streamMegabytes; left > 0; left -= 1) {
        sent.update(block);
        // The last one may be back before it is known here that it has arrived.
        if (!stream.write(block) && left > 1) await once(stream, 'drain');
      }
    })();
    let left = traits.streamMegabytes * block.length;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      received.update(chunk);
      left -= chunk.length;
      if (left <= 0) break;
    }
    await sending;
    expect(left).toBe(0);
    expect(received.digest('hex')).toBe(sent.digest('hex'));
  });

  test('measures the CPU time that it used', async () => {
    const sandbox = await start('usage');
    await runInGuest(sandbox.stream, 'true');
    let share = 0;
    const isRight = (found: number) => found > 0.9 && (found < 1.1 || traits.countsWaiting === true);
    for (let attempt = 0; attempt < LOAD_ATTEMPTS && !isRight(share); attempt += 1) {
      share = await busyShare(sandbox);
    }
    expect(share).toBeGreaterThan(0.9);
    if (traits.countsWaiting)
      console.warn(`SKIPPED ${traits.choice}: a busy host adds to the time that it counts`);
    else expect(share).toBeLessThan(1.1);
    const { cpuSeconds } = await sandbox.usage();
    await sandbox.kill();
    expect((await sandbox.usage()).cpuSeconds).toBeGreaterThanOrEqual(cpuSeconds);
  });

  if (!traits.measuresMemory) console.warn(`SKIPPED ${traits.choice}: it does not see what its guests hold`);
  test.skipIf(!traits.measuresMemory)('measures the memory that it used', async () => {
    const sandbox = await start('memory-usage');
    await runInGuest(sandbox.stream, 'true');
    const before = await sandbox.usage();
    await runInGuest(sandbox.stream, 'python3 -c "bytearray(200 * 2**20)"');
    const { peakMemoryBytes } = await sandbox.usage();
    expect(peakMemoryBytes - before.peakMemoryBytes).toBeGreaterThan(180 * MIB);
    expect(peakMemoryBytes - before.peakMemoryBytes).toBeLessThan(300 * MIB);
  });

  test(`${traits.parallel} at once`, async () => {
    const all = await Promise.all(
      Array.from({ length: traits.parallel }, (_, index) => start(`many-${index}`, 120_000)),
    );
    const outputs = await Promise.all(all.map(({ id, stream }) => runInGuest(stream, `echo ${id}`)));
    expect(outputs.map(({ output }) => output.trim())).toEqual(all.map(({ id }) => id));
    await Promise.all(all.map((sandbox) => sandbox.kill()));
    if (traits.remote) expect(await driver.all?.()).toEqual([]);
    else expect(await readdir(dirname(suite.folder('any')))).toEqual([]);
  });

  if (traits.remote) {
    console.warn(`SKIPPED ${traits.choice}: its sandboxes have no host processes here, and none is frozen`);
    return;
  }

  test('gives none of the parent’s environment to its host processes', async () => {
    process.env['SEED_TEST_CANARY'] = 'canary-4711';
    const sandbox = await start('environment');
    await runInGuest(sandbox.stream, 'true');
    const pids = await suite.processes('environment');
    // Some make themselves unreadable to ordinary users; their environment is a part of their parent's.
    const read = pids.map((pid) => readFile(`/proc/${pid}/environ`, 'utf8').catch(() => ''));
    const environments = (await Promise.all(read)).join();
    expect(environments).toContain('PATH=');
    expect(environments).not.toContain('canary-4711');
  });

  test('freezing tells why a guest does not load, and leaves nothing', async () => {
    const [node = ''] = snapshot.image.command;
    const freeze = (program: string) =>
      driver.freeze({ ...snapshot.image, command: [node, '-e', program] }, () => {});
    await expect(freeze('throw new Error("no agent here")')).rejects.toThrow(
      /ended before it was ready.*no agent here/s,
    );
    // An emulated machine boots for ten seconds, and all of them ask their guests in the same place.
    if (traits.choice !== 'qemu-emulated' || ASKS_ALL_OF_EMULATED) {
      await expect(freeze('console.log("hello")')).rejects.toThrow('The guest said "hello\\n" instead of "ready"');
    }
    const snapshots = dirname(snapshot.dir);
    expect((await readdir(snapshots)).filter((name) => !/^(lock|[0-9a-f]{32})$/.test(name))).toEqual([]);
  });
}

/**
 * CPU time that a loop in the guest is said to have used, in proportion to what the same loop gets on this busy
 * host.
 */
async function busyShare(sandbox: PlainSandbox): Promise<number> {
  const control = hostLoop();
  const from = performance.now();
  const before = await sandbox.usage();
  await runInGuest(sandbox.stream, `timeout ${LOAD_SECONDS} sh -c "while :; do :; done"`);
  const after = await sandbox.usage();
  const used = (after.cpuSeconds - before.cpuSeconds) / ((performance.now() - from) / 1000);
  return used / ((await control) / LOAD_SECONDS);
}

/** CPU seconds of a loop on the host; in a session of its own, as the kernel shares its time between sessions. */
async function hostLoop(): Promise<number> {
  const loop = `timeout ${LOAD_SECONDS} sh -c "while :; do :; done"; times`;
  const child = spawn('bash', ['-c', loop], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  const chunks: Buffer[] = await child.stdout.toArray();
  // The shell's own times, then those of its children.
  const [, children = ''] = Buffer.concat(chunks).toString().split('\n');
  const times = [...children.matchAll(/(\d+)m([\d.]+)s/g)];
  return times.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
}
