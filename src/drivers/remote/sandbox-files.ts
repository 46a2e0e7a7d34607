// What a vendor's snapshot or template has in /opt/seed: Pi with all it depends on, the guest, and the two
// programs by which it is kept and reached. Never the `seed` CLI. Made where npm is, on any system; used by
// makers of snapshots.
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { ensureFolder } from '../../lib/cache-folders.ts';
import { contentHash } from '../../lib/content-hash.ts';
import { trimPi } from '../image/pi-bundle.ts';
import { installPi, runtimeInputs } from '../image/rootfs.ts';
import { KEEPER_SOURCE } from './keeper.ts';

const BRIDGE_SOURCE = new URL('../../guest/bridge.pl', import.meta.url);
const SEED = 'opt/seed';

export interface SandboxFile {
  /** Within /opt/seed. */
  path: string;
  content: Uint8Array;
  mode: number;
}

export interface SandboxFilesOptions {
  cacheDir: string;
  guestBundle: Uint8Array;
  onProgress: (message: string) => void;
}

/** @throws SeedError setup_failed where npm has no way to its registry */
export async function sandboxFiles({
  cacheDir,
  guestBundle,
  onProgress,
}: SandboxFilesOptions): Promise<SandboxFile[]> {
  const folder = join(cacheDir, 'runtime', contentHash(...(await runtimeInputs())));
  const rootfs = join(folder, 'rootfs');
  const isComplete = () => existsSync(join(rootfs, SEED, 'node_modules'));
  if (!isComplete()) onProgress('installing Pi with npm');
  await ensureFolder(folder, isComplete, async (partial) => {
    const into = join(partial, 'rootfs', SEED);
    await mkdir(into, { recursive: true });
    await installPi(into);
  });
  const { guest, files } = await trimPi(guestBundle, { rootfs }, onProgress);
  const pi = join(rootfs, SEED);
  // A guest that takes nothing of Pi, as a test's does, needs nothing of it.
  const takesPi = Object.keys(files).length > 0;
  const found = !takesPi ? [] : await readdir(pi, { recursive: true, withFileTypes: true });
  const installed = found
    .filter((entry) => entry.isFile())
    .map((entry) => relative(pi, join(entry.parentPath, entry.name)));
  const [keeper, bridge] = await Promise.all([readFile(KEEPER_SOURCE), readFile(BRIDGE_SOURCE)]);
  return [
    ...(await Promise.all(
      installed.map(async (path) => ({ path, content: await readFile(join(pi, path)), mode: 0o644 })),
    )),
    ...Object.entries(files).map(([path, content]) => ({ path, content, mode: 0o644 })),
    { path: 'guest.mjs', content: guest, mode: 0o644 },
    { path: 'keeper', content: keeper, mode: 0o755 },
    { path: 'bridge', content: bridge, mode: 0o755 },
  ];
}
