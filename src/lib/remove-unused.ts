// Keeps a cache of content-addressed folders from growing for ever.
import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

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
    names.map(async (name) => {
      const path = join(parent, name);
      return { path, usedAt: (await stat(path)).mtimeMs };
    }),
  );
  const oldest = folders.sort((one, other) => other.usedAt - one.usedAt).slice(KEEP);
  const unused = oldest.filter(({ usedAt }) => usedAt < Date.now() - KEEP_MS);
  for (const { path } of unused) await rm(path, { recursive: true, force: true });
}
