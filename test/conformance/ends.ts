// All the ways in which a sandbox ends, and that none of them leaves anything.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { patient } from '../../src/drivers/patience.ts';
import { SeedError } from '../../src/protocol/errors.ts';
import { runInGuest } from '../fixtures/echo-guest.ts';
import { sandboxLimits } from '../fixtures/sandbox-limits.ts';
import { expectNothingLeft, LATE_MS, LIFE_MS, type Suite } from './suite-parts.ts';

export function testEnds(suite: Suite): void {
  const { driver, snapshot, start, folder, processes, traits } = suite;
  const { lateMs = LATE_MS, remote } = traits;

  test('tells exit codes and leaves nothing', async () => {
    for (const code of [0, 1, 7]) {
      const sandbox = await start(`exit-${code}`);
      sandbox.stream.write(`exit ${code}\n`);
      expect(await sandbox.exited).toMatchObject({ reason: 'exited', code });
      await expectNothingLeft(suite, sandbox.id);
    }
  });

  test('delivers all that its guest wrote before it ended', async () => {
    const sandbox = await start('last-words');
    const block = randomBytes(3 * 2 ** 20);
    sandbox.stream.write(`end ${block.length}\n`);
    sandbox.stream.write(block);
    const received: Buffer[] = await sandbox.stream.toArray();
    expect(Buffer.concat(received).equals(block)).toBe(true);
    expect(await sandbox.exited).toMatchObject({ reason: 'exited', code: 5 });
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
    expect((await suite.running('kill')).length).toBeGreaterThan(remote ? 0 : 1);
    const begin = performance.now();
    await Promise.all([sandbox.kill(), sandbox.kill()]);
    // Of one elsewhere it takes a while until its end is confirmed.
    expect(performance.now() - begin).toBeLessThan(patient(remote ? lateMs : 1000));
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
    // A fake Firecracker is four programs, which take a busy machine a second or two to start.
    const lifeMs = traits.choice === 'firecracker' ? 5000 : 3000;
    const begin = Date.now();
    const sandbox = await start('deadline', lifeMs);
    expect(await sandbox.exited).toEqual({ reason: 'deadline' });
    expect(Date.now() - begin).toBeGreaterThanOrEqual(patient(lifeMs));
    expect(Date.now() - begin).toBeLessThan(patient(lifeMs + lateMs));
    await expectNothingLeft(suite, 'deadline');
  });

  /** Starts a sandbox from another process, kills that with -9, and gives the sandbox's deadline, Unix time. */
  async function leftBehind(id: string, lifeMs: number, line?: string): Promise<number> {
    const parent = spawn(process.execPath, suite.starter(id, patient(lifeMs), line), {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const died = once(parent, 'exit').then(([code]) => {
      throw new Error(`what was to start ${id} has ended with ${code}`);
    });
    died.catch(() => undefined);
    const [said] = (await Promise.race([once(parent.stdout, 'data'), died])) as [Buffer];
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    return Number(said.toString());
  }

  test('dies at its deadline although its parent was killed with -9', async () => {
    const deadline = await leftBehind('orphan', 6000);
    await sleep(deadline - 500 - Date.now());
    expect((await suite.running('orphan')).length).toBeGreaterThan(remote ? 0 : 1);
    await sleep(deadline + patient(lateMs) - Date.now());
    expect(await suite.running('orphan')).toEqual([]);
    expect(await driver.sweep('nobody')).toEqual(traits.forgetsEnded ? [] : ['orphan']);
    await expectNothingLeft(suite, 'orphan');
  });

  test('ends at once when its guest has, although its parent was killed with -9', async () => {
    const { endGuest } = remote ?? {};
    await leftBehind('finished', LIFE_MS, endGuest ? 'clock' : 'leave');
    await endGuest?.('finished');
    await vi.waitFor(async () => expect(await suite.running('finished')).toEqual([]), {
      timeout: patient(4000),
      interval: 50,
    });
    expect(await driver.sweep('nobody')).toEqual(traits.forgetsEnded ? [] : ['finished']);
  });

  test('is lost when its processes are killed by someone else', async () => {
    const here = traits.vitalPrograms.map((program) => async (id: string) => {
      const [victim] = await processes(id, program);
      process.kill(victim ?? Number.NaN, 'SIGKILL');
    });
    const killings = remote ? [remote.killProcesses] : here;
    expect(killings.length).toBeGreaterThan(0);
    for (const [index, killProcesses] of killings.entries()) {
      const sandbox = await start(`lost-${index}`);
      await runInGuest(sandbox.stream, 'true');
      await killProcesses(sandbox.id);
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
    if (remote) {
      expect(await driver.sweep('somebody-else')).toEqual([]);
      expect(await driver.sweep('nobody')).toEqual(['swept']);
      return expectNothingLeft(suite, 'swept');
    }
    await mkdir(folder('never-started'));
    const bystander = spawn('sh', ['-c', 'sleep 60', folder('swept')], { stdio: 'ignore' });
    expect((await driver.sweep('nobody')).sort()).toEqual(['never-started', 'swept']);
    expect((await sandbox.exited).reason).toBe('lost');
    await expectNothingLeft(suite, 'swept');
    expect(bystander.exitCode ?? bystander.signalCode).toBeNull();
    bystander.kill();
  });
}
