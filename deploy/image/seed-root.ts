// The lowest layer of Seed's own image: Debian's packages as their lock has them, without what is only to be read.
// Called by seed.ts.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fetchLocked, type LockedPackage, unpackCopyright, unpackPackages } from '../../src/drivers/image/apt.ts';
import { findDistribution } from '../../src/drivers/image/distribution.ts';
import { bundleCertificates } from '../../src/drivers/image/rootfs.ts';
import { ensureFolder } from '../../src/lib/cache-folders.ts';
import { contentHash } from '../../src/lib/content-hash.ts';

/** Changes with anything below. */
const ROOT_VERSION = '1';

/** Who runs it where nothing else is said. */
export const SEED_USER = 1000;

const FILES: Record<string, string> = {
  'etc/passwd': [
    'root:x:0:0:root:/root:/bin/sh',
    `seed:x:${SEED_USER}:${SEED_USER}:seed:/var/lib/seed:/bin/sh`,
    'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
  ].join('\n'),
  'etc/group': ['root:x:0:', `seed:x:${SEED_USER}:`, 'nogroup:x:65534:'].join('\n'),
  'etc/nsswitch.conf': [
    ...['passwd', 'group', 'services', 'protocols'].map((one) => `${one}: files`),
    'hosts: files dns',
  ].join('\n'),
};

const LINKS: Record<string, string> = { 'etc/localtime': '/usr/share/zoneinfo/Etc/UTC' };

export interface SeedRoot {
  folder: string;
  /** `<package>/copyright`. */
  copyrights: string;
  key: string;
}

/** Below the cache folder; made when it is not there. */
export async function seedRoot(
  cacheDir: string,
  locked: readonly LockedPackage[],
  onProgress: (message: string) => void,
): Promise<SeedRoot> {
  const key = contentHash(ROOT_VERSION, JSON.stringify(locked), JSON.stringify([FILES, LINKS]));
  const path = join(cacheDir, 'oci/roots', key);
  const root = { folder: join(path, 'root'), copyrights: join(path, 'copyright'), key };
  const isComplete = () => existsSync(root.folder);
  await ensureFolder(path, isComplete, async (partial) => {
    onProgress(`fetching the ${locked.length} Debian packages of Seed's image`);
    const downloads = await mkdtemp(join(partial, 'downloads-'));
    const packages = await fetchLocked(downloads, await findDistribution(), locked);
    await mkdir(join(partial, 'root'));
    await mkdir(join(partial, 'copyright'));
    await unpackPackages(join(partial, 'root'), packages);
    for (const { file } of packages) await unpackCopyright(file, join(partial, 'copyright'));
    await configure(join(partial, 'root'));
    await rm(downloads, { recursive: true });
  });
  return root;
}

async function configure(root: string): Promise<void> {
  for (const folder of ['dev', 'proc', 'sys', 'run', 'root', 'tmp']) {
    await mkdir(join(root, folder), { recursive: true });
  }
  for (const [path, text] of Object.entries(FILES)) await writeFile(join(root, path), `${text}\n`);
  for (const [path, target] of Object.entries(LINKS)) {
    await rm(join(root, path), { force: true });
    await symlink(target, join(root, path));
  }
  await bundleCertificates(root);
}
