// Makes a snapshot: boots the image until its guest has loaded, pauses the machine and keeps its state and memory.
import { chmod, chown, copyFile, link, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { getgid, getuid } from 'node:process';
import { contentHash } from '../../lib/content-hash.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Snapshot } from '../driver.ts';
import { patient } from '../patience.ts';
import { inSandboxFolder } from '../process/sandbox-folder.ts';
import { cpuFlags, ensureSnapshot, type FreezeRequest } from '../snapshot/record.ts';
import { bootRequests, FILES, freezeRequests, MACHINE_SIZE, MACHINE_VERSION } from './api.ts';
import type { Binaries } from './binaries.ts';
import { removeCgroup } from './jail.ts';
import { type Machine, startMachine } from './machine.ts';
import { mountObstacle } from './mount-obstacle.ts';
import type { VmImage } from './vm-image.ts';
import { CONTROL_PORT } from './vsock.ts';

const BOOT_TIMEOUT_MS = 10_000;
const READY_TIMEOUT_MS = 60_000;
const SNAPSHOT_TIMEOUT_MS = 60_000;

export interface Freeze extends FreezeRequest {
  binaries: Binaries;
  vmImage: VmImage;
}

/** The snapshot of the image on this machine; made when it is not there. */
export async function freezeImage(freeze: Freeze): Promise<Snapshot> {
  const { image, vmImage, snapshotsFolder, onProgress } = freeze;
  const id = await snapshotId(freeze);
  const fill = async (partial: string) => {
    await bootAndFreeze(freeze, partial).catch(async (cause: unknown) => {
      const obstacle = freeze.binaries.jailer && (await mountObstacle(snapshotsFolder, 'SEED_CACHE_DIR'));
      if (!obstacle || !(cause instanceof SeedError)) throw cause;
      throw new SeedError('setup_failed', cause.message, { hint: obstacle, cause });
    });
    // The same bytes that the frozen kernel has in its cache, however long others keep theirs.
    const disk = join(partial, FILES.disk);
    await link(vmImage.rootDisk, disk).catch(() => copyFile(vmImage.rootDisk, disk));
  };
  const made = { id, driver: 'firecracker', image };
  const driverVersion = freeze.binaries.version;
  return { ...made, dir: await ensureSnapshot({ ...made, snapshotsFolder, driverVersion, onProgress, fill }) };
}

/** A snapshot can be restored only by the Firecracker that made it, and on a processor with the same features. */
async function snapshotId({ image, vmImage, binaries }: Freeze): Promise<string> {
  const kernel = await readFile('/proc/sys/kernel/osrelease', 'utf8');
  const machine = JSON.stringify(MACHINE_SIZE);
  return contentHash(image.id, vmImage.id, binaries.version, MACHINE_VERSION, machine, await cpuFlags(), kernel);
}

async function bootAndFreeze({ binaries, snapshotsFolder, vmImage }: Freeze, snapshot: string): Promise<void> {
  const folder = join(snapshotsFolder, 'sandbox');
  const deadline = performance.now() + patient(BOOT_TIMEOUT_MS + READY_TIMEOUT_MS + SNAPSHOT_TIMEOUT_MS);
  const inputs = { kernel: vmImage.kernel, initrd: vmImage.initrd, disk: vmImage.rootDisk };
  await inSandboxFolder({ folder, spec: {}, deadline, removeMore: removeCgroup }, async () => {
    const machine = await startMachine({ folder, binaries, inputs, size: MACHINE_SIZE, deadline });
    try {
      await machine.send(bootRequests(MACHINE_SIZE), BOOT_TIMEOUT_MS);
      await guestIsReady(machine);
      await machine.send(freezeRequests(), SNAPSHOT_TIMEOUT_MS);
      for (const name of [FILES.state, FILES.memory]) await keep(machine.path(name), join(snapshot, name));
    } finally {
      await machine.kill();
    }
  });
}

/** Every machine reads it, as a user of its own; none may change it. */
async function keep(from: string, to: string): Promise<void> {
  await rename(from, to);
  await chown(to, getuid?.() ?? 0, getgid?.() ?? 0);
  await chmod(to, 0o444);
}

async function guestIsReady(machine: Machine): Promise<void> {
  const line = await readyLine(machine).catch((cause: unknown) => {
    if (machine.over.aborted) throw cause;
    const what = `The guest was not ready after ${patient(READY_TIMEOUT_MS) / 1000} s: ${machine.said()}`;
    throw new SeedError('setup_failed', what, { cause });
  });
  if (line === 'ready') return;
  const said = /^said (.*)$/.exec(line)?.[1];
  const what = said ? `said ${said} instead of "ready"` : `ended before it was ready (${line})`;
  throw new SeedError('setup_failed', `The guest ${what}: ${machine.said()}`);
}

async function readyLine(machine: Machine): Promise<string> {
  const control = await machine.connect(CONTROL_PORT, READY_TIMEOUT_MS);
  try {
    return await machine.line(control, READY_TIMEOUT_MS);
  } finally {
    // No connection may be open in the snapshot; when it has seen the end of this, the guest waits for the next.
    control.end();
  }
}
