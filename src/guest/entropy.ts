// Stirs fresh bytes into the kernel's randomness, which every process that starts later draws from. gVisor's kernel takes
// its randomness from the host's anyway; that of a virtual machine was frozen with the rest.
import { writeFile } from 'node:fs/promises';

/** @param entropy fresh random bytes, base64 */
export async function stirEntropy(entropy: string): Promise<void> {
  await writeFile('/dev/urandom', Buffer.from(entropy, 'base64'), { flag: 'w' });
}
