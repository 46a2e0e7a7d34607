// The QEMU drivers: sandboxes that are virtual machines, with KVM or emulated. No network device, no disk to write to.
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
import { findQemuTools, type QemuTools } from '../vm/tools.ts';
import { startClone } from './clone.ts';
import { freezeImage } from './freeze.ts';
import type { Accelerator } from './machine.ts';
import { ISOLATION, probeQemu } from './probe.ts';

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
  const sandboxes = resolve(dataDir, name, 'sandboxes');
  const leftovers = createLeftovers(removeSandbox);

  async function sandboxFolder(id: SandboxId): Promise<string> {
    if (!SANDBOX_ID.test(id)) throw new SeedError('sandbox_failed', `Not a sandbox id: ${id}`);
    await mkdir(sandboxes, { recursive: true });
    return join(sandboxes, id);
  }

  async function requireTools(): Promise<QemuTools> {
    const tools = await findQemuTools(resolve(cacheDir));
    if (tools) return tools;
    throw new SeedError('no_usable_driver', 'QEMU is not set up. SEED_DRIVER=qemu npm start fetches it.');
  }

  async function probe(): Promise<Probe> {
    try {
      const tools = await requireTools();
      const folder = await sandboxFolder(`probe-${randomUUID()}`);
      return await probeQemu({
        accelerator,
        tools,
        folder,
        verdictsFolder: resolve(cacheDir, 'qemu/probes'),
      });
    } catch (error) {
      return { usable: false, isolation: ISOLATION[accelerator], why: (error as Error).message };
    }
  }

  async function freeze(image: Image, onProgress: (message: string) => void): Promise<Snapshot> {
    const tools = await requireTools();
    const snapshotsFolder = resolve(cacheDir, 'qemu/snapshots');
    const frozen = await freezeImage({ tools, accelerator, snapshotsFolder, image, onProgress });
    return { ...frozen, driver: name };
  }

  async function start(snapshot: Snapshot, limits: Limits, id: SandboxId): Promise<Sandbox> {
    const folder = await sandboxFolder(id);
    const tools = await requireTools();
    await leftovers.clear(folder);
    await createSandboxFolder(folder, { accelerator, limits, snapshot: snapshot.id }, limits.deadline);
    try {
      return await startClone({
        tools,
        accelerator,
        folder,
        files: resolve(snapshot.dir),
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

  return { name, probe, freeze, start, sweep, clean: leftovers.retry };
}
