// Makes a snapshot: boots the image until its guest has loaded, stops the machine, keeps memory, devices and disk.
import { chmod, chown, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { contentHash } from '../../lib/content-hash.ts';
import type { Snapshot } from '../driver.ts';
import { patient } from '../patience.ts';
import { inSandboxFolder } from '../process/sandbox-folder.ts';
import { isRoot } from '../process/supervisor.ts';
import { guestIsReady } from '../snapshot/guest-ready.ts';
import { cpuFlags, ensureSnapshot, type FreezeRequest } from '../snapshot/record.ts';
import { buildDisk, buildInitramfs, DISK_FORMAT, initramfsInputs } from '../vm/machine-files.ts';
import type { QemuTools } from '../vm/tools.ts';
import { JAIL, QEMU_UID } from './jail.ts';
import { type Accelerator, FILES, hostTscKhz, type Machine, machineArgs } from './machine.ts';
import { startMachine } from './start.ts';

/** Pi takes its time on an emulated processor. */
const READY_TIMEOUT_MS = 240_000;
const SAVE_TIMEOUT_MS = 60_000;

export interface Freeze extends FreezeRequest {
  tools: QemuTools;
  accelerator: Accelerator;
  /** The driver's name. */
  driver: string;
}

/** The snapshot of the image on this machine; made when it is not there. */
export async function freezeImage(freeze: Freeze): Promise<Snapshot> {
  const { image, snapshotsFolder, accelerator, driver } = freeze;
  const id = await snapshotId(freeze);
  const onProgress = (message: string) => {
    freeze.onProgress(accelerator === 'tcg' ? `${message}, emulated: takes about a minute` : message);
  };
  const fill = (partial: string) => fillSnapshot(freeze, partial);
  const making = { snapshotsFolder, id, driver, driverVersion: id, image, onProgress, fill };
  return { id, driver, dir: await ensureSnapshot(making), image };
}

/** A device state is good for the same QEMU and machine; with KVM the guest also knows its processor. */
async function snapshotId({ image, tools, accelerator }: Freeze): Promise<string> {
  const machine = machineArgs({ accelerator, memory: { kind: 'template' }, tscKhz: await hostTscKhz() });
  const programs = await Promise.all(initramfsInputs.map((path) => readFile(path)));
  const features = accelerator === 'kvm' ? await cpuFlags() : '';
  const made = [...image.command, ...machine, ...DISK_FORMAT].join('\0');
  return contentHash(image.id, tools.id, made, features, ...programs);
}

async function fillSnapshot(freeze: Freeze, dir: string): Promise<void> {
  const { tools, image, accelerator, snapshotsFolder } = freeze;
  const folder = resolve(snapshotsFolder, 'sandbox');
  await buildDisk(join(dir, FILES.disk), tools, image.rootfs);
  await buildInitramfs(join(dir, FILES.initramfs), tools, image.command);
  await chmod(join(dir, FILES.disk), 0o444);
  await chmod(dir, 0o755);
  const out = await mkdtemp(join(dir, 'out-'));
  if (isRoot()) await chown(out, QEMU_UID, QEMU_UID);
  const deadline = performance.now() + patient(READY_TIMEOUT_MS + SAVE_TIMEOUT_MS);
  const machine: Machine = { accelerator, memory: { kind: 'template' }, tscKhz: await hostTscKhz() };
  await inSandboxFolder({ folder, spec: { machine, tools: tools.id }, deadline }, async () => {
    const template = await startMachine({ tools, folder, machine, files: dir, out, deadline });
    try {
      await guestIsReady(template, patient(READY_TIMEOUT_MS), template.said);
      const qmp = await template.qmp();
      await qmp.execute('stop');
      await qmp.migrate('migrate', join(JAIL.out, FILES.state));
    } finally {
      await template.kill();
    }
  });
  for (const name of [FILES.ram, FILES.state]) {
    // Clones may read the file and nobody may change it.
    if (isRoot()) await chown(join(out, name), 0, 0);
    await chmod(join(out, name), 0o444);
    await rename(join(out, name), join(dir, name));
  }
  await rm(out, { recursive: true });
  await rm(join(dir, FILES.initramfs));
}
