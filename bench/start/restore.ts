// What a driver alone takes to start a sandbox from the snapshot, until its guest answers: a part of a cold start.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { driverSetting } from '../../src/drivers/set-up/select.ts';
import { setUp } from '../../src/drivers/set-up/set-up.ts';
import { cacheDirSetting, snapshotIdSetting } from '../../src/lib/settings.ts';
import { POOLED_LIMITS } from '../../src/runner/lease.ts';
import { startWaiting } from '../../src/runner/waiting-sandbox.ts';

const DEADLINE_MS = 60_000;

export interface Restores {
  /** Name and version of the driver. */
  driver: string;
  /** Milliseconds until the guest answers, of one after the other. */
  times: number[];
  /** Processor seconds of each, until it was killed. */
  cpuSeconds: number[];
}

export async function measureRestore(runs: number): Promise<Restores> {
  const dataDir = await mkdtemp(join(tmpdir(), 'seed-bench-'));
  try {
    const { driver, snapshot } = await setUp({
      cacheDir: cacheDirSetting(),
      dataDir,
      driver: driverSetting(),
      snapshotId: snapshotIdSetting(),
      onProgress: () => {},
    });
    const times: number[] = [];
    const cpuSeconds: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      const startedAt = performance.now();
      const deadline = performance.now() + DEADLINE_MS;
      const { id } = await startWaiting(driver, snapshot, { ...POOLED_LIMITS, deadline });
      times.push(performance.now() - startedAt);
      await driver.kill(id);
      cpuSeconds.push((await driver.usage(id)).cpuSeconds);
    }
    return { driver: [driver.name, await driver.version?.()].join(' ').trim(), times, cpuSeconds };
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}
