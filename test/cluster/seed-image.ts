// Seed's own image, as this tree is, put into the cluster's containerd. Used by the chart's test.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exec } from '../../src/lib/exec.ts';
import { ctrOf } from './node.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Why there is none; null where it can be made. */
export const NO_IMAGE = existsSync(join(ROOT, 'deploy/image/seed.ts'))
  ? null
  : "no image of Seed's own can be made";

/** One that is there already is not put there again. @param base the cluster's folder */
export async function putSeedImage(base: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'seed-chart-'));
  const archive = join(folder, 'seed.tar');
  const ctr = ctrOf(base);
  try {
    const making = ['scripts/image.ts', 'seed', '--out', archive];
    const said = await exec(process.execPath, making, { cwd: ROOT, timeoutMs: 300_000 });
    const [reference = '', digest = ''] = said.trim().split(/\s+/);
    const lines = (await ctr('images', 'ls')).split('\n');
    const isThere = lines.some(
      (line) => line.startsWith(`docker.io/library/${reference} `) && line.includes(digest),
    );
    if (!isThere) await ctr('images', 'import', archive);
  } finally {
    await rm(folder, { recursive: true });
  }
}
