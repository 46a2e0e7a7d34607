// What a runner in Seed's image makes its sandboxes of, without a network: the root file system and gVisor's runsc,
// compressed, for a server has no use for them. src/drivers/image/baked.ts unpacks them. Called by seed.ts.
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress } from 'node:zlib';
import { problemOfRunsc } from '../../src/drivers/gvisor/probe.ts';
import { runSetup } from '../../src/drivers/gvisor/run-setup.ts';
import { chooseRunsc } from '../../src/drivers/gvisor/sources.ts';
import { BAKED_FILES, type BakedRecord, recipeHash, WINDOW_LOG } from '../../src/drivers/image/baked.ts';
import { BASE_RECORD, type Base, COPYRIGHTS, ensureBase } from '../../src/drivers/image/base.ts';
import { readRecipe } from '../../src/drivers/image/recipe.ts';
import { NODE_IN_ROOTFS } from '../../src/drivers/image/rootfs.ts';
import { ensureFolder } from '../../src/lib/cache-folders.ts';
import { contentHash } from '../../src/lib/content-hash.ts';
import { env } from '../../src/lib/env.ts';
import { lockedPackages } from './debian-lock.ts';
import { entriesOf } from './entries.ts';
import { tarOf } from './layer.ts';

/** Changes with anything that makes other bytes of the same files. */
const ARCHIVE_VERSION = '1';
/** 61 MB in five seconds; the highest one makes 53 MB in two minutes. */
const LEVEL = 9;

export interface SandboxBase {
  /** Holds the files that BAKED_FILES names. */
  folder: string;
  base: Base;
  record: BakedRecord;
  runscPath: string;
  copyrights: string;
  key: string;
}

/** Below the cache folder; made when it is not there. */
export async function sandboxBase(cacheDir: string, onProgress: (message: string) => void): Promise<SandboxBase> {
  const locked = await lockedPackages('sandbox');
  const base = await ensureBase({ cacheDir, runSetup, locked, onProgress });
  const runscPath = await chooseRunsc({
    cacheDir,
    setting: env('SEED_RUNSC'),
    packaged: base.runscPath,
    problemOf: problemOfRunsc,
    onProgress,
  });
  const { packages } = JSON.parse(await readFile(join(dirname(base.rootfs), BASE_RECORD), 'utf8')) as BakedRecord;
  const record: BakedRecord = {
    id: base.id,
    sizeBytes: base.sizeBytes,
    runscVersion: basename(dirname(runscPath)).replace(/^runsc-/, ''),
    packages,
    recipe: recipeHash(await readRecipe()),
  };
  const key = contentHash(ARCHIVE_VERSION, JSON.stringify(record), await readFile(runscPath), process.version);
  const folder = join(cacheDir, 'oci/bases', key);
  const isComplete = () => existsSync(join(folder, BAKED_FILES.record));
  await ensureFolder(folder, isComplete, async (partial) => {
    onProgress('compressing the root file system of sandboxes');
    const without = (path: string) => path === NODE_IN_ROOTFS;
    const entries = await entriesOf({ folder: base.rootfs, at: '', without });
    await compress(tarOf(entries), join(partial, BAKED_FILES.rootfs));
    await compress(createReadStream(runscPath), join(partial, BAKED_FILES.runsc));
    await writeFile(join(partial, BAKED_FILES.record), JSON.stringify(record));
  });
  return { folder, base, record, runscPath, copyrights: join(dirname(base.rootfs), COPYRIGHTS), key };
}

async function compress(from: ReturnType<typeof tarOf> | Readable, file: string): Promise<void> {
  const params = {
    [constants.ZSTD_c_compressionLevel]: LEVEL,
    [constants.ZSTD_c_windowLog]: WINDOW_LOG,
    [constants.ZSTD_c_enableLongDistanceMatching]: 1,
  };
  await mkdir(dirname(file), { recursive: true });
  await pipeline(from, createZstdCompress({ params }), createWriteStream(file));
}
