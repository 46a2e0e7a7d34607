// The Firecracker driver: each sandbox is a virtual machine on KVM. Needs the user's own firecracker program.
import { randomUUID } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { SeedError } from '../../protocol/errors.ts';
import type { Driver, Image, Limits, Probe, Sandbox, SandboxId, Snapshot } from '../driver.ts';
import { createLeftovers, SANDBOX_ID } from '../process/sandbox-folder.ts';
import { MACHINE_SIZE } from './api.ts';
import { type Binaries, findBinaries } from './binaries.ts';
import { freezeImage } from './freeze.ts';
import { probeFirecracker } from './probe.ts';
import { removeSandbox } from './sandbox-folder.ts';
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
  const sandboxes = resolve(dataDir, 'firecracker/sandboxes');
  const leftovers = createLeftovers(removeSandbox);
  let found: Binaries | undefined;

  async function binaries(): Promise<Binaries> {
    found ??= await findBinaries({ setting: program, path, isRoot });
    return found;
  }

  async function sandboxFolder(id: SandboxId): Promise<string> {
    if (!SANDBOX_ID.test(id)) throw new SeedError('sandbox_failed', `Not a sandbox id: ${id}`);
    await mkdir(sandboxes, { recursive: true });
    return join(sandboxes, id);
  }

  async function probe(): Promise<Probe> {
    const folder = await sandboxFolder(`probe-${randomUUID()}`);
    return probeFirecracker({ findBinaries: binaries, sandboxFolder: folder });
  }

  async function freeze(image: Image, onProgress: (message: string) => void): Promise<Snapshot> {
    return freezeImage({
      binaries: await binaries(),
      snapshotsFolder: resolve(cacheDir, 'firecracker/snapshots'),
      image,
      vmImage: await makeVmImage(image, onProgress),
      onProgress,
    });
  }

  async function start(snapshot: Snapshot, limits: Limits, id: SandboxId): Promise<Sandbox> {
    checkLimits(limits);
    const folder = await sandboxFolder(id);
    await leftovers.clear(folder);
    return startSandbox({ folder, binaries: await binaries(), snapshot, limits, leftovers });
  }

  async function sweep(): Promise<SandboxId[]> {
    const ids = await readdir(sandboxes).catch(() => []);
    await Promise.all(ids.map((id) => removeSandbox(join(sandboxes, id))));
    return ids;
  }

  return { name: 'firecracker', probe, freeze, start, sweep, clean: leftovers.retry };
}

/** A snapshot has the size of its machine; inside it a task's limits can only be lower. */
function checkLimits({ memoryBytes, vcpus }: Limits): void {
  const refuse = (what: string) => {
    throw new SeedError('sandbox_failed', `Firecracker sandboxes have ${what}.`);
  };
  if (memoryBytes > MEMORY_BYTES) refuse(`${MEMORY_BYTES} bytes of memory, not ${memoryBytes}`);
  if (vcpus > MACHINE_SIZE.vcpus) refuse(`${MACHINE_SIZE.vcpus} processors, not ${vcpus}`);
}
