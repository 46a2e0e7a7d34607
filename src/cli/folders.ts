// The folders that the server and the runner of this repository use. Used by the commands of this machine.
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fs } from './builtin.ts';
import type { Io } from './io.ts';
import { REPOSITORY } from './repository-root.ts';

/** SEED_DATA_DIR, or .seed in the repository. */
export function dataDirOf(io: Io): string {
  return resolve(io.env('SEED_DATA_DIR') ?? fileURLToPath(new URL('.seed', REPOSITORY)));
}

/** SEED_CACHE_DIR; else the one of the last runner on the data folder, which it has noted there; else cache/ in the data folder. */
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
