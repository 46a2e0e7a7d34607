// An OpenAPI document: its version, what its references lead to, and its platform's address. Used by
// map-document.ts and what that uses; load-document.ts reads those of several files.
import { isRecord } from '../lib/json.ts';
import { createLibrary, type Library, type Node, type Resolve } from './library.ts';
import { notUsable, parseTree } from './parse-tree.ts';
import { upgradeSwagger } from './swagger.ts';

export type { Node, Resolve } from './library.ts';

export interface Document {
  root: Node;
  resolve: Resolve;
  /** Why a value that has a reference leads nowhere. */
  whyNot(value: unknown): string;
  /** Whether every reference in it leads somewhere. */
  isWhole: boolean;
  /** Where it was read; null: it is not from a URL. */
  location: string | null;
}

/** That a text is known by which comes from nowhere. */
const NOWHERE = 'seed://document/';

/** A document of one file. @throws SeedError usage: no OpenAPI document of version 3, or Swagger 2.0 */
export function parseDocument(text: string): Document {
  const root = rootOf(parseTree(text));
  const library = createLibrary(NOWHERE, hasIds(root));
  for (const uri of library.add(root, { uri: NOWHERE, location: NOWHERE }).keys())
    if (!library.has(uri)) library.addFailure(uri, 'it is outside the document');
  return documentOf(root, library, NOWHERE);
}

/** @param tree of the first file. @throws SeedError usage: it is no document that is taken */
export function rootOf(tree: unknown): Node {
  if (!isRecord(tree)) throw notUsable('it is no object');
  const { swagger, openapi } = tree;
  if (swagger === undefined && !/^3\.[0-2](\.|$|-)/.test(String(openapi ?? '')))
    throw notUsable(
      openapi === undefined
        ? 'it does not say "openapi": "3.…"'
        : `it does not say "openapi": "3.0" to "3.2", but "${openapi}"`,
    );
  if (swagger !== undefined && !/^2(\.0)?$/.test(String(swagger))) throw notUsable(`it is Swagger ${swagger}`);
  if (!isRecord(tree['paths'])) throw notUsable('it has no paths');
  return tree;
}

/** Whether its schemas are JSON Schema as it is today, since 3.1. */
export const hasIds = ({ openapi }: Node): boolean => /^3\.[1-9]/.test(String(openapi));

/** @param library with all files of the document. @throws SeedError usage */
export function documentOf(root: Node, library: Library, rootUri: string): Document {
  library.settle();
  if (root['swagger'] === undefined) return wholeDocument(root, library, rootUri);
  const upgraded = upgradeSwagger(root, library);
  const one = createLibrary(rootUri, false);
  for (const uri of one.add(upgraded, { uri: rootUri, location: rootUri }).keys())
    one.addFailure(uri, library.failures.get(uri) ?? 'it leads to nothing there');
  return wholeDocument(upgraded, one, rootUri);
}

function wholeDocument(root: Node, library: Library, rootUri: string): Document {
  const { resolve, whyNot } = library;
  const location = /^https?:/.test(rootUri) ? rootUri : null;
  return { root, resolve, whyNot, isWhole: library.isWhole(), location };
}

export const nodesOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** Those of a list that lead to an object, resolved. */
export function resolvedNodes(resolve: Resolve, value: unknown): Node[] {
  const resolved = nodesOf(value).map(resolve);
  return resolved.filter((each) => each !== null);
}

/** The first server, variables at their defaults, without a last slash; null: no complete http(s) address. */
export function serverOf(node: Node, location: string | null = null): string | null {
  const written = firstAddress(node);
  // Relative addresses are relative to where the document was read.
  const isOther = /[{}]/.test(written) || location === null;
  const address = isOther ? written : (URL.parse(written, location)?.href ?? written);
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
