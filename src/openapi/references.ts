// The references of one file: found, written so that they mean the same wherever they are read, and what names
// ($id, $anchor) others can lead to. Used by library.ts.
import { isRecord } from '../lib/json.ts';
import { notUsable } from './parse-tree.ts';

/** The address by which a file is known (its $self, or where it was read), and where it was read. */
export interface FileAddress {
  uri: string;
  location: string;
}

interface FoundNames {
  /** All references, as they stand in the tree now. */
  references: Set<string>;
  /** Files that it refers to: as they are known, and where each can be read. */
  files: Map<string, string>;
  /** By address without a fragment: parts of the file that have an address of their own. */
  resources: Map<string, unknown>;
  /** By address with the anchor as its fragment. */
  anchors: Map<string, unknown>;
  /** Maps and lists in whose place a reference stands. */
  wholes: WholeByReference[];
}

/** `holder[key]` is to be a map or a list, and is a reference to one. */
export interface WholeByReference {
  holder: Record<string, unknown>;
  key: string;
}

interface Reading {
  file: FileAddress;
  /** Of the whole document: a reference into its first file is written as `#…`. */
  rootUri: string;
  /** $id, $anchor and $dynamicRef are words since 3.1. */
  hasIds: boolean;
  /** Called for every object and list. @throws when there are too many */
  count(): void;
}

/** More levels than any platform's document has. */
const DEPTH_MOST = 400;

/** Whose keys are names that somebody chose, and no words of OpenAPI or JSON Schema. */
const MAPS = new Set(
  (
    'properties patternProperties $defs definitions dependentSchemas schemas responses parameters examples ' +
    'requestBodies headers securitySchemes securityDefinitions links callbacks pathItems mediaTypes paths webhooks ' +
    'content encoding additionalOperations'
  ).split(' '),
);
/** Whose values are data, in which a reference is none; code samples are nobody's to call. */
const DATA = /^(example|default|const|enum|value|dataValue|x-code-?samples)$/i;

/** What is a map or a list wherever it stands: in its place an object with a text as its `$ref` is a reference. */
export const WHOLES: ReadonlySet<string> = new Set([
  ...MAPS,
  ...'components allOf anyOf oneOf prefixItems required enum tags servers security'.split(' '),
]);
/** Written so in the place of a map or a list: `properties: { $ref: 'fields.yml' }`. */
export const isWholeByReference = (value: unknown): value is Record<string, unknown> & { $ref: string } =>
  isRecord(value) && typeof value['$ref'] === 'string';

type Visit = { value: unknown; base: string; isMap: boolean; depth: number };

/** Changes the references in the tree. @throws SeedError usage: it is nested too deep */
export function readReferences(tree: unknown, { file, rootUri, hasIds, count }: Reading): FoundNames {
  const found: FoundNames = {
    references: new Set(),
    files: new Map(),
    resources: new Map(),
    anchors: new Map(),
    wholes: [],
  };
  const seen = new Set<unknown>();
  const rewritten = new Set<unknown>();
  const open: Visit[] = [{ value: tree, base: file.uri, isMap: false, depth: 0 }];
  for (let visit = open.pop(); visit !== undefined; visit = open.pop()) {
    const { value, isMap, depth } = visit;
    // Aliases of YAML are one value that stands in several places.
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    count();
    if (depth > DEPTH_MOST) throw notUsable(`it is nested deeper than ${DEPTH_MOST} levels`);
    const isNode = !isMap && isRecord(value);
    const base = isNode && hasIds ? readNames(value, visit.base, found) : visit.base;
    if (isNode) rewrite(value, base);
    for (const [key, inner] of Object.entries(value)) {
      if (isNode && WHOLES.has(key) && isWholeByReference(inner)) {
        found.wholes.push({ holder: value, key });
        rewrite(inner, base);
      }
      // Examples are a list of data in a schema, and a map of descriptions elsewhere.
      if (isNode && (DATA.test(key) || (key === 'examples' && Array.isArray(inner)))) continue;
      open.push({ value: inner, base, isMap: isNode && WHOLES.has(key) && isRecord(inner), depth: depth + 1 });
    }
  }
  return found;

  function rewrite(node: Record<string, unknown>, base: string): void {
    if (rewritten.has(node)) return;
    rewritten.add(node);
    const { $ref, $dynamicRef, discriminator } = node;
    if (typeof $ref === 'string') node['$ref'] = refer($ref, base);
    if (hasIds && typeof $dynamicRef === 'string') node['$dynamicRef'] = refer($dynamicRef, base);
    const mapping = isRecord(discriminator) ? discriminator['mapping'] : undefined;
    for (const [name, target] of Object.entries(isRecord(mapping) ? mapping : {})) {
      // A plain word is the name of a schema.
      if (typeof target === 'string' && /[/#]/.test(target)) (mapping as typeof node)[name] = refer(target, base);
    }
  }

  function refer(written: string, base: string): string {
    const reference = absolute(written, base);
    found.references.add(reference);
    return reference;
  }

  function absolute(written: string, base: string): string {
    if (written.startsWith('#') && base === rootUri) return written;
    const url = URL.parse(written, base);
    if (url === null) return written;
    const hash = url.hash || '#';
    url.hash = '';
    const uri = url.href;
    if (uri === rootUri) return hash;
    if (uri !== base && !found.files.has(uri)) found.files.set(uri, locationOf(written, uri, base));
    return uri + hash;
  }

  /** What is known by another address than it was read from has its neighbours where it was read from. */
  function locationOf(written: string, uri: string, base: string): string {
    const isRelative = base === file.uri && !URL.canParse(written);
    return (isRelative ? URL.parse(written, file.location)?.href.replace(/#.*$/s, '') : null) ?? uri;
  }
}

/** What the node names itself. @returns what references in it are relative to */
function readNames(node: Record<string, unknown>, base: string, { resources, anchors }: FoundNames): string {
  const { $id, $anchor, $dynamicAnchor } = node;
  const url = typeof $id === 'string' ? URL.parse($id, base) : null;
  const own = url === null ? base : url.href.replace(/#.*$/s, '');
  if (own !== base) resources.set(own, node);
  for (const anchor of [$anchor, $dynamicAnchor])
    if (typeof anchor === 'string') anchors.set(`${own}#${anchor}`, node);
  return own;
}
