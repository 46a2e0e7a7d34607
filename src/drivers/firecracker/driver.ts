// The Firecracker driver: each sandbox is a virtual machine on KVM. Needs the user's own firecracker program.
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { SeedError } from '../../protocol/errors.ts';
import type { Driver, Limits } from '../driver.ts';
import { createSandboxes } from '../process/sandboxes.ts';
import { MACHINE_SIZE } from './api.ts';
import { type Binaries, findBinaries } from './binaries.ts';
import { freezeImage } from './freeze.ts';
import { removeCgroup } from './jail.ts';
import { probeFirecracker } from './probe.ts';
import { startSandbox } from './start.ts';
import type { MakeVmImage } from './vm-image.ts';

export interface FirecrackerOptions {
  /** Snapshots are kept here; several drivers may share it. */
  cacheDir: string;
  /** This driver's sandboxes are kept here; no other may use it at the same time, for sweep() ends them all. */
  dataDir: string;
  /** SEED_FIRECRACKER. */
  program: string | undefined;
  /** PATH. */
  path: string;
  /** Then the jailer is used. */
  isRoot: boolean;
  makeVmImage: MakeVmImage;
}

const MEMORY_BYTES = MACHINE_SIZE.memoryMib * 1024 * 1024;

export function createFirecrackerDriver(options: FirecrackerOptions): Driver {
  const { cacheDir, dataDir, program, path, isRoot, makeVmImage } = options;
  const sandboxes = createSandboxes(resolve(dataDir, 'firecracker/sandboxes'), { removeMore: removeCgroup });
  let found: Binaries | undefined;
  /** A probe has shown that the jailer may not use control groups here. */
  let noCgroups = false;

  async function binaries(): Promise<Binaries> {
    found ??= await findBinaries({ setting: program, path, isRoot });
    return noCgroups ? { ...found, mayUseCgroups: false } : found;
  }

  return {
    ...sandboxes.calls,
    name: 'firecracker',
    can: { link: 'stream', pause: false, reconnect: false, handover: false, longestLifeMs: null },
    version: async () => (await binaries()).version,
    async probe() {
      const sandboxFolder = await sandboxes.folder(`probe-${randomUUID()}`);
      const onNoCgroups = () => {
        noCgroups = true;
      };
      return probeFirecracker({ findBinaries: binaries, sandboxFolder, onNoCgroups });
    },
    freeze: async (image, onProgress) =>
      freezeImage({
        binaries: await binaries(),
        snapshotsFolder: resolve(cacheDir, 'firecracker/snapshots'),
        image,
        vmImage: await makeVmImage(image, onProgress),
        onProgress,
      }),
    async start(snapshot, limits, id) {
      checkLimits(limits);
      const parts = { binaries: await binaries(), snapshot, limits };
      const spec = { limits, snapshot: snapshot.id };
      await sandboxes.start(id, { spec, deadline: limits.deadline }, (folder, leftovers) =>
        startSandbox({ ...parts, folder, leftovers }),
      );
    },
  };
}

/** A snapshot has the size of its machine; inside it a task's limits can only be lower. */
function checkLimits({ memoryBytes, vcpus }: Limits): void {
  const refuse = (what: string) => {
    throw new SeedError('sandbox_failed', `Firecracker sandboxes have ${what}.`);
  };
  if (memoryBytes > MEMORY_BYTES) refuse(`${MEMORY_BYTES} bytes of memory, not ${memoryBytes}`);
  if (vcpus > MACHINE_SIZE.vcpus) refuse(`${MACHINE_SIZE.vcpus} processors, not ${vcpus}`);
}
