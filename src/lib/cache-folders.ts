// Folders of a cache: there whole or not at all, however their making ends, and removed when nobody has used them
// for days. Used by the drivers for images, tools and snapshots.
import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { withFileLock } from './file-lock.ts';

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

const KEEP = 5;
const KEEP_MS = 3 * 24 * 60 * 60 * 1000;

/** Notes that the folder is in use now. */
export async function markUsed(folder: string): Promise<void> {
  const now = new Date();
  await utimes(folder, now, now);
}

/** Removes those folders in `parent` named by a content hash that were marked longest ago, beyond 5 and 3 days. */
export async function removeUnused(parent: string): Promise<void> {
  const names = (await readdir(parent)).filter((name) => /^[0-9a-f]{32}$/.test(name));
  const folders = await Promise.all(
    names.map(async (name) => ({ name, usedAt: (await stat(join(parent, name))).mtimeMs })),
  );
  const oldest = folders.sort((one, other) => other.usedAt - one.usedAt).slice(KEEP);
  const unused = oldest.filter(({ usedAt }) => usedAt < Date.now() - KEEP_MS);
  for (const { name } of unused) await rm(join(parent, name), { recursive: true, force: true });
}

/**
 * Sees to it that `folder`, named by a content hash, is complete, and marks it used. If not, one process at a time
 * makes it by `fill` and removes siblings unused for long. Throws what `fill` throws, leaving nothing.
 */
export async function ensureFolder(
  folder: string,
  isComplete: () => boolean | Promise<boolean>,
  fill: (partial: string) => Promise<void>,
): Promise<void> {
  const parent = dirname(folder);
  if (!(await isComplete())) {
    await mkdir(parent, { recursive: true });
    await withFileLock(join(parent, 'lock'), async () => {
      if (await isComplete()) return;
      await removePartialFolders(parent);
      // What is there is damaged.
      await rm(folder, { recursive: true, force: true });
      await makeFolder(folder, fill);
      await removeUnused(parent);
    });
  }
  await markUsed(folder);
}
