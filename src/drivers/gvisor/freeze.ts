// Makes a snapshot: runs the image until its guest has loaded, and checkpoints it.
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { makeFolder, removePartialFolders } from '../../lib/atomic-folder.ts';
import { contentHash } from '../../lib/content-hash.ts';
import { exec } from '../../lib/exec.ts';
import { withFileLock } from '../../lib/file-lock.ts';
import { markUsed, removeUnused } from '../../lib/remove-unused.ts';
import { SeedError } from '../../protocol/errors.ts';
import { READY_LINE } from '../../protocol/guest-wire.ts';
import type { Image, Snapshot } from '../driver.ts';
import { CONTAINER, HOST_ENVIRONMENT, runscArgs } from './runsc.ts';
import { createSandboxFolder, removeSandbox } from './sandbox-folder.ts';
import { runtimeSpec, SPEC_VERSION } from './spec.ts';
import { type SupervisedSandbox, startSupervised } from './start.ts';
import { firstProcess, inside } from './supervisor.ts';

const READY_TIMEOUT_MS = 60_000;
const CHECKPOINT_TIMEOUT_MS = 60_000;

export interface Freeze {
  runscPath: string;
  /** Parent of all snapshots and of the one sandbox at a time that is being frozen. */
  snapshotsFolder: string;
  image: Image;
  onProgress: (message: string) => void;
}

/** The snapshot of the image on this machine; made when it is not there. */
export async function freezeImage(freeze: Freeze): Promise<Snapshot> {
  const { image, snapshotsFolder, onProgress } = freeze;
  const id = await snapshotId(freeze);
  const dir = join(snapshotsFolder, id);
  const isComplete = () => existsSync(join(dir, 'snapshot.json'));
  if (!isComplete()) {
    await mkdir(snapshotsFolder, { recursive: true });
    await withFileLock(join(snapshotsFolder, 'lock'), async () => {
      if (isComplete()) return;
      onProgress('freezing a sandbox with the agent loaded');
      await removePartialFolders(snapshotsFolder);
      await makeFolder(dir, async (partial) => {
        await checkpoint(freeze, partial);
        await writeFile(join(partial, 'snapshot.json'), JSON.stringify({ id, image: image.id }));
      });
      await removeUnused(snapshotsFolder);
    });
  }
  await markUsed(dir);
  return { id, driver: 'gvisor', dir, image };
}

/** A checkpoint can be restored only by the same runsc, and on a processor with the same features. */
async function snapshotId({ image, runscPath }: Freeze): Promise<string> {
  const version = await exec(runscPath, ['--version'], { env: HOST_ENVIRONMENT });
  const cpu = await readFile('/proc/cpuinfo', 'utf8');
  const features = /^(?:flags|Features)\s*:.*$/m.exec(cpu)?.[0] ?? '';
  return contentHash(image.id, image.command.join('\0'), version, SPEC_VERSION, features);
}

async function checkpoint({ image, runscPath, snapshotsFolder }: Freeze, imagePath: string): Promise<void> {
  const folder = join(snapshotsFolder, 'sandbox');
  // What a killed set-up left; its sandbox has ended with its deadline at the latest.
  await removeSandbox(folder);
  const deadline = new Date(Date.now() + READY_TIMEOUT_MS + CHECKPOINT_TIMEOUT_MS);
  await createSandboxFolder(folder, runtimeSpec(resolve(image.rootfs), image.command), deadline);
  const sandbox = await startSupervised({ runscPath, folder, command: ['run'], deadline });
  try {
    await guestIsReady(sandbox);
    const command = ['checkpoint', '--compression=none', `--image-path=${imagePath}`, CONTAINER];
    const pid = await firstProcess(sandbox.supervisorPid);
    if (!pid) throw new SeedError('sandbox_failed', 'The sandbox ended while it was being frozen.');
    const [program = '', ...rest] = inside(pid, runscArgs(runscPath, folder, command));
    await exec(program, rest, { env: HOST_ENVIRONMENT, timeoutMs: CHECKPOINT_TIMEOUT_MS });
  } finally {
    await sandbox.kill();
  }
}

async function guestIsReady(sandbox: SupervisedSandbox): Promise<void> {
  const limit = AbortSignal.timeout(READY_TIMEOUT_MS);
  const ended = sandbox.exited.then(({ reason }) => Promise.reject(new Error(reason)));
  try {
    await Promise.race([readyLine(sandbox.stream, limit), ended]);
  } catch (cause) {
    if (cause instanceof SeedError) throw cause;
    // A broken stream announces the end; its last words come with the exit.
    if (!limit.aborted) await sandbox.exited;
    const what = limit.aborted
      ? `was not ready after ${READY_TIMEOUT_MS / 1000} s`
      : 'ended before it was ready';
    throw new SeedError('setup_failed', `The guest ${what}: ${sandbox.stderr()}`, { cause });
  }
}

async function readyLine(stream: Readable, signal: AbortSignal): Promise<void> {
  let text = '';
  while (!text.endsWith(READY_LINE)) {
    const [chunk] = (await once(stream, 'data', { signal })) as [Buffer];
    text += chunk.toString('latin1');
    if (!READY_LINE.startsWith(text)) {
      throw new SeedError(
        'setup_failed',
        `The guest said ${JSON.stringify(text.slice(0, 200))} instead of "ready".`,
      );
    }
  }
}
