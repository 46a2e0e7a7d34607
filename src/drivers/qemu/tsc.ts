// How fast the host's time stamp counter runs.
import { readFile } from 'node:fs/promises';

/** Hosts measure it anew at each start; the same machine shall give the same number. */
const ROUND_KHZ = 100;

/** In kHz; undefined where the host's kernel does not know. */
export async function hostTscKhz(): Promise<number | undefined> {
  return parseTscKhz(await readFile('/proc/cpuinfo', 'utf8'));
}

/** Linux derives its BogoMIPS from the counter where that is constant: two for each million ticks a second. */
export function parseTscKhz(cpuinfo: string): number | undefined {
  const bogomips = Number(/^bogomips\s*: ([\d.]+)$/m.exec(cpuinfo)?.[1] ?? Number.NaN);
  const isConstant = /^flags\s*:.*\bconstant_tsc\b/m.test(cpuinfo);
  if (!isConstant || Number.isNaN(bogomips)) return undefined;
  return Math.round((bogomips * 500) / ROUND_KHZ) * ROUND_KHZ;
}
