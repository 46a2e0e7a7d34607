// Folders that are there whole or not at all, however their making ends.
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Fills a temporary sibling of `path` by `fill` and renames it to `path` at the end. If someone else was quicker,
 * theirs stays. Throws what `fill` throws, leaving nothing.
 */
export async function makeFolder(path: string, fill: (folder: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const partial = await mkdtemp(join(dirname(path), `${PARTIAL}${basename(path)}-`));
  try {
    await fill(partial);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
  }
}

/** Removes what killed makers left in `parent`. Call it only while holding the lock that the makers hold. */
export async function removePartialFolders(parent: string): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  const partial = names.filter((name) => name.startsWith(PARTIAL));
  await Promise.all(partial.map((name) => rm(join(parent, name), { recursive: true, force: true })));
}

const PARTIAL = '.partial-';
