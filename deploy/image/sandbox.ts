// The image of sandboxes for clusters: the root file system that every driver's sandboxes have, and its guest,
// which waits at a socket, as its command. Called by scripts/image.ts.
import { join } from 'node:path';
import { runSetup } from '../../src/drivers/gvisor/run-setup.ts';
import { buildImage } from '../../src/drivers/image/build-image.ts';
import { bundleGuest } from '../../src/guest/bundle.ts';
import { lockedPackages } from './debian-lock.ts';
import { directory, type Entry, entriesOf } from './entries.ts';
import { keptLayer } from './kept-layer.ts';
import { type FinishedImage, writeImage } from './oci.ts';

export interface SandboxImageOptions {
  cacheDir: string;
  /** Default: `seed-sandbox:<id of the image>`. */
  reference: string | undefined;
  onProgress: (message: string) => void;
}

/** The user of a pod: who owns the folders that a task writes in. */
const AGENT = 1000;

/** Where the guest listens; the folder is to be a volume, for the root file system cannot be written. */
const LISTENING = { listen: '/run/seed/guest.sock', agent: null, runDir: null };

/** Folders that are mounted in a cluster, with whom they belong to where they are not. */
const WRITABLE: readonly Entry[] = [
  directory('workspace', { owner: AGENT }),
  directory('home/agent', { owner: AGENT }),
  directory('run/seed', { owner: AGENT }),
  directory('tmp', { mode: 0o1777 }),
];

/** Makes the OCI layout below the cache folder. */
export async function makeSandboxImage(options: SandboxImageOptions): Promise<FinishedImage> {
  const { cacheDir, onProgress } = options;
  const locked = await lockedPackages('sandbox');
  const guestBundle = await bundleGuest();
  const { image } = await buildImage({ cacheDir, guestBundle, runSetup, locked, onProgress });
  const layout = join(cacheDir, 'oci/sandbox');
  const entries = async () => [...(await entriesOf({ folder: image.rootfs, at: '' })), ...WRITABLE];
  const layer = await keptLayer({ layout, key: `sandbox ${image.id}`, entries, onProgress });
  const config = {
    User: `${AGENT}:${AGENT}`,
    Env: ['PATH=/usr/local/bin:/usr/bin:/bin', 'HOME=/home/agent', 'LANG=C.UTF-8', 'TZ=UTC'],
    Entrypoint: [...image.command, JSON.stringify(LISTENING)],
    WorkingDir: '/',
    // Nothing in it has anything to finish: what ends it is not to wait.
    StopSignal: 'SIGKILL',
    Labels: { 'dev.seed.image': image.id },
  };
  const reference = options.reference ?? `seed-sandbox:${image.id}`;
  return writeImage({ layout, layers: [layer], config, reference });
}
