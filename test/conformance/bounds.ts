// What a sandbox may use, and what becomes of it when it wants more.
import { expect, test } from 'vitest';
import { runInGuest } from '../fixtures/echo-guest.ts';
import { expectNothingLeft, LIFE_MS, lines, type Suite, type Traits } from './suite-parts.ts';

const MIB = 1024 * 1024;

export function testBounds({ traits, ...rest }: Suite): void {
  const suite = { traits, ...rest };
  const { start } = suite;

  /** A test of a limit that not every technology enforces by itself. */
  function testLimit(limit: Traits['enforces'][number], name: string, run: () => Promise<void>): void {
    const enforced = traits.enforces.includes(limit);
    if (!enforced) console.warn(`SKIPPED ${traits.choice}: ${name}: it does not enforce ${limit}`);
    test.skipIf(!enforced)(name, run);
  }

  test('a full disk is an error of the command that filled it', async () => {
    const { stream } = await start('disk');
    const { output, code } = await runInGuest(stream, 'head -c 400M /dev/zero >/workspace/big');
    expect(output).toContain('No space left on device');
    expect(code).toBe(1);
    expect(
      await lines(stream, 'rm /workspace/big && echo room >/workspace/small && cat /workspace/small'),
    ).toEqual(['room']);
    // Under gVisor the guest program bounds the disk (guest/disk.ts), and this one is not Seed's.
    if (traits.choice === 'gvisor') return;
    const small = await start('small', LIFE_MS, { diskBytes: 64 * MIB });
    const refused = await runInGuest(small.stream, 'head -c 41M /dev/zero >/workspace/big');
    expect(refused.output).toContain('No space left on device');
    expect((await runInGuest(small.stream, 'head -c 30M /dev/zero >/workspace/big')).code).toBe(0);
  });

  testLimit('memoryBytes', 'out of memory is told apart from other ends', async () => {
    const sandbox = await start('memory', LIFE_MS, { memoryBytes: 256 * MIB });
    const fits = await runInGuest(sandbox.stream, 'python3 -c "bytearray(64 * 2**20)"');
    expect(fits).toEqual({ output: '', code: 0 });
    if (traits.memoryKills === 'program') {
      const { output } = await runInGuest(sandbox.stream, 'python3 -c "bytearray(512 * 2**20)"; echo $?');
      expect(output).toContain('137');
      sandbox.stream.write(`hold ${512 * MIB}\n`);
    } else sandbox.stream.write('run python3 -c "bytearray(512 * 2**20)"\n');
    expect(await sandbox.exited).toEqual({ reason: 'out_of_memory' });
    await expectNothingLeft(suite, 'memory');
  });

  testLimit('processes', 'a fork bomb stays within the limit of processes', async () => {
    const { stream } = await start('processes', LIFE_MS, { processes: 64 });
    // The command is over when the last of its processes has closed its output.
    const bomb = 'i=0; while [ $i -lt 200 ]; do sleep 6 & i=$((i+1)); done; echo all';
    const { output } = await runInGuest(stream, `sh -c '${bomb}' 2>&1`);
    expect(output).toContain('Cannot fork');
    expect(output).not.toContain('all');
    expect(await lines(stream, 'echo alive')).toEqual(['alive']);
  });

  testLimit('vcpus', 'a busy loop gets no more than its processors', async () => {
    const sandbox = await start('vcpus', LIFE_MS, { vcpus: 0.5 });
    await runInGuest(sandbox.stream, 'true');
    const from = performance.now();
    const before = await sandbox.usage();
    await runInGuest(sandbox.stream, 'timeout 4 sh -c "while :; do :; done"');
    const after = await sandbox.usage();
    const ratio = (after.cpuSeconds - before.cpuSeconds) / ((performance.now() - from) / 1000);
    expect(ratio).toBeLessThan(0.7);
  });
}
