// Makes a virtual machine's files for Firecracker from the same pieces as QEMU's machines: kernel, modules, initial RAM
// disk with the program that looks after the guest, and a squashfs of the image's root file system.
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeFolder, removePartialFolders } from '../../lib/atomic-folder.ts';
import { contentHash } from '../../lib/content-hash.ts';
import { withFileLock } from '../../lib/file-lock.ts';
import { markUsed, removeUnused } from '../../lib/remove-unused.ts';
import type { Image } from '../driver.ts';
import { buildDisk, DISK_FORMAT } from '../vm/disk.ts';
import { buildInitramfs, initramfsInputs } from '../vm/initramfs.ts';
import { ensureQemuTools, type QemuTools } from '../vm/tools.ts';
import { type MakeVmImage, type VmImage, VSOCK_BRIDGE } from './vm-image.ts';
import { unpackKernel } from './vmlinux.ts';

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
    if (!isComplete()) {
      await mkdir(images, { recursive: true });
      await withFileLock(join(images, 'lock'), async () => {
        if (isComplete()) return;
        onProgress('making the disk of a virtual machine');
        await removePartialFolders(images);
        await makeFolder(folder, (partial) => fill(partial, tools, image));
        await removeUnused(images);
      });
    }
    await markUsed(folder);
    return { id, ...filesOf(folder) };
  };
}

function filesOf(folder: string): Pick<VmImage, 'kernel' | 'initrd' | 'rootDisk'> {
  return {
    kernel: join(folder, 'vmlinux'),
    initrd: join(folder, 'initrd'),
    rootDisk: join(folder, 'disk.squashfs'),
  };
}

async function fill(folder: string, tools: QemuTools, image: Image): Promise<void> {
  const { kernel, initrd, rootDisk } = filesOf(folder);
  await writeFile(kernel, unpackKernel(await readFile(join(tools.folder, 'vmlinuz'))));
  await buildInitramfs(initrd, tools, image.command, VSOCK_BRIDGE);
  await buildDisk(rootDisk, tools, resolve(image.rootfs));
  for (const file of [kernel, initrd, rootDisk]) await chmod(file, 0o444);
  await writeFile(join(folder, 'image.json'), JSON.stringify({ image: image.id, tools: tools.id }));
}
