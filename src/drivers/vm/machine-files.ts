// Makes the files of a virtual machine: its first, small file system (busybox, modules, the two programs beside
// this file) and the read-only disk from an image's root file system. Needs no root.
import { chmod, copyFile, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { exec } from '../../lib/exec.ts';
import { type QemuTools, toolCommand } from './tools.ts';

const PROGRAMS = import.meta.dirname;

/** What makes two initramfs of the same tools and command equal. */
export const initramfsInputs = ['init', 'supervise.py'].map((name) => join(PROGRAMS, name));

/**
 * Writes the archive to `path`. Without a command the machine only says that it has booted, and ends. A bridge
 * carries its two channels where the machine has no virtio ports for them.
 */
export async function buildInitramfs(
  path: string,
  tools: QemuTools,
  command?: readonly string[],
  bridgePath?: string,
): Promise<void> {
  const root = await mkdtemp(join(dirname(path), 'initramfs-'));
  try {
    for (const name of ['bin', 'dev', 'proc', 'root', 'sys']) await mkdir(join(root, name));
    await copyFile(join(tools.folder, 'bin/busybox'), join(root, 'bin/busybox'));
    // Without a bridge nothing in the machine has a use for vsock.
    const filter = (path: string) => bridgePath !== undefined || !path.includes('vsock');
    await cp(join(tools.folder, 'modules'), join(root, 'modules'), { recursive: true, filter });
    for (const source of initramfsInputs) await copyFile(source, join(root, source.slice(PROGRAMS.length)));
    await chmod(join(root, 'init'), 0o755);
    if (bridgePath) await copyFile(bridgePath, join(root, 'bridge.py'));
    if (command) {
      await writeFile(join(root, 'command.json'), JSON.stringify(command));
      await writeFile(join(root, 'now'), String(Math.floor(Date.now() / 1000)));
    }
    const archive = 'cd "$1" && find . | "$2" cpio -o -H newc >"$3"';
    await exec('sh', ['-c', archive, 'sh', root, join(tools.folder, 'bin/busybox'), path]);
    await chmod(path, 0o644);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** Its content, the identity of the machine, is mounted over it (supervise.py). */
const MACHINE_ID = 'etc/machine-id f 444 0 0 true';

/** LZ4 is the quickest to unpack, which an emulated processor does slowly. Part of the snapshot's id. */
export const DISK_FORMAT = ['-comp', 'lz4', '-all-root', '-no-xattrs', '-p', MACHINE_ID] as const;

export async function buildDisk(path: string, tools: QemuTools, rootfs: string): Promise<void> {
  const [program = '', ...args] = toolCommand(tools.folder, 'mksquashfs');
  await exec(program, [...args, rootfs, path, ...DISK_FORMAT, '-noappend', '-quiet', '-no-progress']);
}
