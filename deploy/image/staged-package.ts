// Seed's own package as it is published, made anew only when something that it is made of has changed: compiling it
// takes long. Called by seed.ts.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { stagePackage } from '../../scripts/lib/stage-package.ts';
import { ensureFolder } from '../../src/lib/cache-folders.ts';
import { entriesOf, hashOf } from './entries.ts';

const ROOT = new URL('../../', import.meta.url).pathname;

/** Files that are made, or that others' tools put there. */
const NO_SOURCES = /(?:^|\/)(?:node_modules|dist|\.cache|\.sources|\.seed|screens)$/;

/** What nothing of goes into the package. */
const OTHERS = /^(?:\.git|bench|deploy|test\/(?:attack|browser|chaos|cluster|conformance|e2e|integration))$/;

/** The folder of the package, below the cache folder. */
export async function stagedPackage(cacheDir: string, onProgress: (message: string) => void): Promise<string> {
  const without = (path: string) => NO_SOURCES.test(path) || OTHERS.test(path);
  const key = await hashOf(await entriesOf({ folder: ROOT, at: '', without }));
  const folder = join(cacheDir, 'oci/packages', key);
  const isComplete = () => existsSync(join(folder, 'package/package.json'));
  await ensureFolder(folder, isComplete, async (partial) => {
    onProgress('compiling Seed into its package');
    await stagePackage(join(partial, 'package'));
  });
  return join(folder, 'package');
}
