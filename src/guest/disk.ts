// Bounds what the agent can write to what this task may have. A snapshot's writable folders are file systems in memory of a
// fixed size; for a task that may have more or less, new ones of the right size are laid over them.
import { statfs } from 'node:fs/promises';

/** What the agent may write to, with its owner; and what it may not, which counts as well. */
const FOLDERS = [
  { path: '/workspace', owner: 'mode=0755,uid=1000,gid=1000' },
  { path: '/home/agent', owner: 'mode=0755,uid=1000,gid=1000' },
  { path: '/tmp', owner: 'mode=1777' },
  { path: '/dev/shm', owner: 'mode=1777' },
  { path: '/run', owner: null },
] as const;

/** statfs(2) */
const TMPFS_MAGIC = 0x01021994;

/**
 * The commands that make all folders together as large as `diskBytes`, each keeping its share; none when they are, or
 * where the folders are no file systems in memory and the driver's own disk is the bound.
 */
export async function resizedMounts(diskBytes: number | null): Promise<string[][]> {
  if (diskBytes === null) return [];
  const mounted = await Promise.all(
    FOLDERS.map(async (folder) => ({ ...folder, ...(await statfs(folder.path)) })),
  );
  if (mounted.some(({ type }) => type !== TMPFS_MAGIC)) return [];
  const sized = mounted.map(({ path, owner, blocks, bsize }) => ({ path, owner, bytes: blocks * bsize }));
  return mountCommands(sized, diskBytes);
}

interface SizedFolder {
  path: string;
  owner: string | null;
  bytes: number;
}

const PAGE_BYTES = 4096;

export function mountCommands(folders: readonly SizedFolder[], diskBytes: number): string[][] {
  const total = folders.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total === diskBytes) return [];
  return folders.flatMap(({ path, owner, bytes }) => {
    if (owner === null) return [];
    const size = Math.max(PAGE_BYTES, Math.floor((bytes / total) * (diskBytes / PAGE_BYTES)) * PAGE_BYTES);
    return [['mount', '-t', 'tmpfs', '-o', `nosuid,nodev,${owner},size=${size}`, 'tmpfs', path]];
  });
}
