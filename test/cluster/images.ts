// The sandbox images that the cluster's tests run, put into its containerd: Seed's own, and one with the echo guest
// in its place. Used by global-setup.ts.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { made } from '../../deploy/image/entries.ts';
import { keptLayer } from '../../deploy/image/kept-layer.ts';
import { full, writeArchive, writeImage } from '../../deploy/image/oci.ts';
import { makeSandboxImage } from '../../deploy/image/sandbox.ts';
import { contentHash } from '../../src/lib/content-hash.ts';
import { cacheDirSetting } from '../../src/lib/settings.ts';
import type { Cluster } from './cluster.ts';
import { ctrOf } from './node.ts';

const ECHO_GUEST = new URL('../fixtures/echo-guest.mjs', import.meta.url);

export interface Images {
  sandbox: string;
  echo: string;
}

/** What the cluster has already is not put there again. */
export async function putImages(cluster: Cluster, onProgress: (message: string) => void): Promise<Images> {
  await putPause(cluster);
  const sandbox = await makeSandboxImage({ cacheDir: cacheDirSetting(), reference: undefined, onProgress });
  await put(cluster, sandbox.layout, sandbox.reference, onProgress);
  const guest = await readFile(ECHO_GUEST);
  const entries = async () => [made('opt/seed/guest.mjs', guest)];
  const { layout } = sandbox;
  const layer = await keptLayer({ layout, key: `echo ${contentHash(guest)}`, entries, onProgress });
  const layers = [...sandbox.layers, layer];
  const reference = `seed-echo:${contentHash(...layers.map(({ digest }) => digest))}`;
  await writeImage({ layout, layers, config: sandbox.config, reference });
  await put(cluster, layout, reference, onProgress);
  return { sandbox: sandbox.reference, echo: reference };
}

/** The cluster's own, which a kubelet removes when its disk is nearly full. */
async function putPause({ base }: Cluster): Promise<void> {
  const ctr = ctrOf(base);
  if (await isThere(ctr, 'seed.test/pause:1')) return;
  await ctr('images', 'import', join(base, 'run/img/pause.tar'));
}

const isThere = async (ctr: ReturnType<typeof ctrOf>, name: string) =>
  (await ctr('images', 'ls', '-q')).split('\n').includes(name);

async function put(cluster: Cluster, layout: string, reference: string, onProgress: (message: string) => void) {
  const ctr = ctrOf(cluster.base);
  if (await isThere(ctr, full(reference))) return;
  onProgress(`putting ${reference} into the cluster`);
  const folder = await mkdtemp(join(tmpdir(), 'seed-image-'));
  const archive = join(folder, 'image.tar');
  await writeArchive(layout, archive);
  await ctr('images', 'import', archive);
  await rm(folder, { recursive: true });
}
