// Stirs fresh bytes into the kernel's randomness, which every process that starts later draws from. gVisor's kernel takes
// its randomness from the host's anyway; that of a virtual machine was frozen with the rest.
import { writeFileSync } from 'node:fs';

/** @param entropy fresh random bytes, base64 */
export function stirEntropy(entropy: string): void {
  // At once: a turn through Node's threads would cost more than the write.
  writeFileSync('/dev/urandom', Buffer.from(entropy, 'base64'), { flag: 'w' });
}
