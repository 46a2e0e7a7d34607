// Makes this machine ready to start sandboxes: image, driver, snapshot. Called before anything starts and by each
// runner; what is there already is kept, so that only the first call takes long.
import { randomUUID } from 'node:crypto';
import { bundleGuest } from '../../guest/bundle.ts';
import { markUsed } from '../../lib/cache-folders.ts';
import { diskUsageBytes, megabytes } from '../../lib/disk-space.ts';
import { env } from '../../lib/env.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Driver, Snapshot } from '../driver.ts';
import { problemOfRunsc } from '../gvisor/probe.ts';
import { runSetup } from '../gvisor/run-setup.ts';
import { chooseRunsc } from '../gvisor/sources.ts';
import { cameWithSeed } from '../image/baked.ts';
import { buildImage } from '../image/build-image.ts';
import { chooseSnapshot, chosenSnapshot, getSnapshot, usableSnapshot } from '../snapshot/store.ts';
import { makeVercelSnapshot } from '../vercel/make-snapshot.ts';
import { ensureQemuTools } from '../vm/tools.ts';
import {
  DRIVER_NAMES,
  type DriverChoice,
  type DriverContext,
  type DriverProbe,
  isRemote,
  NoUsableDriverError,
  type Selection,
  selectDriver,
} from './select.ts';

export interface SetUpOptions {
  /** Holds images, tools and snapshots; several Seeds may share it. */
  cacheDir: string;
  /** Holds the sandboxes of the driver that is returned; one runner's own. Default: `cacheDir`. */
  dataDir?: string;
  driver?: DriverChoice;
  /** The runner whose sandboxes they are to be. Default: one that nobody else has heard of. */
  owner?: string;
  /** The only one to use; null: the current image's. Default: that of `seed snapshots use`, else the current. */
  snapshotId?: string | null | undefined;
  /** The program that runs in sandboxes. Default: the guest of this source tree. */
  guestBundle?: Uint8Array;
  /** A line for people before each slow step and after it, and what they should know of the driver. */
  onProgress: (message: string) => void;
}

export interface SetUp {
  driver: Driver;
  snapshot: Snapshot;
  probes: readonly DriverProbe[];
  imageBytes: number;
  snapshotBytes: number;
}

/** Throws SeedError: `setup_failed` when the image cannot be built, `no_usable_driver` when none works here. */
export async function setUp(options: SetUpOptions): Promise<SetUp> {
  const { cacheDir, dataDir = cacheDir, owner = randomUUID(), onProgress } = options;
  if (isRemote(options.driver)) return setUpRemote({ ...options, driver: options.driver, owner });
  let steps = 0;
  const onStep = (message: string) => {
    steps += 1;
    onProgress(message);
  };
  const guestBundle = options.guestBundle ?? (await bundleGuest());
  const { image, sizeBytes, runscPath } = await imageIn(cacheDir, guestBundle, onStep);
  if (steps > 0) onProgress(`image built: ${megabytes(sizeBytes)}`);
  const setting = env('SEED_RUNSC');
  const runsc = await chooseRunsc({
    cacheDir,
    setting,
    packaged: runscPath,
    problemOf: problemOfRunsc,
    onProgress,
  });
  const context = { cacheDir, dataDir, runscPath: runsc, owner };
  const { driver, probes } = await chooseDriver(context, options.driver ?? 'auto', onStep);
  for (const { driver: name, warning } of probes) if (name === driver.name && warning) onProgress(warning);
  steps = 0;
  const pinned = await pinnedSnapshot(cacheDir, driver, options.snapshotId, onProgress);
  const snapshot = pinned ?? (await driver.freeze(image, onStep));
  const snapshotBytes = await diskUsageBytes(snapshot.dir);
  if (steps > 0) onProgress(`snapshot made for ${driver.name}: ${megabytes(snapshotBytes)}`);
  return { driver, snapshot, probes, imageBytes: sizeBytes, snapshotBytes };
}

/** Whatever a remote driver's sandboxes start from was made elsewhere: its settings name it. */
async function setUpRemote(
  options: SetUpOptions & Required<Pick<SetUpOptions, 'driver' | 'owner'>>,
): Promise<SetUp> {
  const { cacheDir, dataDir = cacheDir, driver: choice, owner, snapshotId, onProgress } = options;
  const { driver, probes } = await selectDriver({ cacheDir, dataDir, runscPath: '', owner }, choice);
  if (!driver) throw new NoUsableDriverError(probes);
  for (const { warning } of probes) if (warning) onProgress(warning);
  const snapshot = await driver.freeze({ id: '', rootfs: '', command: [] }, onProgress);
  if (snapshotId && snapshotId !== snapshot.id) {
    throw new SeedError('setup_failed', `The snapshot ${snapshotId} is not what ${choice} starts from.`, {
      hint: `It starts from ${snapshot.image.id}: unset SANDBOX_SNAPSHOT_ID.`,
    });
  }
  return { driver, snapshot, probes, imageBytes: 0, snapshotBytes: 0 };
}

/** What the file system refuses is said in words, too: a full disk, a folder that cannot be written. */
async function imageIn(cacheDir: string, guestBundle: Uint8Array, onProgress: (message: string) => void) {
  try {
    return await buildImage({ cacheDir, guestBundle, runSetup, onProgress });
  } catch (cause) {
    if (cause instanceof SeedError) throw cause;
    const hint = `Check that ${cacheDir} can be written, or set SEED_CACHE_DIR to another folder.`;
    const what = `The sandbox image cannot be made: ${(cause as Error).message}`;
    throw new SeedError('setup_failed', what, { hint, cause });
  }
}

/** QEMU is fetched only when it is asked for, or when nothing else works here. */
async function chooseDriver(
  context: DriverContext,
  choice: DriverChoice,
  onProgress: (message: string) => void,
): Promise<Required<Selection>> {
  if (choice.startsWith('qemu')) await ensureQemuTools(context.cacheDir, onProgress);
  const first = await selectDriver(context, choice);
  if (first.driver) return { driver: first.driver, probes: first.probes };
  // A container's image brings all that it uses: nothing more is to be had there.
  if (choice !== 'auto' || cameWithSeed()) throw new NoUsableDriverError(first.probes);
  await ensureQemuTools(context.cacheDir, onProgress);
  const { driver, probes } = await selectDriver(context, 'qemu');
  const all = [...first.probes.filter((probe) => !probe.driver.startsWith('qemu')), ...probes];
  if (!driver) throw new NoUsableDriverError(all);
  return { driver, probes: all };
}

/** A choice that no longer fits is taken back, and a current snapshot made; one that was demanded is an error. */
async function pinnedSnapshot(
  cacheDir: string,
  driver: Driver,
  demandedId: string | null | undefined,
  onProgress: (message: string) => void,
): Promise<Snapshot | null> {
  const id = demandedId === undefined ? await chosenSnapshot(cacheDir) : demandedId;
  if (id === null) return null;
  try {
    const snapshot = await usableSnapshot(cacheDir, id, driver);
    await markUsed(snapshot.dir);
    return snapshot;
  } catch (error) {
    if (demandedId !== undefined || !(error instanceof SeedError)) throw error;
    onProgress(`${error.message} It is not used any more.`);
    await chooseSnapshot(cacheDir, null);
    return null;
  }
}

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
    const hint = `There are: ${DRIVER_NAMES.join(', ')}.`;
    throw new SeedError('usage', `there is no driver "${driverName}"`, { hint });
  }
  if (driver === 'vercel') {
    const { id, sizeBytes } = await makeVercelSnapshot({ cacheDir, onProgress });
    return { id, driver, sizeBytes, imageBytes: 0 };
  }
  const { snapshot, imageBytes } = await setUp({ cacheDir, driver, snapshotId: null, onProgress });
  const { sizeBytes } = await getSnapshot(cacheDir, snapshot.id);
  return { id: snapshot.id, driver: snapshot.driver, sizeBytes, imageBytes };
}
