// The files of a virtual machine for Firecracker, made from the same pieces as QEMU's machines: kernel, modules,
// initial RAM disk with the program that looks after the guest, and a squashfs of the image's root file system.
import { existsSync } from 'node:fs';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureFolder } from '../../lib/cache-folders.ts';
import { contentHash } from '../../lib/content-hash.ts';
import type { Image } from '../driver.ts';
import { buildDisk, buildInitramfs, DISK_FORMAT, initramfsInputs } from '../vm/machine-files.ts';
import { ensureQemuTools, type QemuTools } from '../vm/tools.ts';
import { unpackKernel } from './kernel.ts';

/**
 * Files of the host that every user may read. The initial RAM disk brings up virtio-mmio, virtio-blk and
 * virtio-vsock, makes the root file system ready (read-only but for folders in memory), and becomes `VSOCK_BRIDGE
 * -- <supervisor>` in it. The supervisor runs `image.command` with the stream on file descriptor 3. On number 4 it
 * takes an `Identity` (vm/control.ts) as JSON, says "started" and last "exited <code>" or "out_of_memory".
 */
export interface VmImage {
  /** Content hash over everything that went in. */
  id: string;
  /** Uncompressed ELF file. */
  kernel: string;
  initrd: string;
  /** The machine's /dev/vda. */
  rootDisk: string;
}

/** Makes the machine's files, or finds them; quick when nothing changed. */
export type MakeVmImage = (image: Image, onProgress: (message: string) => void) => Promise<VmImage>;

/** The script that carries stream and control over vsock inside the machine. */
export const VSOCK_BRIDGE = fileURLToPath(new URL('./vsock-bridge.py', import.meta.url));

/** Keeps the images under `<cacheDir>/firecracker/images`. What it returns throws SeedError `setup_failed`. */
export function vmImageMaker(cacheDir: string): MakeVmImage {
  const images = resolve(cacheDir, 'firecracker/images');
  return async (image, onProgress) => {
    const tools = await ensureQemuTools(resolve(cacheDir), onProgress);
    const programs = await Promise.all([...initramfsInputs, VSOCK_BRIDGE].map((path) => readFile(path)));
    const command = image.command.join('\0');
    const id = contentHash(image.id, command, tools.id, DISK_FORMAT.join(' '), ...programs);
    const folder = join(images, id);
    const isComplete = () => existsSync(join(folder, 'image.json'));
    await ensureFolder(folder, isComplete, async (partial) => {
      onProgress('making the disk of a virtual machine');
      await fill(partial, tools, image);
    });
    return { id, ...filesOf(folder) };
  };
}

function filesOf(folder: string): Pick<VmImage, 'kernel' | 'initrd' | 'rootDisk'> {
  const [kernel, initrd] = [join(folder, 'vmlinux'), join(folder, 'initrd')];
  return { kernel, initrd, rootDisk: join(folder, 'disk.squashfs') };
}

async function fill(folder: string, tools: QemuTools, image: Image): Promise<void> {
  const { kernel, initrd, rootDisk } = filesOf(folder);
  await writeFile(kernel, unpackKernel(await readFile(join(tools.folder, 'vmlinuz'))));
  await buildInitramfs(initrd, tools, image.command, VSOCK_BRIDGE);
  await buildDisk(rootDisk, tools, resolve(image.rootfs));
  for (const file of [kernel, initrd, rootDisk]) await chmod(file, 0o444);
  await writeFile(join(folder, 'image.json'), JSON.stringify({ image: image.id, tools: tools.id }));
}
