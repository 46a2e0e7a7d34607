// Makes a snapshot: runs the image until its guest has loaded, and checkpoints it.
import { join, resolve } from 'node:path';
import { contentHash } from '../../lib/content-hash.ts';
import { exec } from '../../lib/exec.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Snapshot } from '../driver.ts';
import { patient } from '../patience.ts';
import { inSandboxFolder } from '../process/sandbox-folder.ts';
import { firstProcess, HOST_ENVIRONMENT, inside } from '../process/supervisor.ts';
import { guestIsReady } from '../snapshot/guest-ready.ts';
import { cpuFeatures, ensureSnapshot, type FreezeRequest } from '../snapshot/record.ts';
import { CONTAINER, gvisorVersion, runscArgs } from './runsc.ts';
import { runtimeSpec } from './spec.ts';
import { startSandbox } from './start.ts';

const READY_TIMEOUT_MS = 60_000;
const CHECKPOINT_TIMEOUT_MS = 60_000;

export interface Freeze extends FreezeRequest {
  runscPath: string;
}

/** The snapshot of the image on this machine; made when it is not there. */
export async function freezeImage(freeze: Freeze): Promise<Snapshot> {
  const { image, snapshotsFolder, onProgress } = freeze;
  const driverVersion = await gvisorVersion(freeze.runscPath);
  // A checkpoint can be restored only by the same runsc, and on a processor with the same features.
  const id = contentHash(image.id, image.command.join('\0'), driverVersion, await cpuFeatures());
  const made = { id, driver: 'gvisor', image };
  const fill = (partial: string) => checkpoint(freeze, partial);
  return { ...made, dir: await ensureSnapshot({ ...made, snapshotsFolder, driverVersion, onProgress, fill }) };
}

async function checkpoint({ image, runscPath, snapshotsFolder }: Freeze, imagePath: string): Promise<void> {
  const folder = join(snapshotsFolder, 'sandbox');
  const deadline = performance.now() + patient(READY_TIMEOUT_MS + CHECKPOINT_TIMEOUT_MS);
  const spec = runtimeSpec(resolve(image.rootfs), image.command);
  await inSandboxFolder({ folder, spec, deadline }, async () => {
    const sandbox = await startSandbox({ runscPath, folder, command: ['run'], deadline });
    try {
      await guestIsReady(sandbox, patient(READY_TIMEOUT_MS), sandbox.said);
      // It outlives its checkpoint: what makes that is in its namespace, and would be killed with it, too early.
      const command = [
        'checkpoint',
        '--leave-running',
        '--compression=none',
        `--image-path=${imagePath}`,
        CONTAINER,
      ];
      const pid = await firstProcess(sandbox.pid);
      if (!pid) throw new SeedError('sandbox_failed', 'The sandbox ended while it was being frozen.');
      const [program = '', ...rest] = inside(pid, runscArgs(runscPath, folder, command));
      await exec(program, rest, { env: HOST_ENVIRONMENT, timeoutMs: patient(CHECKPOINT_TIMEOUT_MS) });
    } finally {
      await sandbox.kill();
    }
  });
}
