// The bytes of a platform's answer: unpacked where it packed them although nobody asked, and read as text in the
// charset that they are in. What is not understood is refused with the reason. Used by platform-answer.ts.
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw, zstdDecompress } from 'node:zlib';

/** Why an answer cannot be read; what follows `the platform …`. */
export class Unreadable extends Error {}

type Unpack = (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const inflated: Unpack = async (bytes, options) => {
  const unpack = promisify<Buffer, object, Buffer>(inflate);
  // What is called deflate has a head by the standard, and often none.
  return unpack(bytes, options).catch((error) => {
    if (isTooLarge(error)) throw error;
    return promisify<Buffer, object, Buffer>(inflateRaw)(bytes, options);
  });
};
const UNPACK: Record<string, Unpack> = {
  gzip: promisify<Buffer, object, Buffer>(gunzip),
  br: promisify<Buffer, object, Buffer>(brotliDecompress),
  zstd: promisify<Buffer, object, Buffer>(zstdDecompress),
  deflate: inflated,
};

const isTooLarge = (error: unknown) => (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE';

/** @param encoding the header Content-Encoding. @returns null: it is larger. @throws Unreadable */
export async function unpacked(bytes: Buffer, encoding: string, maxBytes: number): Promise<Buffer | null> {
  const names = encoding
    .toLowerCase()
    .split(',')
    .map((name) => name.trim().replace(/^x-/, ''));
  let result = bytes;
  // The last that was done is the first to be undone.
  for (const name of names.toReversed()) {
    if (name === '' || name === 'identity' || result.length === 0) continue;
    const unpack = UNPACK[name];
    if (unpack === undefined)
      throw new Unreadable(`answers in the encoding ${shown(name)}, which is not understood`);
    try {
      result = await unpack(result, { maxOutputLength: maxBytes });
    } catch (cause) {
      if (isTooLarge(cause)) return null;
      throw new Unreadable(`answers with what is no ${name}, as it says it is`, { cause });
    }
  }
  return result;
}

/** The text without its byte order mark. @throws Unreadable */
export function textOfAnswer(bytes: Buffer, type: string): string {
  const charset = marked(bytes) ?? statedIn(type) ?? (/json/i.test(type) ? charsetOfJson(bytes) : 'utf-8');
  const decoder = decoderOf(charset);
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new Unreadable(`answers with what is no text in ${shown(charset)}, as it should be`, { cause });
  }
}

function decoderOf(charset: string) {
  try {
    return new TextDecoder(charset, { fatal: true });
  } catch (cause) {
    throw new Unreadable(`answers in the charset ${shown(charset)}, which is not known`, { cause });
  }
}

/** By its byte order mark, which goes before anything that is stated (WHATWG Encoding). */
function marked(bytes: Buffer): string | null {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : null;
}

function statedIn(type: string): string | null {
  return /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(type)?.[1] ?? null;
}

/** JSON begins with ASCII, which shows where its zeros are (RFC 4627, section 3). */
function charsetOfJson(bytes: Buffer): string {
  if (bytes.length < 2) return 'utf-8';
  return bytes[0] === 0 ? 'utf-16be' : bytes[1] === 0 ? 'utf-16le' : 'utf-8';
}

const shown = (word: string) => JSON.stringify(word.slice(0, 40));
