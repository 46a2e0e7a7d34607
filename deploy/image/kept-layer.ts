// A layer that was made already is not made again: what decides its content is its key. Called by the images' makers.
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { contentHash } from '../../src/lib/content-hash.ts';
import type { Entry } from './entries.ts';
import { type Layer, makeLayer, sourceDate } from './layer.ts';

/** Changes with anything that makes other bytes of the same entries. */
const LAYER_VERSION = '1';

export interface KeptLayer {
  /** Folder with `blobs/sha256`. */
  layout: string;
  /** Changes exactly when the entries do. */
  key: string;
  entries: () => Promise<readonly Entry[]>;
  onProgress: (message: string) => void;
}

export async function keptLayer({ layout, key, entries, onProgress }: KeptLayer): Promise<Layer> {
  const blobs = join(layout, 'blobs/sha256');
  const name = contentHash(LAYER_VERSION, key, sourceDate().toISOString(), process.version);
  const record = join(layout, 'layers', `${name}.json`);
  const text = await readFile(record, 'utf8').catch(() => null);
  if (text !== null) {
    const layer = JSON.parse(text) as Layer;
    if (existsSync(join(blobs, layer.digest.replace('sha256:', '')))) return layer;
  }
  onProgress(`making the layer ${key}`);
  const layer = await makeLayer(await entries(), blobs);
  await mkdir(join(layout, 'layers'), { recursive: true });
  await writeFile(`${record}.new`, JSON.stringify(layer));
  await rename(`${record}.new`, record);
  return layer;
}
