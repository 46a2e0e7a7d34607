// A layer of an OCI image, the same bytes from the same entries: a tar with sorted names and one time for all,
// compressed without a time. Called by oci.ts's users; see docs/containers.md.
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';
import { env } from '../../src/lib/env.ts';
import { SeedError } from '../../src/protocol/errors.ts';
import { type Entry, inOrder } from './entries.ts';

export interface Layer {
  /** `sha256:…` of the compressed bytes, which is their name among the blobs, too. */
  digest: string;
  size: number;
  /** `sha256:…` of the tar. */
  diffId: string;
  /** Bytes of the tar: about what it takes unpacked. */
  unpackedBytes: number;
}

/** 2024-01-01, where SOURCE_DATE_EPOCH says nothing else: what an image holds decides its digest, not when. */
const EPOCH_SECONDS = 1_704_067_200;

/** The time of every file. @throws SeedError invalid_settings */
export function sourceDate(): Date {
  const text = env('SOURCE_DATE_EPOCH') ?? String(EPOCH_SECONDS);
  if (/^\d{1,11}$/.test(text)) return new Date(Number(text) * 1000);
  throw new SeedError('invalid_settings', `SOURCE_DATE_EPOCH is "${text}", not a number of seconds.`);
}

/** @param blobs folder where the layer's file is put, named by its digest */
export async function makeLayer(entries: readonly Entry[], blobs: string): Promise<Layer> {
  await mkdir(blobs, { recursive: true });
  const partial = join(blobs, `partial-${process.pid}-${performance.now()}`);
  const [plain, compressed] = [createHash('sha256'), createHash('sha256')];
  let unpackedBytes = 0;
  const counted = hashed(plain, (bytes) => {
    unpackedBytes += bytes;
  });
  try {
    await pipeline(
      tarOf(entries),
      counted,
      createGzip({ level: 6 }),
      hashed(compressed),
      createWriteStream(partial),
    );
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  const digest = compressed.digest('hex');
  await rename(partial, join(blobs, digest));
  return {
    digest: `sha256:${digest}`,
    size: (await stat(join(blobs, digest))).size,
    diffId: `sha256:${plain.digest('hex')}`,
    unpackedBytes,
  };
}

/** The entries as a tar, in the order of a layer. */
export function tarOf(entries: readonly Entry[]): Pack {
  const tar = pack();
  void fill(tar, inOrder(entries)).catch((error: Error) => tar.destroy(error));
  return tar;
}

type Pack = ReturnType<typeof pack>;

async function fill(tar: Pack, entries: readonly Entry[]): Promise<void> {
  const mtime = sourceDate();
  for (const entry of entries) {
    const { path, mode, owner } = entry;
    const header = { name: path, mode, mtime, uid: owner, gid: owner, uname: '', gname: '' };
    if (entry.type === 'directory') tar.entry({ ...header, name: `${path}/`, type: 'directory' });
    else if (entry.type === 'symlink') tar.entry({ ...header, type: 'symlink', linkname: entry.target });
    else if (entry.type === 'link') tar.entry({ ...header, type: 'link', linkname: entry.target });
    else if (entry.type === 'made') tar.entry(header, Buffer.from(entry.content));
    else {
      const file = tar.entry({ ...header, size: entry.size });
      // Rejects when the file is longer or shorter than it was when it was listed.
      await pipeline(createReadStream(entry.from), file);
    }
  }
  tar.finalize();
}

function hashed(hash: Hash, onBytes: (bytes: number) => void = () => {}): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      hash.update(chunk);
      onBytes(chunk.length);
      callback(null, chunk);
    },
  });
}
