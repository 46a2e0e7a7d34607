// What lies in a layer: files of a tree, or made ones, each with its owner and mode. Called by the images' makers.
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { contentHash } from '../../src/lib/content-hash.ts';

/** Without a leading slash; `.` for nothing: the root itself is no entry. */
export type Entry = { path: string; mode: number; owner: number } & (
  | { type: 'directory' }
  | { type: 'symlink'; target: string }
  /** A second name of a file that comes before it. */
  | { type: 'link'; target: string }
  | { type: 'file'; size: number; from: string }
  | { type: 'made'; content: Uint8Array }
);

export interface Tree {
  folder: string;
  /** Where the folder's content comes to lie in the image; empty for its root. */
  at: string;
  /** Paths in the image, relative to its root, whose whole tree is left out. */
  without?: (path: string) => boolean;
}

/** All that lies in the folder, owned by root, whoever owns it here; parents before what is in them. */
export async function entriesOf({ folder, at, without = () => false }: Tree): Promise<Entry[]> {
  const seen = new Map<string, string>();
  const entries: Entry[] = [];
  async function walk(path: string): Promise<void> {
    const inside = (await readdir(join(folder, path))).sort(byBytes);
    for (const name of inside) {
      const from = join(folder, path, name);
      const inImage = join(at, path, name);
      if (without(inImage)) continue;
      const stats = await lstat(from);
      const base = { path: inImage, mode: stats.mode & 0o7777, owner: 0 };
      if (stats.isDirectory()) {
        entries.push({ ...base, type: 'directory' });
        await walk(join(path, name));
      } else if (stats.isSymbolicLink()) {
        // A link has no mode of its own: tar writers and readers agree on this one.
        entries.push({ ...base, mode: 0o777, type: 'symlink', target: await readlink(from) });
      } else if (stats.isFile()) {
        const inode = `${stats.dev}:${stats.ino}`;
        const target = stats.nlink > 1 ? seen.get(inode) : undefined;
        seen.set(inode, inImage);
        if (target === undefined) entries.push({ ...base, type: 'file', size: stats.size, from });
        else entries.push({ ...base, type: 'link', target });
      }
      // Sockets, pipes and devices: an image has none.
    }
  }
  await walk('');
  return entries;
}

/** Makes a file of text or bytes. */
export function made(path: string, content: string | Uint8Array, mode = 0o644): Entry {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return { path, mode, owner: 0, type: 'made', content: bytes };
}

export function directory(path: string, { mode = 0o755, owner = 0 } = {}): Entry {
  return { path, mode, owner, type: 'directory' };
}

/** In the order of a layer, each path once: a later entry stands for an earlier one, and no folder is missing. */
export function inOrder(entries: readonly Entry[]): Entry[] {
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  for (const { path } of entries) {
    for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1)) {
      const parent = path.slice(0, end);
      if (!byPath.has(parent)) byPath.set(parent, directory(parent));
    }
  }
  return [...byPath.values()].sort((one, other) => byBytes(one.path, other.path));
}

/** Changes with anything that the entries say or hold. */
export async function hashOf(entries: readonly Entry[]): Promise<string> {
  const parts = await Promise.all(
    entries.map(async (entry) => {
      const { from, content, ...rest } = { from: undefined, content: undefined, ...entry };
      return [JSON.stringify(rest), from === undefined ? (content ?? '') : await readFile(from)];
    }),
  );
  return contentHash(...parts.flat());
}

/** The same on every machine, whatever its language. */
function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
