// What the processor can do. A frozen sandbox may have chosen its machine code by it, so its snapshot names it.
import { readFile } from 'node:fs/promises';
import { contentHash } from '../../lib/content-hash.ts';

/** A hash over the features of the first processor. */
export async function cpuFeatures(): Promise<string> {
  const cpu = await readFile('/proc/cpuinfo', 'utf8');
  return contentHash(/^(?:flags|Features)\s*:.*$/m.exec(cpu)?.[0] ?? '');
}
