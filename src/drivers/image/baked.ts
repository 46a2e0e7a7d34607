// A base that came with Seed, as in its container image: unpacked where another is fetched, for there is no
// package source and need not be a network. Made by deploy/image; used by base.ts.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdDecompress } from 'node:zlib';
import { z } from 'zod';
import { makeFolder } from '../../lib/cache-folders.ts';
import { contentHash } from '../../lib/content-hash.ts';
import { env } from '../../lib/env.ts';
import { parseJson } from '../../lib/json.ts';
import { textTail } from '../../lib/read-stream.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Recipe } from './recipe.ts';
import { installNode } from './rootfs.ts';

/** What is known of a base beside its files. */
const BaseRecord = z.object({
  id: z.string(),
  /** Of its root file system, unpacked. */
  sizeBytes: z.number(),
  /** Names the folder of its runsc among the tools: `runsc-<version>`. */
  runscVersion: z.string().regex(/^[\w.+~-]+$/),
  packages: z.array(z.string()),
});
export type BaseRecord = z.infer<typeof BaseRecord>;

const BakedRecord = BaseRecord.extend({
  /** Of the recipe that went in. */
  recipe: z.string(),
});
export type BakedRecord = z.infer<typeof BakedRecord>;

export interface Baked {
  folder: string;
  record: BakedRecord;
  /** Changes with anything that is in it. */
  key: string;
}

/** Whether sandboxes are made of what came with Seed, and of nothing that is fetched. */
export const cameWithSeed = (): boolean => env('SEED_SANDBOX_BASE') !== undefined;

/** Names in the folder of a baked base. The root file system lacks Node, which is that of Seed itself. */
export const BAKED_FILES = { record: 'base.json', rootfs: 'rootfs.tar.zst', runsc: 'runsc.zst' } as const;

/** 2^25 bytes: what compressing looks back over, and so the memory that unpacking takes. */
export const WINDOW_LOG = 25;

export function recipeHash(recipe: Recipe): string {
  return contentHash(JSON.stringify(recipe));
}

/**
 * The base in the folder of SEED_SANDBOX_BASE; null without that setting. Throws SeedError `setup_failed` when it
 * is not whole, or when a recipe asks for something else than went in.
 */
export async function findBaked(recipe: Recipe, folder = env('SEED_SANDBOX_BASE')): Promise<Baked | null> {
  if (folder === undefined) return null;
  const file = join(folder, BAKED_FILES.record);
  const text = await readFile(file, 'utf8').catch((cause: Error) => {
    throw broken(folder, cause.message, cause);
  });
  const parsed = BakedRecord.safeParse(parseJson(text));
  if (!parsed.success) throw broken(folder, `${file}: ${z.prettifyError(parsed.error)}`, parsed.error);
  const record = parsed.data;
  const asksForMore = recipe.packages.length > 0 || Object.keys(recipe.npm).length > 0 || recipe.setup !== null;
  if (asksForMore && recipeHash(recipe) !== record.recipe) {
    throw new SeedError(
      'setup_failed',
      'The recipe asks for another sandbox than the one that came with this Seed.',
      {
        hint: 'Make an image with the recipe: SEED_SANDBOX_RECIPE=… npm run image -- seed. See docs/containers.md.',
      },
    );
  }
  return { folder, record, key: contentHash('baked', JSON.stringify(record)) };
}

function broken(folder: string, why: string, cause: unknown): SeedError {
  return new SeedError('setup_failed', `SEED_SANDBOX_BASE names no base of sandboxes, ${folder}: ${why}`, {
    hint: 'Unset it to have the base fetched, or name the folder that came with the image.',
    cause,
  });
}

/** @param runscPath where runsc comes to lie, if it is not there */
export async function unpackBaked({ folder }: Baked, rootfs: string, runscPath: string): Promise<void> {
  await mkdir(rootfs);
  await unpackArchive(join(folder, BAKED_FILES.rootfs), rootfs);
  await installNode(rootfs);
  if (existsSync(runscPath)) return;
  await makeFolder(dirname(runscPath), async (partial) => {
    const program = join(partial, 'runsc.partial');
    await pipeline(createReadStream(join(folder, BAKED_FILES.runsc)), decompress(), createWriteStream(program));
    await chmod(program, 0o755);
    await rename(program, join(partial, 'runsc'));
  });
}

const decompress = () => createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG } });

async function unpackArchive(file: string, folder: string): Promise<void> {
  const options = ['--extract', '--preserve-permissions', '--no-same-owner', `--directory=${folder}`];
  const tar = spawn('tar', options, { stdio: ['pipe', 'ignore', 'pipe'] });
  const said = textTail(tar.stderr, 2_000);
  const ended = once(tar, 'close') as Promise<[number | null]>;
  const [fed, [code]] = await Promise.all([
    pipeline(createReadStream(file), decompress(), tar.stdin).catch((error: Error) => error),
    ended.catch((error: Error): [string] => [error.message]),
  ]);
  if (code === 0 && fed === undefined) return;
  const why = [fed instanceof Error && code === 0 ? fed.message : `tar ended with ${code}`, said()].join(': ');
  throw new SeedError('setup_failed', `${file} cannot be unpacked into ${folder}: ${why}`);
}
