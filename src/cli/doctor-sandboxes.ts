// What seed doctor says about disk, snapshots and the warm pool of this machine. Used by doctor.ts.
import { dirname, join } from 'node:path';
import { fs } from './builtin.ts';
import type { Finding } from './doctor.ts';
import { isSeedError } from './exit-codes.ts';
import type { Io } from './io.ts';
import { REPOSITORY } from './repository-root.ts';

/** Image, downloads and a snapshot, with some room. */
const NEEDED_BYTES = 1.5e9;

export async function sandboxFindings(io: Io, cacheDir: string): Promise<Finding[]> {
  return [disk(cacheDir), await snapshots(io, cacheDir), await pool()];
}

function disk(cacheDir: string): Finding {
  let folder = cacheDir;
  while (!fs.existsSync(folder)) folder = dirname(folder);
  const { bavail, bsize } = fs.statfsSync(folder);
  const freeBytes = bavail * bsize;
  const text = `${(freeBytes / 1e9).toFixed(1)} GB free for ${cacheDir}`;
  if (freeBytes >= NEEDED_BYTES) return { name: 'disk', state: 'good', text };
  const hint = `Building needs ${NEEDED_BYTES / 1e9} GB: free some, or set SEED_CACHE_DIR to a larger disk.`;
  return { name: 'disk', state: 'bad', text, hint };
}

/** By address: the drivers stay out of the bundle that bin/seed starts. */
async function snapshots(io: Io, cacheDir: string): Promise<Finding> {
  const name = 'snapshots';
  const { href } = new URL('src/drivers/snapshot/store.ts', REPOSITORY);
  const { chosenSnapshot, listSnapshots } = (await import(
    href
  )) as typeof import('../drivers/snapshot/store.ts');
  const all = await listSnapshots(cacheDir);
  const chosen = io.env('SANDBOX_SNAPSHOT_ID') ?? (await chosenSnapshot(cacheDir));
  const whole = all.filter(({ record }) => record !== null);
  const text = `${whole.length} complete, ${all.length - whole.length} damaged under ${join(cacheDir, '*/snapshots')}`;
  if (chosen !== null && !whole.some(({ id }) => id === chosen)) {
    return {
      name,
      state: 'bad',
      text: `${text}; the chosen one is not among them: ${chosen}`,
      hint: 'seed snapshots build',
    };
  }
  const use = chosen === null ? 'the one of the current recipe is used' : `${chosen} is used`;
  return { name, state: whole.length > 0 ? 'good' : 'note', text: `${text}; ${use}` };
}

async function pool(): Promise<Finding> {
  const { href } = new URL('src/lib/pool-settings.ts', REPOSITORY);
  const { readPoolSettings } = (await import(href)) as typeof import('../lib/pool-settings.ts');
  try {
    const { size, memoryBytes, maxAgeMs } = readPoolSettings();
    const limits = `at most ${Math.round(memoryBytes / 1e6)} MB together, replaced after ${maxAgeMs / 1000} s`;
    const text =
      size === 0 ? 'off: every sandbox starts when its task does' : `${size} wait for a task; ${limits}`;
    return { name: 'pool', state: size === 0 ? 'note' : 'good', text };
  } catch (error) {
    if (!isSeedError(error)) throw error;
    return { name: 'pool', state: 'bad', text: error.message };
  }
}
