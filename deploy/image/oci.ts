// An image of layers that lie in a folder of blobs: its config, manifest and index as the OCI image specification
// (1.1) has them, and beside them what `docker load` reads. Called by the images' makers and scripts/image.ts.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import { markUsed } from '../../src/lib/cache-folders.ts';
import { type Layer, sourceDate } from './layer.ts';

/** What a container runs when nothing else is said; Docker's healthcheck is in no specification, its times in ns. */
export interface ImageConfig {
  User?: string;
  Env?: readonly string[];
  Entrypoint?: readonly string[];
  Cmd?: readonly string[];
  WorkingDir?: string;
  Volumes?: Record<string, Record<string, never>>;
  ExposedPorts?: Record<string, Record<string, never>>;
  StopSignal?: string;
  Labels?: Record<string, string>;
  Healthcheck?: {
    Test: readonly string[];
    Interval: number;
    Timeout: number;
    StartPeriod: number;
    Retries: number;
  };
}

export interface ImageParts {
  /** Folder with `blobs/sha256`, which has the layers already; it becomes an OCI layout. */
  layout: string;
  layers: readonly Layer[];
  config: ImageConfig;
  /** What it is called where it is loaded, with its tag. */
  reference: string;
}

export interface FinishedImage {
  /** `sha256:…` of the manifest: what a registry calls it by. */
  digest: string;
  reference: string;
  layers: readonly Layer[];
  config: ImageConfig;
  /** The folder that it was written into. */
  layout: string;
}

const TYPES = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
};

/** As Go, and so every registry, names a processor. */
export const ARCHITECTURE = process.arch === 'x64' ? 'amd64' : process.arch;

/** Writes all but the layers. The same layers and config give the same digest, whatever the reference. */
export async function writeImage({ layout, layers, config, reference }: ImageParts): Promise<FinishedImage> {
  const configBlob = await writeBlob(layout, {
    created: sourceDate().toISOString(),
    architecture: ARCHITECTURE,
    os: 'linux',
    config,
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(() => ({ created: sourceDate().toISOString(), created_by: 'seed' })),
  });
  const manifest = await writeBlob(layout, {
    schemaVersion: 2,
    mediaType: TYPES.manifest,
    config: { mediaType: TYPES.config, ...configBlob },
    layers: layers.map(({ digest, size }) => ({ mediaType: TYPES.layer, digest, size })),
  });
  const annotations = {
    'io.containerd.image.name': full(reference),
    'org.opencontainers.image.ref.name': reference,
  };
  const platform = { architecture: ARCHITECTURE, os: 'linux' };
  await writeJson(join(layout, 'oci-layout'), { imageLayoutVersion: '1.0.0' });
  await writeJson(join(layout, 'index.json'), {
    schemaVersion: 2,
    mediaType: TYPES.index,
    manifests: [{ mediaType: TYPES.manifest, ...manifest, annotations, platform }],
  });
  const path = (digest: string) => `blobs/sha256/${blobName(digest)}`;
  await writeJson(join(layout, 'manifest.json'), [
    {
      Config: path(configBlob.digest),
      RepoTags: [reference],
      Layers: layers.map(({ digest }) => path(digest)),
    },
  ]);
  const used = [configBlob.digest, manifest.digest, ...layers.map(({ digest }) => digest)];
  await removeUnusedBlobs(layout, used.map(blobName));
  return { digest: manifest.digest, reference, layers, config, layout };
}

const KEEP_MS = 3 * 24 * 3_600_000;

/** What no image of the last days is made of. */
async function removeUnusedBlobs(layout: string, used: readonly string[]): Promise<void> {
  const blobs = join(layout, 'blobs/sha256');
  for (const name of used) await markUsed(join(blobs, name));
  for (const name of await readdir(blobs)) {
    const { mtimeMs } = await stat(join(blobs, name));
    if (mtimeMs < Date.now() - KEEP_MS) await rm(join(blobs, name), { force: true });
  }
}

const blobName = (digest: string) => digest.replace('sha256:', '');

/** Docker's name for what has no registry in it; containerd and the kubelet look images up by it. */
export function full(reference: string): string {
  const first = reference.split('/')[0] ?? '';
  const hasRegistry = reference.includes('/') && (/[.:]/.test(first) || first === 'localhost');
  if (hasRegistry) return reference;
  return reference.includes('/') ? `docker.io/${reference}` : `docker.io/library/${reference}`;
}

async function writeBlob(layout: string, value: unknown): Promise<{ digest: string; size: number }> {
  const bytes = Buffer.from(JSON.stringify(value));
  const digest = createHash('sha256').update(bytes).digest('hex');
  const blobs = join(layout, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  await writeFile(join(blobs, digest), bytes);
  return { digest: `sha256:${digest}`, size: bytes.length };
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(path, JSON.stringify(value));
}

/** One file of the layout, for `docker load`, `podman load` and `ctr images import`. */
export async function writeArchive(layout: string, file: string): Promise<void> {
  const [{ Config, Layers }] = JSON.parse(await readFile(join(layout, 'manifest.json'), 'utf8')) as [
    { Config: string; Layers: readonly string[] },
  ];
  const index = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')) as {
    manifests: { digest: string }[];
  };
  const manifests = index.manifests.map(({ digest }) => `blobs/sha256/${blobName(digest)}`);
  const names = ['oci-layout', 'index.json', 'manifest.json', ...new Set([...manifests, Config, ...Layers])];
  await mkdir(dirname(file), { recursive: true });
  const tar = pack();
  const filled = fill(tar, layout, names).catch((error: Error) => tar.destroy(error));
  await pipeline(tar, createWriteStream(file));
  await filled;
}

async function fill(tar: ReturnType<typeof pack>, layout: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const { size } = await stat(join(layout, name));
    const entry = tar.entry({ name, size, mode: 0o644, mtime: sourceDate() });
    await pipeline(createReadStream(join(layout, name)), entry);
  }
  tar.finalize();
}
