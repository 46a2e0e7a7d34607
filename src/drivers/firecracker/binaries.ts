// Finds the user's firecracker and jailer programs and checks their versions. Seed does not install them.
import { constants } from 'node:fs';
import { access, realpath } from 'node:fs/promises';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import { exec } from '../../lib/exec.ts';
import { SeedError } from '../../protocol/errors.ts';
import { patient } from '../patience.ts';
import { HOST_ENVIRONMENT } from '../process/supervisor.ts';

/** The first to restore vsock machines under another socket and to let their guests reach the host again. */
const OLDEST = [1, 16, 1] as const;
const VERSION_TIMEOUT_MS = 5_000;
const HINT = `Install Firecracker ${OLDEST.join('.')} or newer from its project's releases, then put it on the PATH or set SEED_FIRECRACKER to it.`;

export interface Binaries {
  /** Absolute, without links. */
  firecracker: string;
  /** As root: drops to an unprivileged user in a chroot. Null: an ordinary user, who has nothing to drop. */
  jailer: string | null;
  version: string;
  /** Whether the jailer may make control groups of this host. Missing: where there are any it tries. */
  mayUseCgroups?: boolean;
}

export interface FindBinaries {
  /** SEED_FIRECRACKER. */
  setting: string | undefined;
  /** PATH. */
  path: string;
  isRoot: boolean;
}

/** Throws SeedError `no_usable_driver` naming what is missing or too old. */
export async function findBinaries({ setting, path, isRoot }: FindBinaries): Promise<Binaries> {
  const found = setting === undefined ? await onPath('firecracker', path) : await executable(resolve(setting));
  if (found === undefined) {
    const unset = 'SEED_FIRECRACKER is not set and there is none on the PATH';
    const where = setting === undefined ? unset : `SEED_FIRECRACKER is ${setting}, which is no program`;
    throw new SeedError('no_usable_driver', `There is no firecracker program: ${where}.`, { hint: HINT });
  }
  const firecracker = await realpath(found);
  const version = await versionOf(firecracker);
  if (!isAtLeast(version, OLDEST)) {
    const what = `${firecracker} is version ${version}, older than ${OLDEST.join('.')}.`;
    throw new SeedError('no_usable_driver', what, { hint: HINT });
  }
  return { firecracker, jailer: isRoot ? await findJailer(firecracker, version, path) : null, version };
}

async function findJailer(firecracker: string, version: string, path: string): Promise<string> {
  const name = basename(firecracker);
  if (!name.includes('firecracker')) {
    const hint = 'Rename it so that its name contains "firecracker".';
    throw new SeedError('no_usable_driver', `The jailer refuses ${firecracker}.`, { hint });
  }
  // Releases name both programs alike: firecracker-v1.16.1-x86_64 and jailer-v1.16.1-x86_64.
  const beside = join(dirname(firecracker), name.replace('firecracker', 'jailer'));
  const jailer = (await executable(beside)) ?? (await onPath('jailer', path));
  const hint = `Put the jailer of version ${version} beside ${firecracker}, or run Seed as an ordinary user with access to /dev/kvm.`;
  if (jailer === undefined) {
    throw new SeedError('no_usable_driver', 'As root Firecracker needs its jailer, and there is none.', { hint });
  }
  const jailerVersion = await versionOf(jailer);
  if (jailerVersion === version) return jailer;
  const what = `${jailer} is version ${jailerVersion}, Firecracker is ${version}.`;
  throw new SeedError('no_usable_driver', what, { hint });
}

async function versionOf(program: string): Promise<string> {
  const options = { env: HOST_ENVIRONMENT, timeoutMs: patient(VERSION_TIMEOUT_MS), hint: HINT };
  const said = await exec(program, ['--version'], options);
  return parseVersion(said) ?? said.slice(0, 100).trim();
}

/** From "Firecracker v1.16.1" and whatever follows. */
export function parseVersion(text: string): string | undefined {
  return /^(?:Firecracker|Jailer) v(\d+\.\d+\.\d+\S*)/im.exec(text)?.[1];
}

export function isAtLeast(version: string, oldest: readonly number[]): boolean {
  const numbers = /^(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
  if (!numbers) return false;
  for (const [index, least] of oldest.entries()) {
    const number = numbers[index] ?? 0;
    if (number !== least) return number > least;
  }
  return true;
}

async function onPath(name: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(delimiter).filter(Boolean)) {
    const found = await executable(join(folder, name));
    if (found !== undefined) return found;
  }
  return undefined;
}

async function executable(path: string): Promise<string | undefined> {
  return access(path, constants.X_OK).then(
    () => path,
    () => undefined,
  );
}
