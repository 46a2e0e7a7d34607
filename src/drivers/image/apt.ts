// Fetches Debian packages with apt, which checks them against the signed index, into folders of our own:
// it needs no root and leaves the machine's apt state alone.
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exec } from '../../lib/exec.ts';
import type { Distribution } from './distribution.ts';

/** A downloaded package. */
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
  await exec('apt-get', [...options, '-qq', 'update'], { hint: NETWORK_HINT });
  await exec(
    'apt-get',
    [...options, '-qq', 'install', '--download-only', '--no-install-recommends', ...names],
    {
      hint: NETWORK_HINT,
    },
  );
  return listPackages(join(folder, 'cache/archives'));
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

async function listPackages(folder: string): Promise<Package[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.deb')).sort();
  return files.map((file) => ({ ...parsePackageFile(file), file: join(folder, file) }));
}

/** apt names its files `<name>_<version>_<architecture>.deb`, with `:` written as `%3a`. */
export function parsePackageFile(file: string): { name: string; version: string } {
  const [name = '', version = ''] = file.split('_');
  return { name, version: decodeURIComponent(version) };
}
