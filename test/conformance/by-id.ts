// Sandboxes go by their ids: what a driver answers of one that it has started, of one that another process has
// started and left behind, and of one that it has never heard of. Runs for every driver, pretended ones too.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import type { Driver, Snapshot } from '../../src/drivers/driver.ts';
import { patient } from '../../src/drivers/patience.ts';
import { askClock } from '../fixtures/echo-guest.ts';
import { sandboxLimits } from '../fixtures/sandbox-limits.ts';
import type { Traits } from './suite-parts.ts';

const LIFE_MS = 60_000;

export interface ByIdSuite {
  driver: Driver;
  snapshot: Snapshot;
  /** A program that starts a sandbox of this id, says so in a line of output and waits, and its arguments. */
  starter(id: string, lifeMs: number): string[];
  traits?: Pick<Traits, 'lateMs'>;
}

export function testById({ driver, snapshot, starter, traits }: ByIdSuite): void {
  const { can } = driver;

  async function started(id: string, lifeMs = LIFE_MS): Promise<AsyncDisposable> {
    await driver.start(snapshot, sandboxLimits(patient(lifeMs)), id);
    return { [Symbol.asyncDispose]: async () => void (await driver.kill(id)) };
  }

  /** Starts a sandbox from another process, which is killed with -9 as soon as it runs. */
  async function leftBehind(id: string, lifeMs = LIFE_MS): Promise<void> {
    const parent = spawn(process.execPath, starter(id, patient(lifeMs)), { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(parent.stdout, 'data');
    parent.kill('SIGKILL');
    await once(parent, 'exit');
  }

  test('tells by its id what a sandbox does, and how it ended', async () => {
    await using _sandbox = await started('known');
    expect(await driver.status('known')).toBe('running');
    const stream = await driver.connect('known');
    expect((await askClock(stream)).guest).toBeGreaterThan(0);
    const { cpuSeconds, problem } = await driver.usage('known');
    expect(problem).toBeNull();
    const killed = { reason: 'killed' };
    expect(await driver.kill('known')).toEqual(killed);
    expect(await driver.kill('known')).toEqual(killed);
    expect(await driver.status('known')).toEqual(killed);
    expect(await driver.ended('known')).toEqual(killed);
    expect((await driver.usage('known')).cpuSeconds).toBeGreaterThanOrEqual(cpuSeconds);
    await expect(driver.connect('known')).rejects.toMatchObject({ code: 'sandbox_failed' });
  });

  test('an id that is unknown is told as ended', async () => {
    for (const id of ['never-heard-of', '../outside']) {
      expect(await driver.status(id)).toMatchObject({ reason: 'lost' });
      expect(await driver.ended(id)).toMatchObject({ reason: 'lost' });
      expect(await driver.kill(id)).toMatchObject({ reason: 'lost' });
      expect((await driver.usage(id)).problem).not.toBeNull();
      await expect(driver.connect(id)).rejects.toMatchObject({ code: 'sandbox_failed' });
    }
  });

  test('a stream that broke is opened again where the driver can, and else it says so', async () => {
    await using _sandbox = await started('cut');
    const first = await driver.connect('cut');
    expect((await askClock(first)).guest).toBeGreaterThan(0);
    if (can.reconnect) {
      first.destroy();
      expect(await driver.status('cut')).toBe('running');
      expect((await askClock(await driver.connect('cut'))).guest).toBeGreaterThan(0);
    } else {
      await expect(driver.connect('cut')).rejects.toMatchObject({ code: 'not_supported' });
      expect(await driver.status('cut')).toBe('running');
    }
  });

  test('a sandbox outlives the process that started it, and can be asked and killed from another', async () => {
    await leftBehind('orphan-asked');
    expect(await driver.status('orphan-asked')).toBe('running');
    expect(await driver.usage('orphan-asked')).toMatchObject({ problem: null });
    if (can.reconnect) {
      expect((await askClock(await driver.connect('orphan-asked'))).guest).toBeGreaterThan(0);
    } else {
      await expect(driver.connect('orphan-asked')).rejects.toMatchObject({ code: 'not_supported' });
    }
    expect(await driver.kill('orphan-asked')).toEqual({ reason: 'killed' });
    expect(await driver.status('orphan-asked')).toEqual({ reason: 'killed' });
  });

  test('a sandbox that was left behind dies at the earlier deadline that another process gave it', async () => {
    await leftBehind('orphan-tightened');
    const begin = performance.now();
    await driver.tighten('orphan-tightened', begin + 1000);
    const { reason } = await driver.ended('orphan-tightened');
    expect(['deadline', 'lost']).toContain(reason);
    expect(performance.now() - begin).toBeGreaterThanOrEqual(950);
    expect(performance.now() - begin).toBeLessThan(patient(5000));
    expect(typeof (await driver.status('orphan-tightened'))).toBe('object');
  });

  test('dies at the deadline that it is told later', async () => {
    await using _sandbox = await started('tightened');
    await driver.guard('tightened');
    const begin = performance.now();
    // The second is told before the first is over, however long it takes to tell one.
    await driver.tighten('tightened', begin + patient(1000));
    await driver.tighten('tightened', begin + patient(50_000));
    expect(await driver.ended('tightened')).toEqual({ reason: 'deadline' });
    expect(performance.now() - begin).toBeGreaterThanOrEqual(patient(1000) - 50);
    expect(performance.now() - begin).toBeLessThan(patient(1000 + (traits?.lateMs ?? 2000)));
  });

  test('pauses where it can, and else it says so', async () => {
    await using _sandbox = await started('paused');
    const stream = await driver.connect('paused');
    await askClock(stream);
    if (!can.pause) return expect(driver.pause('paused')).rejects.toMatchObject({ code: 'not_supported' });
    await driver.pause('paused');
    expect(await driver.status('paused')).toBe('paused');
    await driver.resume('paused');
    expect(await driver.status('paused')).toBe('running');
    expect((await askClock(stream)).guest).toBeGreaterThan(0);
  });
}
