// A snapshot's folder, made whole or not at all by a driver's freeze; what it was made from is in snapshot.json.
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ensureFolder } from '../../lib/cache-folders.ts';
import { contentHash } from '../../lib/content-hash.ts';
import type { Image } from '../driver.ts';

const RECORD_FILE = 'snapshot.json';

export const SnapshotRecord = z.object({
  id: z.string(),
  driver: z.string(),
  /** A snapshot runs only with the version that made it. */
  driverVersion: z.string(),
  /** See cpuFeatures. */
  cpu: z.string(),
  createdAt: z.iso.datetime(),
  image: z.object({
    id: z.string(),
    rootfs: z.string(),
    command: z.array(z.string()),
    inputs: z.record(z.string(), z.string()),
  }),
  /** Bytes of each file. */
  files: z.record(z.string(), z.number()),
});
export type SnapshotRecord = z.infer<typeof SnapshotRecord>;

/** @param folder holds all other files of the snapshot already */
async function writeSnapshotRecord(
  folder: string,
  snapshot: { id: string; driver: string; driverVersion: string; image: Image },
): Promise<void> {
  const { image, ...rest } = snapshot;
  const { id, rootfs, command, inputs = {} } = image;
  const record: SnapshotRecord = {
    ...rest,
    cpu: await cpuFeatures(),
    createdAt: new Date().toISOString(),
    image: { id, rootfs, command: [...command], inputs: { ...inputs } },
    files: await fileSizes(folder),
  };
  await writeFile(join(folder, RECORD_FILE), JSON.stringify(record, null, 1));
}

/** Null when the snapshot is not there, not whole, or its files are not what was written. */
export async function readSnapshotRecord(folder: string): Promise<SnapshotRecord | null> {
  const text = await readFile(join(folder, RECORD_FILE), 'utf8').catch(() => '');
  try {
    const record = SnapshotRecord.parse(JSON.parse(text));
    const sizes = await fileSizes(folder);
    return Object.entries(record.files).every(([name, size]) => sizes[name] === size) ? record : null;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return null;
    throw error;
  }
}

/** Of all files but the record itself. */
export async function fileSizes(folder: string): Promise<Record<string, number>> {
  const names = (await readdir(folder)).filter((name) => name !== RECORD_FILE).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, (await stat(join(folder, name))).size] as const)),
  );
}

/** What each driver's freeze is asked for. */
export interface FreezeRequest {
  /** Parent of all snapshots of the driver, and of the one sandbox at a time that is being frozen. */
  snapshotsFolder: string;
  image: Image;
  onProgress: (message: string) => void;
}

export interface SnapshotMaking extends FreezeRequest {
  /** A content hash. */
  id: string;
  /** The driver's name, and what its snapshots depend on. */
  driver: string;
  driverVersion: string;
  /** Freezes a sandbox into the folder; one at a time per parent. */
  fill: (folder: string) => Promise<void>;
}

/** The snapshot's folder; throws what `fill` throws, leaving nothing. */
export async function ensureSnapshot(making: SnapshotMaking): Promise<string> {
  const { snapshotsFolder, id, driver, driverVersion, image, onProgress, fill } = making;
  const dir = join(snapshotsFolder, id);
  const isComplete = async () => (await readSnapshotRecord(dir)) !== null;
  await ensureFolder(dir, isComplete, async (partial) => {
    onProgress('freezing a sandbox with the agent loaded');
    await fill(partial);
    await writeSnapshotRecord(partial, { id, driver, driverVersion, image });
  });
  return dir;
}

/** A hash over what the processor can do: a frozen sandbox may have chosen its machine code by it. */
export async function cpuFeatures(): Promise<string> {
  return contentHash(await cpuFlags());
}

/** The features of the first processor, as the kernel lists them. */
export async function cpuFlags(): Promise<string> {
  return /^(?:flags|Features)\s*:.*$/m.exec(await readFile('/proc/cpuinfo', 'utf8'))?.[0] ?? '';
}
