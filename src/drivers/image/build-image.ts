// Builds the image that sandboxes are made from: the base plus the guest program.
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureFolder } from '../../lib/cache-folders.ts';
import { contentHash } from '../../lib/content-hash.ts';
import { exec } from '../../lib/exec.ts';
import type { Image } from '../driver.ts';
import { type Base, type BaseOptions, ensureBase } from './base.ts';

export interface BuildImageOptions extends BaseOptions {
  /** The guest program, one ES module; it finds Pi beside itself in /opt/seed/node_modules. */
  guestBundle: Uint8Array;
}

export interface BuiltImage {
  image: Image;
  /** Bytes of its files; images share most of them. */
  sizeBytes: number;
  /** The host program that runs it in gVisor. */
  runscPath: string;
}

/** A small young generation: what it ever took is in the snapshot, read at every restore, in every sandbox. */
const COMMAND = ['/usr/bin/node', '--max-semi-space-size=4', '/opt/seed/guest.mjs'];

/** The finished image; quick when nothing changed. */
export async function buildImage({ guestBundle, ...options }: BuildImageOptions): Promise<BuiltImage> {
  const { cacheDir } = options;
  const base = await ensureBase(options);
  const id = contentHash(base.id, guestBundle, COMMAND.join(' '));
  const folder = join(cacheDir, 'images', id);
  const image: Image = {
    id,
    rootfs: join(folder, 'rootfs'),
    inputs: { ...base.inputs, guest: contentHash(guestBundle) },
    command: COMMAND,
  };
  const isComplete = () => existsSync(join(folder, 'image.json'));
  await ensureFolder(folder, isComplete, (partial) => fillImage(partial, base, guestBundle));
  return { image, sizeBytes: base.sizeBytes + guestBundle.length, runscPath: base.runscPath };
}

async function fillImage(folder: string, base: Base, guestBundle: Uint8Array): Promise<void> {
  const rootfs = join(folder, 'rootfs');
  // Hard links: a second image costs its folders only. Nothing ever writes to an image's files.
  await exec('cp', ['--archive', '--link', base.rootfs, rootfs]);
  await writeFile(join(rootfs, 'opt/seed/guest.mjs'), guestBundle);
  await writeFile(join(folder, 'image.json'), JSON.stringify({ base: base.id }));
}
