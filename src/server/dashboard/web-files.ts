// The built dashboard in memory: every file with its compressed variants, read and made once when a server starts.
// What is answered is looked up among these, so no request names a path of the disk.
import { hash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { getMimeType } from 'hono/utils/mime';

/** What `vite build web` writes. */
export const WEB_FOLDER = new URL('../../../web/dist/', import.meta.url);

export const ENCODINGS = ['br', 'gzip'] as const;
export type Encoding = (typeof ENCODINGS)[number];

export interface WebFile {
  type: string;
  /** Of its content, without quotes. */
  hash: string;
  content: Buffer<ArrayBuffer>;
  /** Only those that are smaller. */
  encoded: Partial<Record<Encoding, Buffer<ArrayBuffer>>>;
}

/** By their path in URLs: `/index.html`, `/assets/index-4f2a.js`. */
export type WebFiles = ReadonlyMap<string, WebFile>;

const PACKED_ALREADY = /^(image\/(?!svg)|font\/|video\/|audio\/|application\/(zip|gzip))/;
/** Nearly as small as the highest, and made in a tenth of its time. */
const BROTLI_QUALITY = 9;

/** Null when the dashboard is not built. */
export async function readWebFiles(folder: URL): Promise<WebFiles | null> {
  const root = fileURLToPath(folder);
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch((error) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  const names = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(root, join(parentPath, name)))
    // What the build notes for itself.
    .filter((path) => !path.split('/').some((part) => part.startsWith('.')))
    // Of the page at /docs, which reads its own when it is opened.
    .filter((path) => !path.startsWith('reference/'));
  const read = async (name: string) => [`/${name}`, await readWebFile(join(root, name))] as const;
  const found = new Map(await Promise.all(names.map(read)));
  return found.has('/index.html') ? found : null;
}

async function readWebFile(path: string): Promise<WebFile> {
  const content = Buffer.from(await readFile(path));
  const type = getMimeType(path) ?? 'application/octet-stream';
  return { type, hash: hashOf(content), content, encoded: PACKED_ALREADY.test(type) ? {} : await encode(content) };
}

export const hashOf = (content: Buffer) => hash('sha256', content, 'base64url').slice(0, 22);

async function encode(content: Buffer<ArrayBuffer>): Promise<WebFile['encoded']> {
  const { BROTLI_PARAM_QUALITY: quality, BROTLI_PARAM_SIZE_HINT: sizeHint } = constants;
  const params = { [quality]: BROTLI_QUALITY, [sizeHint]: content.length };
  const made = { br: await promisify(brotliCompress)(content, { params }), gzip: await promisify(gzip)(content) };
  return Object.fromEntries(Object.entries(made).filter(([, packed]) => packed.length < content.length));
}
