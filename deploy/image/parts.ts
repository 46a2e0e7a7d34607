// What an image is made of, out of the lock files that it was made by, with the licence of each part as a file of the
// image. Called by the images' makers.
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LockedPackage } from '../../src/drivers/image/apt.ts';
import { parseJson } from '../../src/lib/json.ts';
import { type Entry, entriesOf, made } from './entries.ts';
import { ARCHITECTURE } from './oci.ts';
import type { Part } from './sbom.ts';

/** Where bill and licences lie in every image. */
export const SHARE = 'usr/share/seed';
const ROOT = new URL('../../', import.meta.url).pathname;

export interface Inventory {
  parts: Part[];
  licenses: Entry[];
}

/** @param copyrights folder of `<package>/copyright`, some of them links to another package's folder */
export async function debianInventory(packages: readonly LockedPackage[], copyrights: string): Promise<Inventory> {
  const at = `${SHARE}/licenses/debian`;
  const all = await entriesOf({ folder: copyrights, at });
  const licenses = all.filter(
    ({ type, path }) => /^[^/]+\/copyright$/.test(path.slice(at.length + 1)) || type === 'symlink',
  );
  const parts = packages.map(({ name, version, sha256 }): Part => {
    const file = existsSync(join(copyrights, name, 'copyright')) ? `/${at}/${name}/copyright` : undefined;
    const hash = { algorithm: 'SHA-256' as const, content: sha256 };
    return { kind: 'deb', name, version, hash, architecture: ARCHITECTURE, licenseFile: file };
  });
  return { parts, licenses };
}

interface Installed {
  version: string;
  integrity?: string;
  license?: string;
  dependencies?: Record<string, string>;
}

/** All that is installed in a node_modules folder, by the list that npm has left in it. */
export async function npmInventory(modules: string): Promise<Inventory> {
  const list = parseJson(await readFile(join(modules, '.package-lock.json'), 'utf8')) as {
    packages: Record<string, Installed>;
  };
  return inventoryOf(Object.entries(list.packages), modules);
}

/** The packages that are bundled into the dashboard, with all they depend on: some of these may be left out of it. */
export async function dashboardInventory(): Promise<Inventory> {
  const lock = parseJson(await readFile(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Installed>;
  };
  const found = new Map<string, Installed>();
  const wanted = (await importedByDashboard()).map((name) => `node_modules/${name}`);
  for (let path = wanted.pop(); path !== undefined; path = wanted.pop()) {
    const installed = lock.packages[path];
    if (installed === undefined || found.has(path)) continue;
    found.set(path, installed);
    const inside = path;
    for (const name of Object.keys(installed.dependencies ?? {})) {
      const nested = `${inside}/node_modules/${name}`;
      wanted.push(lock.packages[nested] ? nested : `node_modules/${name}`);
    }
  }
  return inventoryOf([...found], join(ROOT, 'node_modules'));
}

async function importedByDashboard(): Promise<string[]> {
  const names = new Set<string>(['tailwindcss']);
  const folder = join(ROOT, 'web/src');
  for (const file of await readdir(folder, { recursive: true })) {
    if (!/(?<!\.test)\.tsx?$/.test(file)) continue;
    const text = await readFile(join(folder, file), 'utf8');
    for (const [, name = ''] of text.matchAll(/\bfrom '((?:@[\w.-]+\/)?[\w-][\w.-]*)/g)) names.add(name);
  }
  return [...names];
}

async function inventoryOf(
  packages: readonly (readonly [string, Installed])[],
  modules: string,
): Promise<Inventory> {
  const inventory: Inventory = { parts: [], licenses: [] };
  for (const [path, { version, integrity, license }] of packages) {
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const folder = join(modules, '..', path);
    const at = `${SHARE}/licenses/npm/${name}@${version}`;
    const files = (await readdir(folder).catch(() => [])).filter((file) =>
      /^(?:licen[cs]e|notice|copying)/i.test(file),
    );
    for (const file of files.sort())
      inventory.licenses.push(made(`${at}/${file}`, await readFile(join(folder, file))));
    inventory.parts.push({
      kind: 'npm',
      name,
      version,
      ...(integrity !== undefined && { hash: sha512Of(integrity) }),
      license,
      licenseFile: files[0] === undefined ? undefined : `/${at}/${files[0]}`,
    });
  }
  return inventory;
}

function sha512Of(integrity: string): { algorithm: 'SHA-512'; content: string } {
  const encoded = integrity.replace(/^sha512-/, '');
  return { algorithm: 'SHA-512', content: Buffer.from(encoded, 'base64').toString('hex') };
}

/** gVisor's runsc and the Go modules in it, which its own module names; Debian's package names them as one. */
export async function gvisorInventory(version: string): Promise<Part[]> {
  const [, date] = /^go-(\d+)$/.exec(version) ?? [];
  if (date === undefined) return [];
  const text = await readFile(join(ROOT, 'src/drivers/gvisor/go/go.mod'), 'utf8');
  return [...text.matchAll(/^\t(\S+) (v\S+)/gm)].map(([, name = '', version = '']) => ({
    kind: 'golang' as const,
    name,
    version,
    ...(name === 'gvisor.dev/gvisor' && { license: 'Apache-2.0' }),
  }));
}

export function merged(...inventories: readonly Inventory[]): Inventory {
  return {
    parts: inventories.flatMap(({ parts }) => parts),
    licenses: inventories.flatMap(({ licenses }) => licenses),
  };
}
