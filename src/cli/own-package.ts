// What Seed is called and where it was installed from. Used by the commands that make and upgrade an adopter's
// folder.
import { join, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isRecord, parseJson } from '../lib/json.ts';
import { IS_REPOSITORY, SEED_ROOT } from '../lib/own-files.ts';
import { fs } from './builtin.ts';

/** Under which an adopter's package.json has Seed, whatever its package is called: packs import `seed/pack`. */
export const DEPENDENCY = 'seed';

export interface OwnPackage {
  /** As a registry has it. */
  name: string;
  version: string;
  /** Packages that an adopter's tests and editor need besides, with their versions. */
  peers: Record<string, string>;
}

export function ownPackage(): OwnPackage {
  const list = readList(new URL('package.json', SEED_ROOT)) ?? {};
  const { name, version, peerDependencies } = list;
  const peers = isRecord(peerDependencies) ? peerDependencies : developmentPeers(list);
  return { name: String(name), version: String(version), peers: peers as Record<string, string> };
}

/** The same that scripts/lib/stage-package.ts writes into the package. */
export const PEERS = ['vitest', 'typescript', '@types/node'];

export function developmentPeers({ devDependencies }: Record<string, unknown>): Record<string, string> {
  const versions = isRecord(devDependencies) ? devDependencies : {};
  return Object.fromEntries(PEERS.map((name) => [name, `^${String(versions[name])}`]));
}

/** A package.json; null where there is none, or it is no JSON object. */
export function readList(file: URL): Record<string, unknown> | null {
  if (!fs.existsSync(file)) return null;
  const list = parseJson(fs.readFileSync(file, 'utf8'));
  return isRecord(list) ? list : null;
}

export interface Source {
  /** What a package.json says to get this Seed, from a folder. */
  specFrom(folder: string): string;
  /** The tarball, where it is one. */
  file: string | null;
}

/** Where this Seed came from: as the package.json says that it was installed by, or by its version. */
export function ownSource(): Source {
  const { name, version } = ownPackage();
  if (IS_REPOSITORY) {
    const tarball = `${name.replace(/^@/, '').replaceAll('/', '-')}-${version}.tgz`;
    return fromFile(fileURLToPath(new URL(tarball, SEED_ROOT)));
  }
  const [home, key] = installation();
  const spec = dependenciesOf(readList(pathToFileURL(join(home, 'package.json'))))[key];
  if (spec?.startsWith('file:')) return fromFile(resolve(home, spec.slice('file:'.length)));
  const asked = spec ?? version;
  const isPlain = name === DEPENDENCY || /^[a-z+]+:/.test(asked);
  return { specFrom: () => (isPlain ? asked : `npm:${name}@${asked}`), file: null };
}

/** The folder whose node_modules has this package, and the name that it has there. */
function installation(): [home: string, key: string] {
  const root = fileURLToPath(SEED_ROOT).replace(/[/\\]$/, '');
  const middle = `${sep}node_modules${sep}`;
  const at = root.lastIndexOf(middle);
  if (at < 0) return [root, DEPENDENCY];
  return [root.slice(0, at), root.slice(at + middle.length).replaceAll(sep, '/')];
}

export function dependenciesOf(list: Record<string, unknown> | null): Record<string, string> {
  const dependencies = list?.['dependencies'];
  return isRecord(dependencies) ? (dependencies as Record<string, string>) : {};
}

function fromFile(file: string): Source {
  return { specFrom: (folder) => `file:${relative(folder, file).replaceAll(sep, '/')}`, file };
}
