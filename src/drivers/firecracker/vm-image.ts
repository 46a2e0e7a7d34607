// What the Firecracker driver needs of a virtual machine's image, whoever makes it.
import { fileURLToPath } from 'node:url';
import type { Image } from '../driver.ts';

/**
 * Files of the host that every user may read. The initial RAM disk brings up virtio-mmio, virtio-blk and virtio-vsock,
 * makes the root file system ready (read-only but for folders in memory), and becomes `VSOCK_BRIDGE -- <supervisor>` in it.
 * The supervisor runs `image.command` with the stream on file descriptor 3. Its lines on descriptor 4: it takes an
 * `Identity` (../vm/identity.ts) as JSON and answers "started"; its last is "exited <code>" or "out_of_memory".
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
