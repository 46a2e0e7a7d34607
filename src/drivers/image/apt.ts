// Debian packages: fetched with apt, which checks them against the signed index, into folders of our own, so that
// it needs no root and leaves the machine's apt state alone; and unpacked into a root file system.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exec } from '../../lib/exec.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Distribution } from './distribution.ts';

export interface Package {
  name: string;
  version: string;
  file: string;
}

/** One package as a lock file has it. */
export interface LockedPackage {
  name: string;
  version: string;
  /** Of its file, in hexadecimal digits. */
  sha256: string;
}

const NETWORK_HINT =
  'Check that this machine reaches the mirror its apt is set to (apt-get update), then run it again.';

/** Downloads `names` and everything they depend on below `folder`; sorted by name. */
export async function fetchPackages(
  folder: string,
  distribution: Distribution,
  names: readonly string[],
): Promise<Package[]> {
  const { apt, archives } = await privateApt(folder, distribution);
  await apt('install', '--download-only', '--no-install-recommends', ...names);
  return packagesIn(archives);
}

/**
 * Downloads exactly these packages below `folder`; sorted by name. Throws SeedError `setup_failed` that names
 * those which the mirror has no more in that version, or whose file is another than the locked one.
 */
export async function fetchLocked(
  folder: string,
  distribution: Distribution,
  locked: readonly LockedPackage[],
): Promise<Package[]> {
  const { apt, archives } = await privateApt(folder, distribution);
  const asked = locked.map(({ name, version }) => `${name}=${version}`);
  await apt('download', ...asked).catch((error: Error) => {
    throw movedOn(error, distribution);
  });
  const packages = await packagesIn(archives);
  const other: string[] = [];
  for (const { name, file } of packages) {
    const sum = createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
    if (locked.find((one) => one.name === name)?.sha256 !== sum) other.push(name);
  }
  if (other.length === 0) return packages;
  throw new SeedError('setup_failed', `The mirror has other files than the lock for ${other.join(', ')}.`, {
    hint: RENEW_HINT,
  });
}

const RENEW_HINT =
  'Renew the lock, and look at what has changed: see "The lock of Debian packages" in docs/containers.md.';

/** apt names each version that it does not find; a distribution replaces versions when it mends something. */
function movedOn(error: Error, { suite }: Distribution): Error {
  const missing = [...error.message.matchAll(/Version '([^']+)' for '([^']+)' was not found/g)];
  const unknown = [...error.message.matchAll(/Unable to locate package (\S+)/g)];
  const names = [
    ...missing.map(([, version, name]) => `${name} ${version}`),
    ...unknown.map(([, name]) => name ?? ''),
  ];
  if (names.length === 0) return error;
  const what = `The mirror's ${suite} no longer has what the lock pins: ${names.join(', ')}.`;
  return new SeedError('setup_failed', what, { hint: RENEW_HINT, cause: error });
}

/** apt with an index of its own in `folder`, just updated, which downloads into `archives`. */
async function privateApt(folder: string, distribution: Distribution) {
  const options = await preparePrivateApt(folder, distribution);
  const archives = join(folder, 'cache/archives');
  const apt = (...args: string[]) =>
    exec('apt-get', [...options, '-qq', ...args], { cwd: archives, hint: NETWORK_HINT });
  await apt('update');
  return { apt, archives };
}

async function packagesIn(archives: string): Promise<Package[]> {
  const files = (await readdir(archives)).filter((file) => file.endsWith('.deb')).sort();
  return files.map((file) => ({ ...parsePackageFile(file), file: join(archives, file) }));
}

async function preparePrivateApt(folder: string, distribution: Distribution): Promise<string[]> {
  const { mirror, suite, components, keyring } = distribution;
  const source = `deb [signed-by=${keyring}] ${mirror} ${suite} ${components.join(' ')}\n`;
  await mkdir(join(folder, 'state/lists/partial'), { recursive: true });
  await mkdir(join(folder, 'cache/archives/partial'), { recursive: true });
  await writeFile(join(folder, 'sources.list'), source);
  await writeFile(join(folder, 'status'), '');
  const settings = {
    'Dir::State': join(folder, 'state'),
    'Dir::State::status': join(folder, 'status'),
    'Dir::Cache': join(folder, 'cache'),
    'Dir::Etc::sourcelist': join(folder, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferences': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    'Dir::Log': join(folder, 'log'),
    'APT::Sandbox::User': '',
    'APT::Get::Assume-Yes': 'true',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '3',
    'Debug::NoLocking': 'true',
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

/** apt names its files `<name>_<version>_<architecture>.deb`, with `:` written as `%3a`. */
export function parsePackageFile(file: string): { name: string; version: string } {
  const [name = '', version = ''] = file.split('_');
  return { name, version: decodeURIComponent(version) };
}

const LEFT_OUT = ['doc', 'man', 'locale', 'info', 'lintian', 'bug'].map((folder) => `./usr/share/${folder}/*`);

/** Top-level folders that are links into /usr on every current Debian and Ubuntu. */
const MERGED_FOLDERS = ['bin', 'sbin', 'lib', 'lib64'];

/** Fills the empty folder `rootfs`. All files belong to whoever runs this. */
export async function unpackPackages(rootfs: string, packages: readonly Package[]): Promise<void> {
  for (const folder of MERGED_FOLDERS) {
    await mkdir(join(rootfs, 'usr', folder), { recursive: true });
    await symlink(`usr/${folder}`, join(rootfs, folder));
  }
  for (const { file } of packages) await unpackPackage(file, rootfs);
  // The sandbox forbids gaining privileges anyway; no file should even suggest it.
  await exec('find', [rootfs, '-perm', '/6000', '-type', 'f', '-exec', 'chmod', 'a-s', '{}', '+']);
}

export async function unpackPackage(file: string, folder: string): Promise<void> {
  const exclude = LEFT_OUT.map((pattern) => `--exclude=${pattern}`);
  await pipeToTar(file, [
    '--preserve-permissions',
    '--keep-directory-symlink',
    ...exclude,
    `--directory=${folder}`,
  ]);
}

/**
 * Puts what the package says of its licence into `<folder>/<package>/copyright`; some only refer to another
 * package's. Other files may come along.
 */
export async function unpackCopyright(file: string, folder: string): Promise<void> {
  // Left out instead of asked for: what is asked for and not there would be an error.
  const other = ['./[!u]*', './usr/[!s]*', './usr/share/[!d]*', './usr/share/doc/*/[!c]*'];
  const exclude = other.map((pattern) => `--exclude=${pattern}`);
  await pipeToTar(file, [...exclude, '--strip-components=4', `--directory=${folder}`]);
}

/** `bash` is used for the pipe only: file names come as arguments, never as program text. */
async function pipeToTar(file: string, options: readonly string[]): Promise<void> {
  const pipe = 'set -o pipefail; deb=$1; shift; dpkg-deb --fsys-tarfile "$deb" | tar "$@"';
  await exec('bash', ['-c', pipe, 'unpack', file, '--extract', '--no-same-owner', ...options]);
}
