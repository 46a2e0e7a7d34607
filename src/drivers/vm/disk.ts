// Makes the read-only disk of a virtual machine from an image's root file system. Needs no root.
import { exec } from '../../lib/exec.ts';
import { type QemuTools, toolCommand } from './tools.ts';

/** Its content, the identity of the machine, is mounted over it (supervise.py). */
const MACHINE_ID = 'etc/machine-id f 444 0 0 true';

/** LZ4 is the quickest to unpack, which an emulated processor does slowly. Part of the snapshot's id. */
export const DISK_FORMAT = ['-comp', 'lz4', '-all-root', '-no-xattrs', '-p', MACHINE_ID] as const;

export async function buildDisk(path: string, tools: QemuTools, rootfs: string): Promise<void> {
  const [program = '', ...args] = toolCommand(tools.folder, 'mksquashfs');
  await exec(program, [...args, rootfs, path, ...DISK_FORMAT, '-noappend', '-quiet', '-no-progress']);
}
