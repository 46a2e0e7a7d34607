// snapshot.json: what a snapshot was made from, written last into its folder by every driver's freeze.
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Image } from '../driver.ts';
import { cpuFeatures } from './cpu-features.ts';

const RECORD_FILE = 'snapshot.json';

export const SnapshotRecord = z.object({
  id: z.string(),
  driver: z.string(),
  /** A snapshot runs only with the version that made it. */
  driverVersion: z.string(),
  /** See cpu-features.ts. */
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
export async function writeSnapshotRecord(
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
