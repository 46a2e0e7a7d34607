// The folder of a snapshot: made once, whole or not at all, whoever else makes the same. Used by each driver's freeze.
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, removePartialFolders } from '../../lib/atomic-folder.ts';
import { withFileLock } from '../../lib/file-lock.ts';
import { markUsed, removeUnused } from '../../lib/remove-unused.ts';
import type { Image } from '../driver.ts';
import { readSnapshotRecord, writeSnapshotRecord } from './record.ts';

export interface SnapshotMaking {
  /** Parent of all snapshots of one driver. */
  snapshotsFolder: string;
  /** A content hash. */
  id: string;
  /** The driver's name, and what its snapshots depend on. */
  driver: string;
  driverVersion: string;
  image: Image;
  onProgress: (message: string) => void;
  /** Freezes a sandbox into the folder; one at a time per parent. */
  fill: (folder: string) => Promise<void>;
}

/** The snapshot's folder; throws what `fill` throws, leaving nothing. */
export async function ensureSnapshot(making: SnapshotMaking): Promise<string> {
  const { snapshotsFolder, id, driver, driverVersion, image, onProgress, fill } = making;
  const dir = join(snapshotsFolder, id);
  const isComplete = async () => (await readSnapshotRecord(dir)) !== null;
  if (!(await isComplete())) {
    await mkdir(snapshotsFolder, { recursive: true });
    await withFileLock(join(snapshotsFolder, 'lock'), async () => {
      if (await isComplete()) return;
      onProgress('freezing a sandbox with the agent loaded');
      await removePartialFolders(snapshotsFolder);
      // What is there is damaged.
      await rm(dir, { recursive: true, force: true });
      await makeFolder(dir, async (partial) => {
        await fill(partial);
        await writeSnapshotRecord(partial, { id, driver, driverVersion, image });
      });
      await removeUnused(snapshotsFolder);
    });
  }
  await markUsed(dir);
  return dir;
}
