// Seed's own image: `seed server`, `runner` and `start`, with all that they need without a network. From below:
// Debian, what sandboxes are made of, npm's packages, Seed. Called by scripts/image.ts and by the container's test.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readVersion } from '../../src/lib/version.ts';
import { lockedPackages } from './debian-lock.ts';
import { directory, type Entry, entriesOf, hashOf, made } from './entries.ts';
import { keptLayer } from './kept-layer.ts';
import type { Layer } from './layer.ts';
import { npmEntries, npmModules } from './npm-modules.ts';
import { type FinishedImage, type ImageConfig, writeImage } from './oci.ts';
import { dashboardInventory, debianInventory, gvisorInventory, merged, npmInventory, SHARE } from './parts.ts';
import { type SandboxBase, sandboxBase } from './sandbox-base.ts';
import { bill } from './sbom.ts';
import { SEED_USER, seedRoot } from './seed-root.ts';
import { stagedPackage } from './staged-package.ts';

export interface SeedImageOptions {
  cacheDir: string;
  /** Default: `seed:<version>`. */
  reference: string | undefined;
  onProgress: (message: string) => void;
}

const HOME = 'opt/seed';
const SANDBOX = `${SHARE}/sandbox`;
/** What Seed writes, and nothing else: each is to be a volume where the root file system cannot be written. */
const WRITABLE = { data: 'var/lib/seed', cache: 'var/cache/seed', temporary: 'tmp' };

const SECONDS = 1e9;

const CONFIG: ImageConfig = {
  User: `${SEED_USER}:${SEED_USER}`,
  Env: [
    'PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
    'LANG=C.UTF-8',
    'TZ=UTC',
    `HOME=/${WRITABLE.data}`,
    'HOST=0.0.0.0',
    'PORT=3210',
    `SEED_DATA_DIR=/${WRITABLE.data}`,
    `SEED_CACHE_DIR=/${WRITABLE.cache}`,
    `SEED_SANDBOX_BASE=/${SANDBOX}`,
  ],
  // Process 1 has to reap what sandboxes leave and to pass signals on; Node does neither. Under another one: `-s`.
  Entrypoint: ['/usr/bin/tini', '-s', '--', '/usr/bin/seed'],
  Cmd: ['start'],
  // An adopter's packs/ and seed.config.ts lie here.
  WorkingDir: '/srv/seed',
  Volumes: Object.fromEntries(Object.values(WRITABLE).map((path) => [`/${path}`, {}])),
  ExposedPorts: { '3210/tcp': {} },
  StopSignal: 'SIGTERM',
  Healthcheck: {
    Test: ['CMD', '/usr/bin/node', `/${SHARE}/healthcheck.mjs`],
    Interval: 30 * SECONDS,
    Timeout: 10 * SECONDS,
    StartPeriod: 120 * SECONDS,
    Retries: 3,
  },
};

/** Makes the OCI layout below the cache folder. */
export async function makeSeedImage(options: SeedImageOptions): Promise<FinishedImage> {
  const { cacheDir, onProgress } = options;
  const layout = join(cacheDir, 'oci/seed');
  const layers = await layersOf({ cacheDir, layout, onProgress });
  const reference = options.reference ?? `seed:${readVersion()}`;
  const labels = { 'org.opencontainers.image.title': 'Seed', 'org.opencontainers.image.version': readVersion() };
  return writeImage({ layout, layers, config: { ...CONFIG, Labels: labels }, reference });
}

/** From the lowest. */
const LAYERS = ['debian', 'sandboxes', 'npm', 'seed'] as const;
type LayerName = (typeof LAYERS)[number];

/** @param layout where they are put if they are not there */
export async function layersOf(
  { cacheDir, layout, onProgress }: Pick<SeedImageOptions, 'cacheDir' | 'onProgress'> & { layout: string },
  wanted: readonly LayerName[] = LAYERS,
): Promise<Layer[]> {
  const root = await seedRoot(cacheDir, await lockedPackages('seed'), onProgress);
  const base = await sandboxBase(cacheDir, onProgress);
  const modules = await npmModules(cacheDir, onProgress);
  const staged = await stagedPackage(cacheDir, onProgress);
  const seed = await seedEntries(staged, base, { root: root.copyrights, modules: modules.folder });
  const parts: Record<LayerName, { key: string; entries: () => Promise<readonly Entry[]> }> = {
    debian: {
      key: root.key,
      entries: async () => [...(await entriesOf({ folder: root.folder, at: '' })), ...FOLDERS],
    },
    sandboxes: { key: base.key, entries: () => entriesOf({ folder: base.folder, at: SANDBOX }) },
    npm: { key: modules.key, entries: () => npmEntries(modules, `${HOME}/node_modules`) },
    seed: { key: await hashOf(seed), entries: async () => seed },
  };
  const layers: Layer[] = [];
  for (const name of LAYERS.filter((one) => wanted.includes(one))) {
    const { key, entries } = parts[name];
    layers.push(await keptLayer({ layout, key: `${name} ${key}`, entries, onProgress }));
  }
  return layers;
}

const FOLDERS: readonly Entry[] = [
  directory(WRITABLE.data, { mode: 0o700, owner: SEED_USER }),
  directory(WRITABLE.cache, { mode: 0o700, owner: SEED_USER }),
  directory(WRITABLE.temporary, { mode: 0o1777 }),
  directory('srv/seed'),
];

async function seedEntries(
  staged: string,
  base: SandboxBase,
  folders: { root: string; modules: string },
): Promise<Entry[]> {
  const without = (path: string) => /\.d\.ts$/.test(path);
  const link = (path: string, target: string): Entry => ({ path, target, mode: 0o777, owner: 0, type: 'symlink' });
  const inventory = merged(
    await debianInventory(await lockedPackages('seed'), folders.root),
    await debianInventory(await lockedPackages('sandbox'), base.copyrights),
    await npmInventory(folders.modules),
    await npmInventory(join(base.base.rootfs, 'opt/seed/node_modules')),
    await dashboardInventory(),
    { parts: await gvisorInventory(base.record.runscVersion), licenses: [] },
  );
  const version = readVersion();
  return [
    ...(await entriesOf({ folder: staged, at: HOME, without })),
    link('usr/bin/node', `/${HOME}/node_modules/node-linux-${process.arch}/bin/node`),
    link('usr/bin/seed', `/${HOME}/bin/seed.mjs`),
    // What an adopter's packs import, wherever they are mounted.
    link('node_modules/seed', `/${HOME}`),
    made(`${SHARE}/healthcheck.mjs`, await readFile(new URL('./healthcheck.mjs', import.meta.url))),
    made(`${SHARE}/sbom.cdx.json`, bill({ name: 'seed', version }, inventory.parts)),
    ...inventory.licenses,
  ];
}
