// The gVisor driver: sandboxes whose system calls are served by a kernel in user space. Needs no KVM and no root.
import { randomUUID } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { SeedError } from '../../protocol/errors.ts';
import type { Driver, Image, Limits, Probe, Sandbox, SandboxId, Snapshot } from '../driver.ts';
import {
  createLeftovers,
  createSandboxFolder,
  removeSandbox,
  SANDBOX_ID,
} from '../process/sandbox-folder.ts';
import { freezeImage } from './freeze.ts';
import { probeGvisor } from './probe.ts';
import { gvisorVersion } from './runsc.ts';
import { runtimeSpec } from './spec.ts';
import { startSupervised } from './start.ts';

export interface GvisorOptions {
  /** Snapshots are kept here; several drivers may share it. */
  cacheDir: string;
  /** This driver's sandboxes are kept here; no other may use it at the same time, for sweep() ends them all. */
  dataDir: string;
  runscPath: string;
}

export function createGvisorDriver({ cacheDir, dataDir, runscPath: path }: GvisorOptions): Driver {
  const runscPath = resolve(path);
  const sandboxes = resolve(dataDir, 'gvisor/sandboxes');
  const leftovers = createLeftovers(removeSandbox);

  async function sandboxFolder(id: SandboxId): Promise<string> {
    if (!SANDBOX_ID.test(id)) throw new SeedError('sandbox_failed', `Not a sandbox id: ${id}`);
    await mkdir(sandboxes, { recursive: true });
    return join(sandboxes, id);
  }

  async function probe(): Promise<Probe> {
    return probeGvisor(runscPath, await sandboxFolder(`probe-${randomUUID()}`));
  }

  function freeze(image: Image, onProgress: (message: string) => void): Promise<Snapshot> {
    return freezeImage({
      runscPath,
      snapshotsFolder: resolve(cacheDir, 'gvisor/snapshots'),
      image,
      onProgress,
    });
  }

  async function start(snapshot: Snapshot, limits: Limits, id: SandboxId): Promise<Sandbox> {
    const folder = await sandboxFolder(id);
    const { rootfs, command } = snapshot.image;
    await leftovers.clear(folder);
    await createSandboxFolder(folder, runtimeSpec(resolve(rootfs), command), limits.deadline);
    try {
      const restore = ['restore', `--image-path=${resolve(snapshot.dir)}`];
      return await startSupervised({
        runscPath,
        folder,
        command: restore,
        deadline: limits.deadline,
        limits,
        leftovers,
      });
    } catch (error) {
      await leftovers.remove(folder);
      throw error;
    }
  }

  async function sweep(): Promise<SandboxId[]> {
    const ids = await readdir(sandboxes).catch(() => []);
    await Promise.all(ids.map((id) => removeSandbox(join(sandboxes, id))));
    return ids;
  }

  return {
    name: 'gvisor',
    version: () => gvisorVersion(runscPath),
    probe,
    freeze,
    start,
    sweep,
    clean: leftovers.retry,
  };
}
