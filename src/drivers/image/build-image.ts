// Builds the image that sandboxes are made from: the base plus the guest program.
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureFolder } from '../../lib/cache-folders.ts';
import { contentHash } from '../../lib/content-hash.ts';
import { exec } from '../../lib/exec.ts';
import type { Image } from '../driver.ts';
import { type Base, type BaseOptions, ensureBase } from './base.ts';
import { COMMAND } from './guest-command.ts';
import { trimPi } from './pi-bundle.ts';

export interface BuildImageOptions extends BaseOptions {
  /** The guest program, one ES module; it finds Pi beside itself in /opt/seed/node_modules. */
  guestBundle: Uint8Array;
}

export interface BuiltImage {
  image: Image;
  /** Of what it has in common with images of other guests. */
  baseId: string;
  /** Bytes of its files; images share most of them. */
  sizeBytes: number;
  /** The host program that runs it in gVisor. */
  runscPath: string;
}

/** By which whoever runs a program in the sandbox reaches the guest; see bridge.pl. */
const BRIDGE = 'bridge';
const BRIDGE_SOURCE = new URL('../../guest/bridge.pl', import.meta.url);

/** The finished image; quick when nothing changed. */
export async function buildImage({ guestBundle, ...options }: BuildImageOptions): Promise<BuiltImage> {
  const { cacheDir, onProgress } = options;
  const base = await ensureBase(options);
  const trimmed = await trimPi(guestBundle, base, onProgress);
  const files = { ...trimmed.files, 'guest.mjs': trimmed.guest, [BRIDGE]: await readFile(BRIDGE_SOURCE) };
  const id = contentHash(base.id, ...Object.values(files), COMMAND.join(' '));
  const folder = join(cacheDir, 'images', id);
  const image: Image = {
    id,
    rootfs: join(folder, 'rootfs'),
    inputs: { ...base.inputs, guest: contentHash(guestBundle) },
    command: COMMAND,
  };
  const isComplete = () => existsSync(join(folder, 'image.json'));
  await ensureFolder(folder, isComplete, (partial) => fillImage(partial, base, files));
  const sizeBytes = Object.values(files).reduce((sum, { length }) => sum + length, base.sizeBytes);
  return { image, baseId: base.id, sizeBytes, runscPath: base.runscPath };
}

/** @param files paths within /opt/seed */
async function fillImage(folder: string, base: Base, files: Record<string, Uint8Array>): Promise<void> {
  const rootfs = join(folder, 'rootfs');
  // Hard links: a second image costs its folders only. Nothing ever writes to an image's files.
  await exec('cp', ['--archive', '--link', base.rootfs, rootfs]);
  for (const [path, content] of Object.entries(files))
    await writeFile(join(rootfs, 'opt/seed', path), content, { mode: path === BRIDGE ? 0o755 : 0o644 });
  await writeFile(join(folder, 'image.json'), JSON.stringify({ base: base.id }));
}
