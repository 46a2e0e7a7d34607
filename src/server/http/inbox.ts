// Where content lies that comes with a request, until the request is over: on disk, never whole in memory.
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { diskFailure, requireRoom } from '../../lib/disk-failure.ts';
import { SeedError } from '../../protocol/errors.ts';
import { ReceivedContent } from '../../protocol/file.ts';

/** Longer than any request takes. */
const LEFT_OVER_MS = 3_600_000;

/** What one request brings. Ends with all that was not taken away. */
export interface Delivery extends AsyncDisposable {
  /** Throws SeedError `body_too_large`, `storage_full` or `unavailable`, and what the source fails with. */
  receive(source: Readable | AsyncIterable<Uint8Array>, maxBytes: number): Promise<ReceivedContent>;
  /** The path of a file that is not there yet, and goes with the delivery. */
  scratch(): Promise<string>;
}

/** Stands for the files of a request that brings none. */
export const NO_DELIVERY: Delivery = {
  receive: () => Promise.reject(new Error('this request brings no content')),
  scratch: () => Promise.reject(new Error('this request brings no content')),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

export interface Inbox {
  open(): Delivery;
  /** Throws SeedError `storage_full` when its disk has hardly any room. */
  requireRoom(): Promise<void>;
}

/** Removes what killed servers left there. @param folder is made when it is missing */
export async function openInbox(folder: string): Promise<Inbox> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const { mtimeMs } = await stat(path);
    if (mtimeMs < Date.now() - LEFT_OVER_MS) await rm(path, { recursive: true, force: true });
  }
  return { open: () => createDelivery(folder), requireRoom: () => requireRoom(folder) };
}

function createDelivery(folder: string): Delivery {
  let made: Promise<string> | null = null;
  let count = 0;
  return {
    receive: (source, maxBytes) => write(source, maxBytes).catch((error) => Promise.reject(diskFailure(error))),
    scratch: nextPath,
    async [Symbol.asyncDispose]() {
      if (made !== null) await rm(await made, { recursive: true, force: true });
    },
  };

  async function nextPath(): Promise<string> {
    made ??= mkdtemp(join(folder, 'request-'));
    return join(await made, String(count++));
  }

  async function write(source: Readable | AsyncIterable<Uint8Array>, maxBytes: number): Promise<ReceivedContent> {
    const path = await nextPath();
    const hash = createHash('sha256');
    let size = 0;
    await pipeline(
      source,
      async function* (chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          size += chunk.length;
          if (size > maxBytes)
            throw new SeedError('body_too_large', `the content is larger than ${maxBytes} bytes`);
          hash.update(chunk);
          yield chunk;
        }
      },
      createWriteStream(path, { flags: 'wx', mode: 0o600 }),
    );
    return new ReceivedContent(path, size, hash.digest('hex'));
  }
}
