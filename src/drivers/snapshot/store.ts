// The snapshots in the cache folder: listed, checked, chosen, removed. Used by set-up and by `seed snapshots`.
import { existsSync } from 'node:fs';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withFileLock } from '../../lib/file-lock.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Driver, Snapshot } from '../driver.ts';
import { cpuFeatures, fileSizes, readSnapshotRecord, type SnapshotRecord } from './record.ts';

const CHOICE_FILE = 'snapshot-in-use';
const SNAPSHOT_ID = /^[0-9a-f]{32}$/;

export interface StoredSnapshot {
  id: string;
  driver: string;
  dir: string;
  /** Null: damaged. */
  record: SnapshotRecord | null;
  sizeBytes: number;
}

/** Newest first. What a killed build left is not among them. @public loaded by address */
export async function listSnapshots(cacheDir: string): Promise<StoredSnapshot[]> {
  const drivers = await readdir(cacheDir).catch(() => []);
  const found = drivers.map(async (driver) => {
    const parent = join(cacheDir, driver, 'snapshots');
    const ids = (await readdir(parent).catch(() => [])).filter((name) => SNAPSHOT_ID.test(name));
    return Promise.all(ids.map((id) => readSnapshot(join(parent, id), id, driver)));
  });
  const createdAt = ({ record }: StoredSnapshot) => record?.createdAt ?? '';
  return (await Promise.all(found)).flat().sort((one, other) => createdAt(other).localeCompare(createdAt(one)));
}

async function readSnapshot(dir: string, id: string, driver: string): Promise<StoredSnapshot> {
  const sizes = await fileSizes(dir);
  const sizeBytes = Object.values(sizes).reduce((sum, size) => sum + size, 0);
  const record = await readSnapshotRecord(dir);
  return { id, driver: record?.driver ?? driver, dir, sizeBytes, record };
}

/** @throws SeedError not_found */
export async function getSnapshot(cacheDir: string, id: string): Promise<StoredSnapshot> {
  const found = (await listSnapshots(cacheDir)).find((snapshot) => snapshot.id === id);
  if (found) return found;
  throw new SeedError('not_found', `There is no snapshot ${id} under ${cacheDir}.`, {
    hint: 'seed snapshots list shows what there is; seed snapshots build makes one.',
  });
}

/** Why the snapshot cannot be used by the driver on this machine; null when it can. */
async function whyUnfit({ driver, record }: StoredSnapshot, by: Driver): Promise<string | null> {
  if (record === null) return 'it is damaged: its files are not what was written';
  if (driver !== by.name) return `it was made by the driver ${driver}, and this machine uses ${by.name}`;
  const version = await by.version?.();
  if (version !== undefined && version !== record.driverVersion) {
    return `it was made by ${driver} "${record.driverVersion}", and here is "${version}"`;
  }
  if ((await cpuFeatures()) !== record.cpu) return 'it was made on a processor with other features';
  if (!existsSync(record.image.rootfs)) return `its root file system is gone: ${record.image.rootfs}`;
  return null;
}

/** The snapshot as a driver starts it. @throws SeedError setup_failed when it does not fit */
export async function usableSnapshot(cacheDir: string, id: string, driver: Driver): Promise<Snapshot> {
  const stored = await getSnapshot(cacheDir, id);
  const why = await whyUnfit(stored, driver);
  if (why === null && stored.record !== null) {
    const { image } = stored.record;
    return { id, driver: driver.name, dir: stored.dir, image };
  }
  throw new SeedError('setup_failed', `The snapshot ${id} cannot be used: ${why}.`, {
    hint: 'seed snapshots build makes one for this machine.',
  });
}

/** The snapshot chosen with `seed snapshots use`; null without a choice. */
export async function chosenSnapshot(cacheDir: string): Promise<string | null> {
  const id = (await readFile(join(cacheDir, CHOICE_FILE), 'utf8').catch(() => '')).trim();
  return SNAPSHOT_ID.test(id) ? id : null;
}

/** Null takes the choice back. */
export async function chooseSnapshot(cacheDir: string, id: string | null): Promise<void> {
  const file = join(cacheDir, CHOICE_FILE);
  if (id === null) return rm(file, { force: true });
  await writeFile(`${file}.new`, `${id}\n`);
  await rename(`${file}.new`, file);
}

/** @public loaded by address. @throws SeedError conflict when it is in use, not_found */
export async function removeSnapshot(cacheDir: string, id: string, usedIds: readonly string[]): Promise<void> {
  const { dir } = await getSnapshot(cacheDir, id);
  if (usedIds.includes(id)) {
    throw new SeedError('conflict', `The snapshot ${id} is in use.`, {
      hint: 'Choose another first: seed snapshots use <id>, or unset SANDBOX_SNAPSHOT_ID.',
    });
  }
  await withFileLock(join(dir, '..', 'lock'), async () => {
    // Out of sight first: who looks meanwhile finds all of it or nothing.
    const gone = join(dir, '..', `.partial-${id}-removed`);
    await rename(dir, gone);
    await rm(gone, { recursive: true, force: true });
  });
}
