// Gives a restored sandbox its own name, machine-id, disk and randomness. Called by main.ts after the restore.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { statfs, writeFile } from 'node:fs/promises';
import { hostname as currentHostname } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { StartLine } from '../protocol/guest.ts';
import { forgetDrawn } from './kernel-randomness.ts';

/** More than the way from the host takes, and less than anybody minds. */
const CLOCK_SKEW_MS = 500;

/** The name that all sandboxes of the snapshot wake up with. */
const FROZEN_HOSTNAME = currentHostname();

/** Fresh randomness for the kernel and for this process. The first thing after the restore; takes no time. */
export function reseed({ entropy }: StartLine): void {
  forgetDrawn();
  // At once: a turn through Node's threads would cost more than the write.
  writeFileSync('/dev/urandom', Buffer.from(entropy, 'base64'), { flag: 'w' });
}

/**
 * Gives the machine its names, clock and disk. A driver that does this itself has done it before the guest runs.
 * @param runDir where to write what is laid over the files in /etc; null on a machine that is nobody's to rename
 */
export async function becomeSomebody(start: StartLine, runDir: string | null): Promise<void> {
  if (runDir === null || currentHostname() !== FROZEN_HOSTNAME) return;
  const { hostname, machineId } = identityFrom(start.entropy);
  const files = {
    hostname: `${hostname}\n`,
    hosts: `127.0.0.1 localhost ${hostname}\n::1 localhost\n`,
    'machine-id': `${machineId}\n`,
  };
  const laidOver = Object.keys(files).map((name) => `${join(runDir, name)} /etc/${name} none bind 0 0\n`);
  await Promise.all(
    Object.entries({ ...files, fstab: laidOver.join('') }).map(([name, text]) =>
      writeFile(join(runDir, name), text, { mode: 0o644 }),
    ),
  );
  await asRoot([
    ['hostname', hostname],
    // One process for all three: starting one is what costs.
    ['mount', '--all', '--fstab', join(runDir, 'fstab')],
    ...clockCommand(start.now),
    ...(await resizedMounts(start.diskBytes ?? null)),
  ]);
}

/** Derived from fresh bytes and not drawn: nothing of the frozen process's own state is in it. */
export function identityFrom(entropy: string): { hostname: string; machineId: string } {
  const derived = (use: string) => createHash('sha256').update(`${use}\0${entropy}`).digest('hex');
  const hostname = `sandbox-${derived('hostname').slice(0, 12)}`;
  return { hostname, machineId: derived('machine-id').slice(0, 32) };
}

/** Sets a clock that stood still, as gVisor's does not. The line may have waited: a clock ahead of it is right. */
function clockCommand(now: string): string[][] {
  return Date.parse(now) - Date.now() > CLOCK_SKEW_MS ? [['date', '--utc', `--set=${now}`]] : [];
}

const run = promisify(execFile);

/** Newer gVisors cannot lay a file over a file by the new mount calls; with this, mount makes the old ones. */
const OLD_MOUNT_CALLS = { LIBMOUNT_FORCE_MOUNT2: 'always' };

/** One shell for all, as starting a process takes the longest. No word may have spaces. Rejects when one fails. */
async function asRoot(commands: readonly (readonly string[])[]): Promise<void> {
  const args = commands.flatMap((command) => [...command, ';']);
  await run('/bin/sh', ['-c', EACH, 'each', ...args], {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...OLD_MOUNT_CALLS },
  });
}

/** Runs commands that are given one after the other, each ended by a semicolon as a word of its own. */
const EACH = `set -e
while [ $# -gt 0 ]; do
  command=
  while [ "$1" != ";" ]; do command="$command $1"; shift; done
  shift
  $command >/dev/null
done`;

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

/** Makes all folders together as large as `diskBytes`, each keeping its share; not when they are on a disk. */
async function resizedMounts(diskBytes: number | null): Promise<string[][]> {
  if (diskBytes === null) return [];
  const mounted = await Promise.all(FOLDERS.map(async (each) => ({ ...each, ...(await statfs(each.path)) })));
  if (mounted.some(({ type }) => type !== TMPFS_MAGIC)) return [];
  const sized = mounted.map(({ path, owner, blocks, bsize }) => ({ path, owner, bytes: blocks * bsize }));
  return mountCommands(sized, diskBytes);
}

type SizedFolder = { path: string; owner: string | null; bytes: number };

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
