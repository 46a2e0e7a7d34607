// A sandbox at work: its stream, what it used, many at once.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import type { Sandbox } from '../../src/drivers/driver.ts';
import { runInGuest } from '../fixtures/echo-guest.ts';
import type { Suite } from './suite-parts.ts';

const MIB = 1024 * 1024;
/** A busy host lets a loop run for less than the time it takes. */
const LOAD_ATTEMPTS = 4;

export function testRunning(suite: Suite): void {
  const { driver, snapshot, start, traits } = suite;

  test(`carries ${traits.streamMegabytes} MB both ways unharmed`, async () => {
    const { stream } = await start('stream');
    const block = randomBytes(MIB);
    const sent = createHash('sha256');
    const received = createHash('sha256');
    stream.write('echo\n');
    const sending = (async () => {
      for (let count = 0; count < traits.streamMegabytes; count += 1) {
        sent.update(block);
        if (!stream.write(block)) await once(stream, 'drain');
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

  test('measures what it used', async () => {
    const sandbox = await start('usage');
    await runInGuest(sandbox.stream, 'true');
    let ratio = 0;
    for (let attempt = 0; attempt < LOAD_ATTEMPTS && Math.abs(ratio - 1) > 0.1; attempt += 1) {
      ratio = await busyRatio(sandbox);
    }
    expect(ratio).toBeGreaterThan(0.9);
    expect(ratio).toBeLessThan(1.1);
    const before = await sandbox.usage();
    await runInGuest(sandbox.stream, 'python3 -c "bytearray(200 * 2**20)"');
    const { cpuSeconds, peakMemoryBytes } = await sandbox.usage();
    expect(peakMemoryBytes - before.peakMemoryBytes).toBeGreaterThan(100 * MIB);
    await sandbox.kill();
    expect((await sandbox.usage()).cpuSeconds).toBeGreaterThanOrEqual(cpuSeconds);
  });

  test(`${traits.parallel} at once`, async () => {
    const all = await Promise.all(
      Array.from({ length: traits.parallel }, (_, index) => start(`many-${index}`, 120_000)),
    );
    const outputs = await Promise.all(all.map(({ id, stream }) => runInGuest(stream, `echo ${id}`)));
    expect(outputs.map(({ output }) => output.trim())).toEqual(all.map(({ id }) => id));
    await Promise.all(all.map((sandbox) => sandbox.kill()));
    expect(await readdir(dirname(suite.folder('any')))).toEqual([]);
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
}

/** CPU time that a loop is said to have used, for each second that it ran. */
async function busyRatio(sandbox: Sandbox): Promise<number> {
  const from = performance.now();
  const before = await sandbox.usage();
  await runInGuest(sandbox.stream, 'timeout 3 sh -c "while :; do :; done"');
  const after = await sandbox.usage();
  return (after.cpuSeconds - before.cpuSeconds) / ((performance.now() - from) / 1000);
}
