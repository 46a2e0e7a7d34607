// Debian packages: fetched with apt, which checks them against the signed index, into folders of our own, so that
// it needs no root and leaves the machine's apt state alone; and unpacked into a root file system.
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exec } from '../../lib/exec.ts';
import type { Distribution } from './distribution.ts';

export interface Package {
  name: string;
  version: string;
  file: string;
}

const NETWORK_HINT =
  'Check that this machine reaches the mirror its apt is set to (apt-get update), then run it again.';

/** Downloads `names` and everything they depend on below `folder`; sorted by name. */
export async function fetchPackages(
  folder: string,
  distribution: Distribution,
  names: readonly string[],
): Promise<Package[]> {
  const options = await preparePrivateApt(folder, distribution);
  const apt = (...args: string[]) => exec('apt-get', [...options, '-qq', ...args], { hint: NETWORK_HINT });
  await apt('update');
  await apt('install', '--download-only', '--no-install-recommends', ...names);
  const archives = join(folder, 'cache/archives');
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

/** `bash` is used for the pipe only: file names come as arguments, never as program text. */
export async function unpackPackage(file: string, folder: string): Promise<void> {
  const pipe = 'set -o pipefail; deb=$1; shift; dpkg-deb --fsys-tarfile "$deb" | tar "$@"';
  const exclude = LEFT_OUT.map((pattern) => `--exclude=${pattern}`);
  const keep = ['--preserve-permissions', '--no-same-owner', '--keep-directory-symlink'];
  const tar = ['--extract', ...keep, ...exclude, `--directory=${folder}`];
  await exec('bash', ['-c', pipe, 'unpack', file, ...tar]);
}
