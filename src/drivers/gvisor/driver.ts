// The gVisor driver: sandboxes whose system calls are served by a kernel in user space. Needs no KVM and no root.
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import type { Driver } from '../driver.ts';
import { createSandboxes } from '../process/sandboxes.ts';
import { freezeImage } from './freeze.ts';
import { probeGvisor } from './probe.ts';
import { gvisorVersion } from './runsc.ts';
import { runtimeSpec } from './spec.ts';
import { startSandbox } from './start.ts';

export interface GvisorOptions {
  /** Snapshots are kept here; several drivers may share it. */
  cacheDir: string;
  /** This driver's sandboxes are kept here; no other may use it at the same time, for sweep() ends them all. */
  dataDir: string;
  runscPath: string;
}

export function createGvisorDriver({ cacheDir, dataDir, runscPath: path }: GvisorOptions): Driver {
  const runscPath = resolve(path);
  const sandboxes = createSandboxes(resolve(dataDir, 'gvisor/sandboxes'));
  return {
    ...sandboxes.calls,
    name: 'gvisor',
    can: { link: 'stream', pause: true, reconnect: false, handover: false, longestLifeMs: null },
    version: () => gvisorVersion(runscPath),
    probe: async () => probeGvisor(runscPath, await sandboxes.folder(`probe-${randomUUID()}`)),
    freeze: (image, onProgress) =>
      freezeImage({ runscPath, snapshotsFolder: resolve(cacheDir, 'gvisor/snapshots'), image, onProgress }),
    start({ image, dir }, limits, id) {
      const { deadline } = limits;
      const spec = runtimeSpec(resolve(image.rootfs), image.command);
      const command = ['restore', `--image-path=${resolve(dir)}`];
      return sandboxes.start(id, { spec, deadline }, (folder, leftovers) =>
        startSandbox({ runscPath, folder, command, deadline, limits, leftovers }),
      );
    },
  };
}
