// An OpenAPI document as it is written, JSON or YAML, and what its references lead to.
import { parse } from 'yaml';
import { SeedError } from '../protocol/errors.ts';

export type Node = Record<string, unknown>;

/** What a reference leads to, or the value itself. Null: it leads out of the document, or nowhere. */
export type Resolve = (value: unknown) => Node | null;

export interface Document {
  root: Node;
  resolve: Resolve;
}

/** @throws SeedError usage: no OpenAPI document of version 3 */
export function parseDocument(text: string): Document {
  const root = parseText(text);
  if (typeof root['swagger'] === 'string')
    throw notUsable(
      `it is Swagger ${root['swagger']}`,
      'Convert it to OpenAPI 3 first; the editors of OpenAPI do.',
    );
  if (!/^3\.\d/.test(String(root['openapi'] ?? ''))) throw notUsable('it does not say "openapi": "3.…"');
  if (!isNode(root['paths'])) throw notUsable('it has no paths');
  return { root, resolve: (value) => resolveIn(root, value) };
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function nodesOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Those of a list that lead to an object, resolved. */
export function resolvedNodes(resolve: Resolve, value: unknown): Node[] {
  return nodesOf(value)
    .map(resolve)
    .filter((each) => each !== null);
}

function parseText(text: string): Node {
  let root: unknown;
  try {
    // Far faster for JSON, which YAML includes.
    root = /^\s*\{/.test(text) ? JSON.parse(text) : parse(text, { maxAliasCount: 1_000 });
  } catch (cause) {
    throw notUsable(`it is neither JSON nor YAML: ${(cause as Error).message.split('\n')[0]}`);
  }
  if (isNode(root)) return root;
  throw notUsable('it is no object');
}

/** References to references are followed; a circle of nothing else leads nowhere. */
function resolveIn(root: Node, value: unknown): Node | null {
  let found = value;
  for (let step = 0; step < 20; step += 1) {
    if (!isNode(found)) return null;
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
  return (isNode(value) || Array.isArray(value)) && Object.hasOwn(value, name)
    ? (value as Node)[name]
    : undefined;
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
