// The base of every image: the root file system without the guest, and gVisor's runsc under `<cacheDir>/tools`.
// Made once per recipe, because it is what takes time: packages and Pi are fetched from the network.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { makeFolder, removePartialFolders } from '../../lib/cache-folders.ts';
import { contentHash } from '../../lib/content-hash.ts';
import { requireFreeDisk, treeBytes } from '../../lib/disk-space.ts';
import { withFileLock } from '../../lib/file-lock.ts';
import { SeedError } from '../../protocol/errors.ts';
import {
  fetchLocked,
  fetchPackages,
  type LockedPackage,
  type Package,
  unpackCopyright,
  unpackPackage,
  unpackPackages,
} from './apt.ts';
import { type Baked, type BaseRecord, findBaked, unpackBaked } from './baked.ts';
import { findDistribution } from './distribution.ts';
import { RECIPE_VERSION, type Recipe, ROOTFS_PACKAGES, readRecipe, TOOL_PACKAGES } from './recipe.ts';
import {
  configureRootfs,
  extendRootfs,
  installRuntime,
  type RunSetup,
  runtimeInputs,
  runtimeVersions,
} from './rootfs.ts';

export interface Base {
  /** Content hash over the recipe and the exact versions that went in. */
  id: string;
  rootfs: string;
  /** What went in, for people. */
  inputs: Record<string, string>;
  sizeBytes: number;
  runscPath: string;
}

export interface BaseOptions {
  cacheDir: string;
  runSetup: RunSetup;
  /** All packages that go in, those of the recipe too. Default: the newest that the mirror has. */
  locked?: readonly LockedPackage[] | undefined;
  /** Called before each step that takes more than about two seconds. */
  onProgress: (message: string) => void;
}

/** Downloads, the unpacked base and a snapshot, with some room. */
const NEEDED_BYTES = 1.2e9;

/** The base under `<cacheDir>/images/bases`, made when it is not there. */
export async function ensureBase(options: BaseOptions): Promise<Base> {
  const { cacheDir, onProgress } = options;
  const bases = join(cacheDir, 'images/bases');
  const recipe = await readRecipe();
  const baked = await findBaked(recipe);
  const folder = join(bases, baked?.key ?? (await recipeKey(recipe, options.locked)));
  const found = await readBase(folder, cacheDir);
  if (found) return found;
  await mkdir(bases, { recursive: true });
  const waiting = () => onProgress('waiting for another set-up that is building the image');
  return withFileLock(join(bases, 'lock'), () => buildBase(folder, { recipe, baked }, options), waiting);
}

/** Changes exactly when the base has to be made anew, and is known without asking the network. */
async function recipeKey(recipe: Recipe, locked?: readonly LockedPackage[]): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const names = [...ROOTFS_PACKAGES, ...TOOL_PACKAGES].join(' ');
  const inputs = [RECIPE_VERSION, process.arch, release, names, ...(await runtimeInputs())];
  return contentHash(...inputs, ...additions(recipe), ...(locked ? [JSON.stringify(locked)] : []));
}

/** Nothing for an empty recipe. */
function additions(recipe: Recipe): string[] {
  const isEmpty = recipe.packages.length === 0 && Object.keys(recipe.npm).length === 0 && recipe.setup === null;
  return isEmpty ? [] : [JSON.stringify(recipe)];
}

async function readBase(folder: string, cacheDir: string): Promise<Base | undefined> {
  const text = await readFile(join(folder, BASE_RECORD), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const { id, sizeBytes, runscVersion } = JSON.parse(text) as BaseRecord;
  const runsc = runscPath(cacheDir, runscVersion);
  if (!existsSync(runsc)) return undefined;
  const inputs = { recipe: basename(folder), ...(await runtimeVersions()) };
  return { id, rootfs: join(folder, 'rootfs'), inputs, sizeBytes, runscPath: runsc };
}

/** Called with the lock held, so what others may have been building is finished or abandoned. */
async function buildBase(
  folder: string,
  { recipe, baked }: { recipe: Recipe; baked: Baked | null },
  options: BaseOptions,
): Promise<Base> {
  const { cacheDir } = options;
  const builtMeanwhile = await readBase(folder, cacheDir);
  if (builtMeanwhile) return builtMeanwhile;
  const bases = dirname(folder);
  await removePartialFolders(bases);
  await rm(folder, { recursive: true, force: true });
  await requireFreeDisk(bases, NEEDED_BYTES);
  if (baked === null) await fetchBase(folder, recipe, options);
  else await unpackBase(folder, baked, options);
  const base = await readBase(folder, cacheDir);
  if (!base) throw new SeedError('setup_failed', `The image base is not complete: ${folder}`);
  return base;
}

async function fetchBase(folder: string, recipe: Recipe, options: BaseOptions): Promise<void> {
  const { cacheDir, locked, onProgress } = options;
  const downloads = await mkdtemp(join(dirname(folder), '.partial-downloads-'));
  try {
    const names = [...ROOTFS_PACKAGES, ...TOOL_PACKAGES, ...recipe.packages];
    onProgress(`fetching ${names.length} Debian packages and what they need, about 70 MB`);
    const distribution = await findDistribution();
    const all = locked
      ? await fetchLocked(downloads, distribution, locked)
      : await fetchPackages(downloads, distribution, names);
    const runscVersion = await installRunsc(all, cacheDir);
    const packages = all.filter(({ name }) => !TOOL_PACKAGES.some((tool) => tool === name));
    await makeFolder(folder, (partial) => fillBase(partial, packages, recipe, { ...options, runscVersion }));
  } finally {
    await rm(downloads, { recursive: true, force: true });
  }
}

async function unpackBase(folder: string, baked: Baked, { cacheDir, onProgress }: BaseOptions): Promise<void> {
  onProgress("unpacking the sandboxes' root file system, which came with Seed");
  const { id, sizeBytes, runscVersion, packages } = baked.record;
  const record: BaseRecord = { id, sizeBytes, runscVersion, packages };
  const runsc = runscPath(cacheDir, runscVersion);
  await makeFolder(folder, async (partial) => {
    await unpackBaked(baked, join(partial, 'rootfs'), runsc);
    await writeFile(join(partial, BASE_RECORD), JSON.stringify(record, null, 1));
  });
}

async function fillBase(
  folder: string,
  unpacked: readonly Package[],
  recipe: Recipe,
  { runscVersion, ...options }: BaseOptions & { runscVersion: string },
): Promise<void> {
  const { cacheDir, onProgress } = options;
  const rootfs = join(folder, 'rootfs');
  await mkdir(rootfs);
  onProgress(`unpacking ${unpacked.length} packages`);
  await unpackPackages(rootfs, unpacked);
  if (options.locked) await keepCopyrights(join(folder, COPYRIGHTS), unpacked);
  await configureRootfs(rootfs);
  onProgress('installing Node and Pi');
  await installRuntime(rootfs);
  await extendRootfs({ ...options, rootfs, recipe, runscPath: runscPath(cacheDir, runscVersion) });
  const packages = unpacked.map(({ name, version }) => `${name}=${version}`);
  const inputs = [RECIPE_VERSION, process.arch, packages.join(' '), ...(await runtimeInputs())];
  const id = contentHash(...inputs, ...additions(recipe));
  const record: BaseRecord = { id, sizeBytes: await treeBytes(rootfs), runscVersion, packages };
  await writeFile(join(folder, BASE_RECORD), JSON.stringify(record, null, 1));
}

/** What is known of a base, beside its root file system. */
export const BASE_RECORD = 'base.json';

/** Beside the root file system of a base that was built by a lock, for images that are passed on. */
export const COPYRIGHTS = 'copyright';

async function keepCopyrights(folder: string, packages: readonly Package[]): Promise<void> {
  await mkdir(folder);
  for (const { file } of packages) await unpackCopyright(file, folder);
}

function runscPath(cacheDir: string, version: string): string {
  return join(cacheDir, 'tools', `runsc-${version}`, 'runsc');
}

/** Installs the runsc found among the downloaded packages and returns its version. */
async function installRunsc(packages: readonly Package[], cacheDir: string): Promise<string> {
  const runsc = packages.find(({ name }) => name === 'runsc');
  if (!runsc) throw new SeedError('setup_failed', 'apt fetched no runsc (gVisor).');
  const path = runscPath(cacheDir, runsc.version);
  if (existsSync(path)) return runsc.version;
  await makeFolder(dirname(path), async (partial) => {
    const unpacked = join(partial, 'package');
    await mkdir(unpacked);
    await unpackPackage(runsc.file, unpacked);
    await rename(join(unpacked, 'usr/bin/runsc'), join(partial, 'runsc'));
    await rm(unpacked, { recursive: true });
  });
  return runsc.version;
}
