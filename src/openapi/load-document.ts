// A document with all the files that it refers to, read and put together. Used by import-pack.ts.
import { createHash } from 'node:crypto';
import { SeedError } from '../protocol/errors.ts';
import { type Document, documentOf, hasIds, rootOf } from './document.ts';
import { createLibrary } from './library.ts';
import { notUsable, parseTree, textOf } from './parse-tree.ts';
import { openSource, type Source } from './read-source.ts';

export interface LoadedDocument {
  document: Document;
  /** Of all files. */
  sha256: string;
  files: number;
  bytes: number;
  /** Files that it refers to and that are not to be had, and why. */
  missing: { file: string; why: string }[];
}

export interface DocumentBounds {
  files: number;
  /** Of all files together. */
  bytes: number;
  /** Objects and lists of all files together; each takes about a hundred bytes. */
  values: number;
}

/** Many times what the largest documents have: DigitalOcean's is 3,200 files. */
export const DOCUMENT_BOUNDS: DocumentBounds = { files: 10_000, bytes: 256 * 1024 * 1024, values: 10_000_000 };
const AT_ONCE = 8;

/**
 * @param source a URL, or a path from the current folder
 * @param allowedOrigins that files of it may come from besides its own folder or origin
 * @throws SeedError usage, not_allowed, unreachable
 */
export async function loadDocument(
  source: string,
  allowedOrigins: readonly string[],
  most: DocumentBounds = DOCUMENT_BOUNDS,
): Promise<LoadedDocument> {
  await using from = await openSource(source, allowedOrigins.map(originOf));
  const first = await from.read(from.location);
  const texts = new Map([[first.location, textOf(first.bytes)]]);
  const root = rootOf(parseTree(texts.get(first.location) ?? ''));
  const ownUri = typeof root['$self'] === 'string' ? URL.parse(root['$self'], first.location)?.href : null;
  const rootUri = (ownUri ?? first.location).replace(/#.*$/s, '');
  const library = createLibrary(rootUri, hasIds(root), most.values);
  let bytes = first.bytes.length;
  let open = [...library.add(root, { uri: rootUri, location: first.location })];
  while (open.length > 0) {
    const next = open.splice(0, AT_ONCE).filter(([uri]) => !library.has(uri));
    if (texts.size + next.length > most.files) throw notUsable(`it has more than ${most.files} files`);
    const read = await Promise.all(next.map(([uri, location]) => readFile(from, uri, location)));
    for (const file of read) {
      if (library.has(file.uri)) continue;
      if ('why' in file) {
        library.addFailure(file.uri, file.why);
        continue;
      }
      bytes += file.size;
      if (bytes > most.bytes) throw notUsable(`its files have more than ${most.bytes} bytes`);
      texts.set(file.uri, file.text);
      open.push(...library.add(file.tree, { uri: file.uri, location: file.location }));
    }
    open = open.filter(([uri]) => !library.has(uri));
  }
  const hash = createHash('sha256');
  for (const [, text] of [...texts].sort(([one], [other]) => (one < other ? -1 : 1))) hash.update(text);
  return {
    document: { ...documentOf(root, library, rootUri), location: httpOf(first.location) },
    sha256: hash.digest('hex'),
    files: texts.size,
    bytes,
    missing: [...library.failures].map(([file, why]) => ({ file, why })),
  };
}

type ReadFile =
  | { uri: string; why: string }
  | { uri: string; location: string; tree: unknown; text: string; size: number };

async function readFile(from: Source, uri: string, location: string): Promise<ReadFile> {
  try {
    const { bytes, location: at } = await from.read(location);
    const text = textOf(bytes);
    return { uri, location: at, tree: parseTree(text), text, size: bytes.length };
  } catch (error) {
    if (error instanceof SeedError) return { uri, why: error.message };
    throw error;
  }
}

const httpOf = (location: string) => (/^https?:/.test(location) ? location : null);

/** @throws SeedError usage */
function originOf(text: string): string {
  const url = URL.parse(text);
  if (url && /^https?:$/.test(url.protocol)) return url.origin;
  throw new SeedError('usage', `"${text}" is no origin`, { hint: 'Write it as https://specs.example.com.' });
}
