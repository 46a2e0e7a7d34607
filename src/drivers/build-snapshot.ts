// Builds the snapshot of the current recipe, whatever is chosen or demanded. For `seed snapshots build` and
// scripts/setup-sandbox-snapshot.ts.
import { SeedError } from '../protocol/errors.ts';
import { DRIVER_NAMES } from './select.ts';
import { setUp } from './set-up.ts';
import { getSnapshot } from './snapshot/store.ts';

export interface BuiltSnapshot {
  id: string;
  driver: string;
  sizeBytes: number;
  imageBytes: number;
}

/** @throws SeedError usage for an unknown driver, setup_failed, no_usable_driver */
export async function buildSnapshot(
  cacheDir: string,
  driverName: string | undefined,
  onProgress: (message: string) => void,
): Promise<BuiltSnapshot> {
  const driver = DRIVER_NAMES.find((name) => name === (driverName ?? 'auto'));
  if (driver === undefined) {
    throw new SeedError('usage', `there is no driver "${driverName}"`, {
      hint: `There are: ${DRIVER_NAMES.join(', ')}.`,
    });
  }
  const { snapshot, imageBytes } = await setUp({ cacheDir, driver, snapshotId: null, onProgress });
  const { sizeBytes } = await getSnapshot(cacheDir, snapshot.id);
  return { id: snapshot.id, driver: snapshot.driver, sizeBytes, imageBytes };
}
