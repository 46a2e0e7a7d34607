// The lock of Debian packages: exactly these go into the images, so that two builds give the same. Renewed by
// `npm run image -- lock`; see docs/containers.md.
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { fetchPackages, type LockedPackage } from '../../src/drivers/image/apt.ts';
import { findDistribution } from '../../src/drivers/image/distribution.ts';
import { ROOTFS_PACKAGES, readRecipe, TOOL_PACKAGES } from '../../src/drivers/image/recipe.ts';
import { parseJson } from '../../src/lib/json.ts';
import { SeedError } from '../../src/protocol/errors.ts';
import { ARCHITECTURE } from './oci.ts';

const FILE = new URL('./debian.lock.json', import.meta.url).pathname;

/** What Seed itself starts, and what its runners need; Node and Postgres come from npm. */
const SEED_PACKAGES: readonly string[] = [
  'base-files ca-certificates coreutils dash findutils grep libc-bin libstdc++6 mount python3-minimal sed tar tini',
  'tzdata util-linux',
].flatMap((row) => row.split(' '));

/** What is in each image. */
const NAMES = { seed: () => SEED_PACKAGES, sandbox: sandboxPackages } as const;
export type LockedImage = keyof typeof NAMES;

async function sandboxPackages(): Promise<readonly string[]> {
  const { packages } = await readRecipe();
  return [...ROOTFS_PACKAGES, ...TOOL_PACKAGES, ...packages];
}

const Packages = z.array(z.object({ name: z.string(), version: z.string(), sha256: z.string().length(64) }));
const Lock = z.object({
  suite: z.string(),
  /** Image → processor → packages. */
  images: z.record(z.enum(['seed', 'sandbox']), z.record(z.string(), Packages)),
});

/** @throws SeedError setup_failed where the lock does not fit this machine's distribution or the recipe */
export async function lockedPackages(image: LockedImage): Promise<LockedPackage[]> {
  const lock = Lock.parse(parseJson(await readFile(FILE, 'utf8')));
  const { suite } = await findDistribution();
  const packages = lock.images[image][ARCHITECTURE];
  const hint = 'npm run image -- lock makes one here; see docs/containers.md.';
  if (suite !== lock.suite || packages === undefined) {
    const what = `The lock of Debian packages is for ${lock.suite} and has nothing for ${suite} on ${ARCHITECTURE}.`;
    throw new SeedError('setup_failed', what, { hint });
  }
  const missing = (await NAMES[image]()).filter((name) => !packages.some((one) => one.name === name));
  if (missing.length === 0) return packages;
  throw new SeedError('setup_failed', `The lock of Debian packages has no ${missing.join(', ')}.`, { hint });
}

/** Locks what the mirror has now, with all that it depends on; other processors' packages stay as they are. */
export async function renewLock(onProgress: (message: string) => void): Promise<string> {
  const distribution = await findDistribution();
  const before = Lock.safeParse(parseJson(await readFile(FILE, 'utf8').catch(() => ''))).data;
  const old = before?.suite === distribution.suite ? before.images : { seed: {}, sandbox: {} };
  const images = { seed: { ...old.seed }, sandbox: { ...old.sandbox } };
  for (const image of ['seed', 'sandbox'] as const) {
    onProgress(`looking up the packages of the image ${image}`);
    images[image][ARCHITECTURE] = await newest(await NAMES[image]());
  }
  await writeFile(FILE, `${JSON.stringify({ suite: distribution.suite, images }, null, 2)}\n`);
  return FILE;
}

async function newest(names: readonly string[]): Promise<LockedPackage[]> {
  const folder = await mkdtemp(join(tmpdir(), 'seed-lock-'));
  try {
    const fetched = await fetchPackages(folder, await findDistribution(), names);
    return await Promise.all(
      fetched.map(async ({ name, version, file }) => {
        const sha256 = createHash('sha256').update(await readFile(file));
        return { name, version, sha256: sha256.digest('hex') };
      }),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
