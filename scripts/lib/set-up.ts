// Set-up with its progress on the terminal; says nothing when there is nothing to do.
import { setUp } from '../../src/drivers/image/set-up.ts';
import { driverSetting } from '../../src/drivers/select.ts';
import { describeFailure } from '../../src/lib/process-life.ts';
import { cacheDirSetting, snapshotIdSetting } from '../../src/lib/settings.ts';
import { SeedError } from '../../src/protocol/errors.ts';

/** @throws SeedError setup_failed or no_usable_driver, saying what is missing and how to get it */
export async function setUpWithProgress(): Promise<void> {
  const onProgress = (message: string) => process.stderr.write(`· ${message}\n`);
  await setUp({
    cacheDir: cacheDirSetting(),
    driver: driverSetting(),
    snapshotId: snapshotIdSetting(),
    onProgress,
  });
}

/** For what is of use without sandboxes, too: says what is wrong and goes on. */
export async function trySetUp(): Promise<void> {
  try {
    await setUpWithProgress();
  } catch (error) {
    if (!(error instanceof SeedError)) throw error;
    process.stderr.write(`${describeFailure(error)}Going on without sandboxes: tasks will be refused.\n`);
  }
}
