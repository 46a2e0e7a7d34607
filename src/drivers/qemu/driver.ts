// The QEMU drivers: sandboxes that are virtual machines, with KVM or emulated, without network or writable disk.
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { SeedError } from '../../protocol/errors.ts';
import type { Driver } from '../driver.ts';
import { createSandboxes } from '../process/sandboxes.ts';
import { findQemuTools, type QemuTools } from '../vm/tools.ts';
import { freezeImage } from './freeze.ts';
import type { Accelerator } from './machine.ts';
import { ISOLATION, probeQemu } from './probe.ts';
import { startClone } from './start.ts';

export interface QemuOptions {
  /** Tools and snapshots are kept here; several drivers may share it. */
  cacheDir: string;
  /** This driver's sandboxes are kept here; no other may use it at the same time, for sweep() ends them all. */
  dataDir: string;
}

const NAMES = { kvm: 'qemu-kvm', tcg: 'qemu-emulated' } as const satisfies Record<Accelerator, string>;

export const createQemuKvmDriver = (options: QemuOptions) => createQemuDriver('kvm', options);
export const createQemuEmulatedDriver = (options: QemuOptions) => createQemuDriver('tcg', options);

function createQemuDriver(accelerator: Accelerator, { cacheDir, dataDir }: QemuOptions): Driver {
  const name = NAMES[accelerator];
  const sandboxes = createSandboxes(resolve(dataDir, name, 'sandboxes'));
  const snapshotsFolder = resolve(cacheDir, 'qemu/snapshots');
  const verdictsFolder = resolve(cacheDir, 'qemu/probes');

  async function requireTools(): Promise<QemuTools> {
    const tools = await findQemuTools(resolve(cacheDir));
    if (tools) return tools;
    throw new SeedError('no_usable_driver', 'QEMU is not set up. SEED_DRIVER=qemu npm start fetches it.');
  }

  return {
    ...sandboxes.calls,
    name,
    can: { link: 'stream', pause: false, reconnect: false, handover: false, longestLifeMs: null },
    async probe() {
      try {
        const tools = await requireTools();
        const folder = await sandboxes.folder(`probe-${randomUUID()}`);
        return await probeQemu({ accelerator, tools, folder, verdictsFolder });
      } catch (error) {
        return { usable: false, isolation: ISOLATION[accelerator], why: (error as Error).message };
      }
    },
    freeze: async (image, onProgress) =>
      freezeImage({ tools: await requireTools(), accelerator, driver: name, snapshotsFolder, image, onProgress }),
    async start(snapshot, limits, id) {
      const tools = await requireTools();
      const spec = { accelerator, limits, snapshot: snapshot.id };
      await sandboxes.start(id, { spec, deadline: limits.deadline }, (folder, leftovers) =>
        startClone({ tools, accelerator, folder, files: resolve(snapshot.dir), limits, leftovers }),
      );
    },
  };
}
