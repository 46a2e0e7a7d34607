// Builds the dashboard into web/dist when its sources are other than those it was built from; quick when they are
// not.
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { contentHash } from '../../src/lib/content-hash.ts';
import { exec } from '../../src/lib/exec.ts';
import { withFileLock } from '../../src/lib/file-lock.ts';
import { buildReference } from './build-reference.ts';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const CACHE = join(REPOSITORY, 'node_modules/.cache');
const DIST = join(REPOSITORY, 'web/dist');
const VITE = join(REPOSITORY, 'node_modules/vite/bin/vite.js');
/** In the built folder: the hash of what it was built from. */
const STAMP = '.sources';

/** @throws SeedError setup_failed with what the build said */
export async function buildWeb(onProgress: (message: string) => void): Promise<void> {
  const sources = await hashSources();
  if ((await builtFrom()) === sources) return;
  await mkdir(CACHE, { recursive: true });
  await withFileLock(join(CACHE, 'seed-web.lock'), async () => {
    // Somebody else may have built it while this process waited.
    if ((await builtFrom()) === sources) return;
    onProgress('building the dashboard');
    const built = join(CACHE, `seed-web-${process.pid}`);
    const before = join(CACHE, `seed-web-before-${process.pid}`);
    try {
      await exec(process.execPath, [VITE, 'build', 'web', '--outDir', built, '--logLevel', 'warn'], {
        cwd: REPOSITORY,
        // Vitest's own would make it a build for development.
        env: { ...(process.env as Record<string, string>), NODE_ENV: 'production' },
        hint: 'npm install brings what the build needs; npm run check tells what is wrong with the sources.',
      });
      await buildReference(join(built, 'reference'));
      await writeFile(join(built, STAMP), sources);
      await rename(DIST, before).catch(() => undefined);
      await rename(built, DIST);
    } finally {
      await rm(built, { recursive: true, force: true });
      await rm(before, { recursive: true, force: true });
    }
  });
}

async function builtFrom(): Promise<string | null> {
  return readFile(join(DIST, STAMP), 'utf8').catch(() => null);
}

/** The page's own files, the values that it takes from src/protocol, and the versions of all packages. */
async function hashSources(): Promise<string> {
  const files = [...(await filesIn('web')), ...(await filesIn('src/protocol')), 'package-lock.json'].sort();
  const parts = await Promise.all(
    files.map(async (file) => [file, await readFile(join(REPOSITORY, file))] as const),
  );
  return contentHash(...parts.flat());
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(join(REPOSITORY, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(REPOSITORY.length))
    .filter((file) => !file.startsWith('web/dist/') && !file.endsWith('.test.ts'));
}
