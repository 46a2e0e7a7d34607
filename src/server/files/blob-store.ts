// Where the bytes of files and artifacts lie: a folder, or a store that speaks S3 (the settings say which). Which
// blobs there are and whose stands in the database (blobs.ts).
import { createReadStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { AwsV4Signer } from 'aws4fetch';
import type { Dispatcher } from 'undici';
import { diskFailure } from '../../lib/disk-failure.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { ReceivedContent } from '../../protocol/file.ts';

/** Ids are UUIDs. Methods throw SeedError `unavailable` or `storage_full` when the store cannot be used. */
export interface BlobStore {
  /** All of it or nothing. May take the file of the content away. */
  put(id: string, content: ReceivedContent): Promise<void>;
  /** Throws SeedError `not_found` when there is none. */
  get(id: string): Promise<Readable>;
  /** Its bytes; null when there is none. */
  sizeOf(id: string): Promise<number | null>;
  /** One that is not there is no error. */
  delete(id: string): Promise<void>;
}

/**
 * Blobs as files in a folder, which several servers may share: each is there whole and on the disk, or not.
 * @param folder there already, on the file system that content is received on
 */
export function createFolderStore(folder: string): BlobStore {
  const pathOf = (id: string) => join(folder, id);
  return {
    async put(id, { path }) {
      try {
        await sync(path);
        await rename(path, pathOf(id));
        await sync(folder);
      } catch (error) {
        throw diskFailure(error);
      }
    },
    async get(id) {
      const file = await open(pathOf(id)).catch((cause: NodeJS.ErrnoException) => {
        if (cause.code === 'ENOENT') throw new SeedError('not_found', 'the content is gone', { cause });
        throw new SeedError('unavailable', 'the content cannot be read', { cause });
      });
      return file.createReadStream();
    },
    async sizeOf(id) {
      return (await stat(pathOf(id)).catch(() => null))?.size ?? null;
    },
    delete: (id) => rm(pathOf(id), { force: true }),
  };
}

async function sync(path: string): Promise<void> {
  await using handle = await open(path);
  await handle.sync();
}

export interface S3Settings {
  /** http(s)://host[:port], without a slash at its end. */
  endpoint: string;
  bucket: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
}

const NO_CONTENT_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
/** Without a byte in either direction. */
const STALL_MS = 30_000;
const ATTEMPTS = 3;
/** RFC 4918, section 11.5: what stores say that have a quota or a disk of their own. */
const INSUFFICIENT_STORAGE = 507;

interface S3Request {
  method: 'PUT' | 'GET' | 'HEAD' | 'DELETE';
  id: string;
  body?: { path: string; size: number; sha256: string };
}

/**
 * Blobs as objects of a bucket. Requests are signed with AWS Signature Version 4, with the hash of what they
 * carry, so that the store refuses what was changed on its way.
 */
export function createS3Store(settings: S3Settings): BlobStore {
  const { endpoint, bucket, ...credentials } = settings;

  async function once({ method, id, body }: S3Request): Promise<Dispatcher.ResponseData> {
    const signer = new AwsV4Signer({
      method,
      // The bucket in the path: every store understands that.
      url: `${endpoint}/${bucket}/${id}`,
      headers: { 'x-amz-content-sha256': body?.sha256 ?? NO_CONTENT_SHA256 },
      service: 's3',
      ...credentials,
    });
    const { url, headers } = await signer.sign();
    // Only where there is such a store: it takes a while to load.
    const { request } = await import('../../lib/http-client.ts');
    return request(url, {
      method,
      headers: {
        ...Object.fromEntries(headers),
        ...(body && { 'content-length': String(body.size), 'content-type': 'application/octet-stream' }),
      },
      body: body ? createReadStream(body.path) : null,
      headersTimeout: STALL_MS,
      bodyTimeout: STALL_MS,
    });
  }

  /** Tries again what the store had trouble with: each of these requests may be sent twice. */
  async function send(call: S3Request): Promise<Dispatcher.ResponseData> {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await once(call).catch((cause: Error) => {
        if (attempt < ATTEMPTS) return null;
        throw new SeedError('unavailable', `the store of files does not answer: ${cause.message}`, { cause });
      });
      if (answer === null) continue;
      if (answer.statusCode < 300 || (answer.statusCode === 404 && call.method !== 'PUT')) return answer;
      await answer.body.dump();
      if (answer.statusCode === INSUFFICIENT_STORAGE)
        throw new SeedError('storage_full', 'the store of files is full');
      if (answer.statusCode < 500 || attempt === ATTEMPTS)
        throw new SeedError('unavailable', `the store of files answered ${answer.statusCode}`, {
          hint: 'The operator sees to the settings SEED_S3_…',
        });
    }
  }

  return {
    async put(id, body) {
      await (await send({ method: 'PUT', id, body })).body.dump();
    },
    async get(id) {
      const { statusCode, body } = await send({ method: 'GET', id });
      if (statusCode !== 404) return body;
      await body.dump();
      throw new SeedError('not_found', 'the content is gone');
    },
    async sizeOf(id) {
      const { statusCode, headers, body } = await send({ method: 'HEAD', id });
      await body.dump();
      return statusCode === 404 ? null : Number(headers['content-length']);
    },
    async delete(id) {
      await (await send({ method: 'DELETE', id })).body.dump();
    },
  };
}
