// What can be told of this machine's KVM without running anything. Only explains: the probe decides by booting.
import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';

const DEVICE = '/dev/kvm';
/** Intel's and AMD's virtualization. */
const FEATURES = /^flags\s*:.*\b(?:vmx|svm)\b/m;

/** What stands in the way, with what to do about it; undefined when nothing shows. */
export async function kvmObstacle(
  device: string = DEVICE,
  cpuinfo = '/proc/cpuinfo',
): Promise<string | undefined> {
  const problem = await access(device, constants.R_OK | constants.W_OK).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error.code,
  );
  if (problem === 'ENOENT') {
    return `There is no ${device}: this machine has no KVM. Turn virtualization on in its firmware, or nested virtualization in its host.`;
  }
  if (problem !== undefined) {
    return `${device} cannot be opened by this user (${problem}). Run once as root: usermod -aG kvm "$USER", and log in again.`;
  }
  if (FEATURES.test(await readFile(cpuinfo, 'utf8'))) return undefined;
  return `${device} is there and opens, but the processor shows neither vmx nor svm: no hardware stands behind it, and a kernel does not boot on it in reasonable time. Use a machine with (nested) hardware virtualization.`;
}
