// Every sandbox of a snapshot wakes up with the same random state. The kernel's is stirred with fresh bytes here; the agent's
// processes start later and take theirs from it. The guest's own state cannot be reseeded from JavaScript, so the guest
// draws nothing from it that must be unpredictable or unique: ids of tasks, keys and leases are all made on the host.
import { writeFileSync } from 'node:fs';

/** @param entropy fresh random bytes, base64 */
export function stirEntropy(entropy: string): void {
  // At once: a turn through Node's threads would cost more than the write.
  writeFileSync('/dev/urandom', Buffer.from(entropy, 'base64'), { flag: 'w' });
}
