// Builds the first, small file system of a virtual machine: busybox, modules, and the two programs beside this file.
import { chmod, copyFile, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { exec } from '../../lib/exec.ts';
import type { QemuTools } from './tools.ts';

const PROGRAMS = import.meta.dirname;

/** What makes two initramfs of the same tools and command equal. */
export const initramfsInputs = ['init', 'supervise.py'].map((name) => join(PROGRAMS, name));

/**
 * Writes the archive to `path`. Without a command the machine only says that it has booted, and ends. A bridge carries
 * its two channels where the machine has no virtio ports for them.
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
