// The image of sandboxes for clusters: the root file system that every driver's sandboxes have, and its guest,
// which waits at a socket, as its command. Called by scripts/image.ts.
import { join } from 'node:path';
import { runSetup } from '../../src/drivers/gvisor/run-setup.ts';
import { buildImage } from '../../src/drivers/image/build-image.ts';
import { LISTENING_GUEST } from '../../src/drivers/kubernetes/listening-guest.ts';
import { bundleGuest } from '../../src/guest/bundle.ts';
import { lockedPackages } from './debian-lock.ts';
import { directory, type Entry, entriesOf } from './entries.ts';
import { keptLayer } from './kept-layer.ts';
import { type FinishedImage, type ImageConfig, writeImage } from './oci.ts';

export interface SandboxImageOptions {
  cacheDir: string;
  /** Default: `seed-sandbox:<id of the image>`. */
  reference: string | undefined;
  onProgress: (message: string) => void;
}

/** The user of a pod: who owns the folders that a task writes in. */
const AGENT = 1000;

/** Folders that are mounted in a cluster, with whom they belong to where they are not. */
const WRITABLE: readonly Entry[] = [
  directory('workspace', { owner: AGENT }),
  directory('home/agent', { owner: AGENT }),
  directory('run/seed', { owner: AGENT }),
  directory('tmp', { mode: 0o1777 }),
];

/** The folder that changes with the guest; the rest is large, and the same for years. */
const SEED = 'opt/seed';

/** Makes the OCI layout below the cache folder. */
export async function makeSandboxImage(options: SandboxImageOptions): Promise<FinishedImage> {
  const { cacheDir, onProgress } = options;
  const locked = await lockedPackages('sandbox');
  const guestBundle = await bundleGuest();
  const { image, baseId } = await buildImage({ cacheDir, guestBundle, runSetup, locked, onProgress });
  const layout = join(cacheDir, 'oci/sandbox');
  const base = await keptLayer({
    layout,
    key: `sandbox base ${baseId}`,
    entries: async () => [
      ...(await entriesOf({ folder: image.rootfs, at: '', without: (path) => path === SEED })),
      ...WRITABLE,
    ],
    onProgress,
  });
  const seed = await keptLayer({
    layout,
    key: `sandbox ${image.id}`,
    entries: () => entriesOf({ folder: join(image.rootfs, SEED), at: SEED }),
    onProgress,
  });
  const config: ImageConfig = {
    User: `${AGENT}:${AGENT}`,
    Env: ['PATH=/usr/local/bin:/usr/bin:/bin', 'HOME=/home/agent', 'LANG=C.UTF-8', 'TZ=UTC'],
    Entrypoint: LISTENING_GUEST,
    WorkingDir: '/',
    // What is to end is to end at once: nothing in it is worth saving.
    StopSignal: 'SIGKILL',
    Labels: { 'dev.seed.image': image.id },
  };
  const reference = options.reference ?? `seed-sandbox:${image.id}`;
  return writeImage({ layout, layers: [base, seed], config, reference });
}
