// The text of a file as a tree of values: JSON or YAML, bounded in what it may grow to. Used by library.ts and
// load-document.ts.
import { constants, gunzipSync } from 'node:zlib';
import { parse } from 'yaml';
import { SeedError } from '../protocol/errors.ts';

/** The largest that platforms publish have about 20 MB. */
export const FILE_BYTES_MOST = 64 * 1024 * 1024;

export const notUsable = (why: string, hint = 'It is to be an OpenAPI document of version 3, or Swagger 2.0.') =>
  new SeedError('usage', `the document cannot be used: ${why}`, { hint });

/** @throws SeedError usage: neither JSON nor YAML */
export function parseTree(text: string): unknown {
  try {
    // Far faster for JSON, which YAML includes.
    if (/^\s*[{[]/.test(text)) return JSON.parse(text);
  } catch (cause) {
    // YAML can begin like this, too.
    const tree = parseYaml(text);
    if (tree instanceof Error) throw notRead(cause as Error);
    return tree;
  }
  const tree = parseYaml(text);
  if (tree instanceof Error) throw notRead(tree);
  return tree;
}

const notRead = ({ message }: Error) => notUsable(`it is neither JSON nor YAML: ${message.split('\n')[0]}`);

function parseYaml(text: string): unknown {
  try {
    // As many aliases as a document may have in earnest: what they stand for must not multiply.
    return parse(text, { maxAliasCount: 1_000, merge: true, logLevel: 'error' });
  } catch (cause) {
    return cause;
  }
}

/** Unpacked where it is packed with gzip, in the encoding that its first bytes tell. @throws SeedError usage */
export function textOf(bytes: Buffer): string {
  const plain = bytes[0] === 0x1f && bytes[1] === 0x8b ? unpacked(bytes) : bytes;
  const encoding =
    plain[0] === 0xff && plain[1] === 0xfe
      ? 'utf-16le'
      : plain[0] === 0xfe && plain[1] === 0xff
        ? 'utf-16be'
        : 'utf-8';
  try {
    // Without the byte order mark.
    return new TextDecoder(encoding, { fatal: true }).decode(plain);
  } catch {
    throw notUsable(`it is no text in ${encoding.toUpperCase()}`);
  }
}

function unpacked(bytes: Buffer): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: FILE_BYTES_MOST, finishFlush: constants.Z_FINISH });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw notUsable(`unpacked it has more than ${FILE_BYTES_MOST} bytes`);
    throw notUsable(`it cannot be unpacked: ${(cause as Error).message}`);
  }
}
