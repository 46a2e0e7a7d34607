// An OpenAPI document: read, parsed, its references resolved, and its platform's address. Used by import-pack.ts.
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { isRecord } from '../lib/json.ts';
import { readWithin } from '../lib/read-stream.ts';
import { SeedError } from '../protocol/errors.ts';

export type Node = Record<string, unknown>;

/** What a reference leads to, or the value itself. Null: it leads out of the document, or nowhere. */
export type Resolve = (value: unknown) => Node | null;

export type Document = { root: Node; resolve: Resolve };

/** @throws SeedError usage: no OpenAPI document of version 3 */
export function parseDocument(text: string): Document {
  const root = parseText(text);
  if (typeof root['swagger'] === 'string')
    throw notUsable(
      `it is Swagger ${root['swagger']}`,
      'Convert it to OpenAPI 3 first; the editors of OpenAPI do.',
    );
  if (!/^3\.\d/.test(String(root['openapi'] ?? ''))) throw notUsable('it does not say "openapi": "3.…"');
  if (!isRecord(root['paths'])) throw notUsable('it has no paths');
  return { root, resolve: (value) => resolveIn(root, value) };
}

export const nodesOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** Those of a list that lead to an object, resolved. */
export function resolvedNodes(resolve: Resolve, value: unknown): Node[] {
  const resolved = nodesOf(value).map(resolve);
  return resolved.filter((each) => each !== null);
}

function parseText(text: string): Node {
  let root: unknown;
  try {
    // Far faster for JSON, which YAML includes.
    root = /^\s*\{/.test(text) ? JSON.parse(text) : parse(text, { maxAliasCount: 1_000 });
  } catch (cause) {
    throw notUsable(`it is neither JSON nor YAML: ${(cause as Error).message.split('\n')[0]}`);
  }
  if (isRecord(root)) return root;
  throw notUsable('it is no object');
}

/** References to references are followed; a circle of nothing else leads nowhere. */
function resolveIn(root: Node, value: unknown): Node | null {
  let found = value;
  for (let step = 0; step < 20; step += 1) {
    if (!isRecord(found)) return null;
    const { $ref } = found;
    if (typeof $ref !== 'string') return found;
    if (!$ref.startsWith('#/')) return null;
    found = $ref.slice(2).split('/').reduce(stepInto, root);
  }
  return null;
}

/** One part of a JSON Pointer in a URI fragment (RFC 6901, section 6). */
function stepInto(value: unknown, part: string): unknown {
  const name = decoded(part).replaceAll('~1', '/').replaceAll('~0', '~');
  const isInside = (isRecord(value) || Array.isArray(value)) && Object.hasOwn(value, name);
  return isInside ? (value as Node)[name] : undefined;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const notUsable = (why: string, hint = 'It is to be an OpenAPI document of version 3.0 or 3.1.') =>
  new SeedError('usage', `the document cannot be used: ${why}`, { hint });

const TIMEOUT_MS = 60_000;
/** The largest that platforms publish have about 20 MB. */
const DOCUMENT_BYTES = 64 * 1024 * 1024;

/** @param source a URL, or a path from the current folder. @throws SeedError usage or unreachable */
export async function readSource(source: string): Promise<string> {
  if (!/^https?:\/\//i.test(source)) {
    return readFile(source, 'utf8').catch((cause) => {
      throw new SeedError('usage', `there is no file ${JSON.stringify(source)} to read`, { cause });
    });
  }
  try {
    const response = await fetch(source, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new SeedError('unreachable', `${source} answers ${response.status}`);
    const bytes = await readWithin(response.body ?? new Blob([]).stream(), DOCUMENT_BYTES);
    if (bytes !== null) return bytes.toString('utf8');
    throw new SeedError('unreachable', `${source} has more than ${DOCUMENT_BYTES} bytes`, {
      hint: 'Is it the document itself? Give its address, or a file.',
    });
  } catch (cause) {
    if (cause instanceof SeedError) throw cause;
    throw new SeedError('unreachable', `${source} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** The first server, variables at their defaults, without a last slash; null: no complete http(s) address. */
export function serverOf(node: Node): string | null {
  const address = firstAddress(node);
  return /^https?:\/\/[^{}]+$/.test(address) && URL.canParse(address) ? address.replace(/\/+$/, '') : null;
}

/** Also of those that are no complete addresses. */
export const isSameServer = (one: Node, other: Node): boolean => firstAddress(one) === firstAddress(other);

/** `/` where none is named, as the specification has it. */
function firstAddress({ servers }: Node): string {
  const [server] = nodesOf(servers);
  if (!isRecord(server) || typeof server['url'] !== 'string') return '/';
  const variables = isRecord(server['variables']) ? server['variables'] : {};
  return server['url'].replace(/\{([^}]+)\}/g, (whole, name: string) => {
    const variable = variables[name];
    return isRecord(variable) && typeof variable['default'] === 'string' ? variable['default'] : whole;
  });
}
