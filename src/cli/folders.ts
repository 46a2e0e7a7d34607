// Where the modules and folders of this machine's server and runner lie. Used by the commands of this machine.
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { adopterFolder, ownModule } from '../lib/own-files.ts';
import { fs } from './builtin.ts';
import type { Io } from './io.ts';

/** A module of Seed by its path in the repository: so it stays out of the bundle that bin/seed starts. */
export async function loadModule<Module>(path: string): Promise<Module> {
  return (await import(ownModule(path).href)) as Module;
}

/** SEED_DATA_DIR, or .seed in the adopter's folder. */
export function dataDirOf(io: Io): string {
  return resolve(io.env('SEED_DATA_DIR') ?? fileURLToPath(new URL('.seed', adopterFolder())));
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
