// Set-up with its progress on the terminal; says nothing when there is nothing to do.

import { driverSetting } from '../../src/drivers/set-up/select.ts';
import { setUp } from '../../src/drivers/set-up/set-up.ts';
import { describeFailure } from '../../src/lib/process-life.ts';
import { cacheDirSetting, snapshotIdSetting } from '../../src/lib/settings.ts';
import { SeedError } from '../../src/protocol/errors.ts';
import { buildWeb } from './build-web.ts';

/** Where set-up's lines go. */
export const onProgress = (message: string) => process.stderr.write(`· ${message}\n`);

/** @throws SeedError setup_failed or no_usable_driver, saying what is missing and how to get it */
export async function setUpWithProgress(): Promise<void> {
  await buildWeb(onProgress);
  await setUpSandboxes();
}

/** For what is of use without dashboard and sandboxes, too: says what is wrong and goes on. */
export async function trySetUp(): Promise<void> {
  await goOn(() => buildWeb(onProgress), 'without the dashboard as it is now');
  await goOn(setUpSandboxes, 'without sandboxes: tasks will be refused');
}

async function setUpSandboxes(): Promise<void> {
  await setUp({
    cacheDir: cacheDirSetting(),
    driver: driverSetting(),
    snapshotId: snapshotIdSetting(),
    onProgress,
  });
}

async function goOn(step: () => Promise<void>, how: string): Promise<void> {
  try {
    await step();
  } catch (error) {
    if (!(error instanceof SeedError)) throw error;
    process.stderr.write(`${describeFailure(error)}Going on ${how}.\n`);
  }
}
