// Where the repository and the folders of its server and runner lie. Used by the commands of this machine.
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fs } from './builtin.ts';
import type { Io } from './io.ts';

/** The same from src/cli/ and from node_modules/.cache/, where bin/seed keeps the bundle: both are two deep. */
export const REPOSITORY = new URL('../../', import.meta.url);

/** A module of the repository by its path: so it stays out of the bundle that bin/seed starts. */
export async function loadModule<Module>(path: string): Promise<Module> {
  return (await import(new URL(path, REPOSITORY).href)) as Module;
}

/** SEED_DATA_DIR, or .seed in the repository. */
export function dataDirOf(io: Io): string {
  return resolve(io.env('SEED_DATA_DIR') ?? fileURLToPath(new URL('.seed', REPOSITORY)));
}

/** SEED_CACHE_DIR; else what the last runner noted in the data folder; else cache/ in the data folder. */
export function cacheDirOf(io: Io): string {
  const dataDir = dataDirOf(io);
  return resolve(io.env('SEED_CACHE_DIR') ?? notedCacheDir(dataDir) ?? join(dataDir, 'cache'));
}

function notedCacheDir(dataDir: string): string | undefined {
  try {
    const { cacheDir } = JSON.parse(fs.readFileSync(join(dataDir, 'runner.lock'), 'utf8'));
    return typeof cacheDir === 'string' ? cacheDir : undefined;
  } catch {
    // No runner has been here, or an older one.
    return undefined;
  }
}
