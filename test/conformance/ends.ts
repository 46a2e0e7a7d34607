// All the ways in which a sandbox ends, and that none of them leaves anything.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { sandboxProcesses } from '../../src/drivers/process/sandbox-folder.ts';
import { findByCommandLine } from '../../src/lib/host-processes.ts';
import { SeedError } from '../../src/protocol/errors.ts';
import { runInGuest } from '../fixtures/echo-guest.ts';
import { sandboxLimits } from '../fixtures/sandbox-limits.ts';
import { expectNothingLeft, type Suite } from './suite-parts.ts';

export function testEnds(suite: Suite): void {
  const { driver, snapshot, start, folder, traits } = suite;

  test('tells exit codes and leaves nothing', async () => {
    for (const code of [0, 1, 7]) {
      const sandbox = await start(`exit-${code}`);
      sandbox.stream.write(`exit ${code}\n`);
      expect(await sandbox.exited).toMatchObject({ reason: 'exited', code });
      await expectNothingLeft(suite, sandbox.id);
    }
  });

  test('tells what a guest that failed has said', async () => {
    const sandbox = await start('failed');
    sandbox.stream.write('fail no more luck\n');
    expect(await sandbox.exited).toMatchObject({
      reason: 'exited',
      code: 1,
      detail: expect.stringContaining('Error: no more luck'),
    });
    await expectNothingLeft(suite, sandbox.id);
  });

  test('kill ends it within a second, twice is fine, and leaves nothing', async () => {
    const sandbox = await start('kill');
    await runInGuest(sandbox.stream, '(sleep 1000 & setsid sleep 1000 &) >/dev/null 2>&1');
    expect((await sandboxProcesses(folder('kill'))).length).toBeGreaterThan(1);
    const begin = performance.now();
    await Promise.all([sandbox.kill(), sandbox.kill()]);
    expect(performance.now() - begin).toBeLessThan(1000);
    expect(await sandbox.exited).toEqual({ reason: 'killed' });
    await expectNothingLeft(suite, 'kill');
    await sandbox.kill();
  });

  test('kill right after start', async () => {
    const sandbox = await start('early');
    await sandbox.kill();
    expect(await sandbox.exited).toEqual({ reason: 'killed' });
    await expectNothingLeft(suite, 'early');
  });

  test('dies at its deadline', async () => {
    const lifeMs = 3000;
    const begin = Date.now();
    const sandbox = await start('deadline', lifeMs);
    expect(await sandbox.exited).toEqual({ reason: 'deadline' });
    expect(Date.now() - begin).toBeGreaterThanOrEqual(lifeMs);
    expect(Date.now() - begin).toBeLessThan(lifeMs + 1000);
    await expectNothingLeft(suite, 'deadline');
  });

  test('dies at its deadline although its parent was killed with -9', async () => {
    const parent = spawn(process.execPath, suite.starter('orphan', 6000), {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const deadline = Number(line.toString());
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    await sleep(deadline - 500 - Date.now());
    expect((await sandboxProcesses(folder('orphan'))).length).toBeGreaterThan(1);
    await sleep(deadline + 1000 - Date.now());
    expect(await sandboxProcesses(folder('orphan'))).toEqual([]);
    expect(await driver.sweep('nobody')).toEqual(['orphan']);
    expect(existsSync(folder('orphan'))).toBe(false);
  });

  test('is lost when its processes are killed by someone else', async () => {
    for (const [index, program] of traits.vitalPrograms.entries()) {
      const sandbox = await start(`lost-${index}`);
      await runInGuest(sandbox.stream, 'true');
      const [victim] = await findByCommandLine((args) => args[0] === program && args.join().includes(sandbox.id));
      process.kill(victim ?? Number.NaN, 'SIGKILL');
      expect((await sandbox.exited).reason).toBe('lost');
      await expectNothingLeft(suite, sandbox.id);
    }
  });

  test('refuses an id that is taken or could leave the folder', async () => {
    await start('taken');
    await expect(driver.start(snapshot, sandboxLimits(1000), 'taken')).rejects.toThrow(SeedError);
    await expect(driver.start(snapshot, sandboxLimits(1000), '../x')).rejects.toThrow(SeedError);
  });

  test('sweep ends what it finds, and no one else', async () => {
    const sandbox = await start('swept');
    await runInGuest(sandbox.stream, 'true');
    await mkdir(folder('never-started'));
    const bystander = spawn('sh', ['-c', 'sleep 60', folder('swept')], { stdio: 'ignore' });
    expect((await driver.sweep('nobody')).sort()).toEqual(['never-started', 'swept']);
    expect((await sandbox.exited).reason).toBe('lost');
    await expectNothingLeft(suite, 'swept');
    expect(bystander.exitCode ?? bystander.signalCode).toBeNull();
    bystander.kill();
  });
}
