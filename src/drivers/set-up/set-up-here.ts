// Prepares this machine for sandboxes as the environment's settings say. Called where Seed is started on a
// terminal.
import { describeFailure } from '../../lib/process-life.ts';
import { cacheDirSetting, snapshotIdSetting } from '../../lib/settings.ts';
import { SeedError } from '../../protocol/errors.ts';
import { driverSetting } from './select.ts';
import { setUp } from './set-up.ts';

/** Where its lines go. */
export const onProgress = (message: string) => process.stderr.write(`· ${message}\n`);

/** @throws SeedError setup_failed or no_usable_driver, saying what is missing and how to get it */
export async function setUpHere(): Promise<void> {
  await setUp({
    cacheDir: cacheDirSetting(),
    driver: driverSetting(),
    snapshotId: snapshotIdSetting(),
    onProgress,
  });
}

/** For what is of use without sandboxes, too: says what is wrong and goes on. */
export const trySetUpHere = () => goOnWithout(setUpHere, 'without sandboxes: tasks will be refused');

/** @param how to go on without what the step would have made */
export async function goOnWithout(step: () => Promise<void>, how: string): Promise<void> {
  try {
    await step();
  } catch (error) {
    if (!(error instanceof SeedError)) throw error;
    process.stderr.write(`${describeFailure(error)}Going on ${how}.\n`);
  }
}
