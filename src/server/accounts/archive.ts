// A tar archive, compressed, as it grows: written to as fast as its parts are taken, and never whole anywhere.
// Used by export.ts.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';
import type { Delivery } from '../http/inbox.ts';

const SUMS = 'SHA256SUMS';

export interface Archive extends AsyncDisposable {
  add(path: string, content: Buffer): Promise<void>;
  /** @param sha256 of the content, hexadecimal */
  addStream(path: string, about: { size: number; sha256: string; content: Readable }): Promise<void>;
  /** Adds what `sha256sum -c` reads, and ends it. Resolves when the last part is taken. */
  finish(): Promise<void>;
}

/**
 * @param scratch where the sums are until the end: with a million files they are no small thing
 * @param takePart is given one part after the other, and has to read it to its end
 */
export async function openArchive(
  { scratch, partBytes, at }: { scratch: Pick<Delivery, 'scratch'>; partBytes: number; at: Date },
  takePart: (content: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<Archive> {
  const sumsPath = await scratch.scratch();
  const sums: FileHandle = await open(sumsPath, 'wx', 0o600);
  const tar = pack();
  const gzip = createGzip();
  tar.on('error', (error) => gzip.destroy(error));
  tar.pipe(gzip);
  const taken = takeParts(gzip, partBytes, takePart);
  const failed = new Promise<never>((_resolve, reject) => {
    taken.catch((error) => {
      tar.destroy();
      gzip.destroy();
      reject(error);
    });
  });
  failed.catch(() => undefined);

  /** Waits for the parts to be taken, and no longer than they are. */
  const orFailed = <Value>(work: Promise<Value>) => Promise.race([work, failed]);

  async function write(name: string, size: number, content: AsyncIterable<Uint8Array>): Promise<void> {
    const { promise: written, resolve, reject } = Promise.withResolvers<void>();
    const entry = tar.entry({ name, size, mtime: at, mode: 0o600 }, (error) =>
      error ? reject(error) : resolve(),
    );
    for await (const chunk of content) if (!entry.write(chunk)) await orFailed(once(entry, 'drain'));
    entry.end(null);
    await orFailed(written);
  }

  async function addStream(
    path: string,
    about: { size: number; sha256: string; content: AsyncIterable<Uint8Array> },
  ) {
    await write(path, about.size, about.content);
    await sums.write(`${about.sha256}  ${path}\n`);
  }

  return {
    addStream,
    add: (path, content) =>
      addStream(path, {
        size: content.length,
        sha256: createHash('sha256').update(content).digest('hex'),
        content: slicesOf(content),
      }),
    async finish() {
      await sums.close();
      const { size } = await stat(sumsPath);
      await write(SUMS, size, createReadStream(sumsPath));
      tar.finalize();
      await taken;
    },
    async [Symbol.asyncDispose]() {
      tar.destroy();
      gzip.destroy();
      await sums.close().catch(() => undefined);
      await taken.catch(() => undefined);
    },
  };
}

const SLICE_BYTES = 64 * 1024;

/** So that it is written no faster than it is taken. */
async function* slicesOf(content: Buffer): AsyncIterable<Buffer> {
  for (let at = 0; at < content.length; at += SLICE_BYTES) yield content.subarray(at, at + SLICE_BYTES);
}

/** Cuts what comes into parts of the same size, the last one but. */
async function takeParts(
  source: AsyncIterable<Buffer>,
  partBytes: number,
  take: (content: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  const chunks = source[Symbol.asyncIterator]();
  let rest: Buffer | null = null;
  async function* part(): AsyncGenerator<Buffer> {
    for (let left = partBytes; left > 0 && rest !== null; ) {
      const some: Buffer = rest.subarray(0, left);
      const behind: Buffer = rest.subarray(some.length);
      left -= some.length;
      rest = behind.length > 0 ? behind : await next();
      yield some;
    }
  }
  async function next(): Promise<Buffer | null> {
    const { value, done } = await chunks.next();
    return done ? null : value;
  }
  rest = await next();
  while (rest !== null) await take(part());
}
