// All files of a document, and what the references in them lead to. Built by document.ts and load-document.ts.
import { isRecord } from '../lib/json.ts';
import { notUsable } from './parse-tree.ts';
import { type FileAddress, isWholeByReference, readReferences, type WholeByReference } from './references.ts';

export type Node = Record<string, unknown>;

/** What a reference leads to, or the value itself. Null: it leads nowhere. */
export type Resolve = (value: unknown) => Node | null;

export interface Library {
  resolve: Resolve;
  /** What a reference (`#/a`, `https://…#/a`) leads to, also where that is a reference; undefined: nothing. */
  find(reference: string): unknown;
  /** Why a value that has a reference leads nowhere. */
  whyNot(value: unknown): string;
  /** @returns the files that it refers to: as they are known, and where each can be read */
  add(tree: unknown, address: FileAddress): Map<string, string>;
  /** A file that could not be read. */
  addFailure(uri: string, why: string): void;
  /** Once all files are there: maps and lists take the place of references to them. */
  settle(): void;
  /** Whether it is there, or known not to be. */
  has(uri: string): boolean;
  /** Whether every reference leads somewhere. */
  isWhole(): boolean;
  /** Why files are not there. */
  readonly failures: ReadonlyMap<string, string>;
}

/** How far a map may be from the reference that stands in its place. */
const PASSES_MOST = 100;

/**
 * @param hasIds whether the document is of a version (3.1) whose schemas are JSON Schema as it is today
 * @param valuesMost objects and lists of all files together
 */
export function createLibrary(rootUri: string, hasIds: boolean, valuesMost = Number.POSITIVE_INFINITY): Library {
  const files = new Map<string, unknown>();
  const resources = new Map<string, unknown>();
  const anchors = new Map<string, unknown>();
  const failures = new Map<string, string>();
  const references = new Set<string>();
  const merged = new WeakMap<Node, Node>();
  /** Maps and lists in whose place a reference stands. */
  let wholes: WholeByReference[] = [];
  let values = 0;
  const count = () => {
    values += 1;
    if (values > valuesMost) throw notUsable(`it has more than ${valuesMost} objects and lists`);
  };

  function find(reference: string): unknown {
    const at = reference.indexOf('#');
    const uri = (at < 0 ? reference : reference.slice(0, at)) || rootUri;
    const fragment = at < 0 ? '' : reference.slice(at + 1);
    if (fragment !== '' && !fragment.startsWith('/')) return anchors.get(`${uri}#${decoded(fragment)}`);
    const tree = files.get(uri) ?? resources.get(uri);
    return fragment === '' ? tree : fragment.slice(1).split('/').reduce(stepInto, tree);
  }

  /** References to references are followed; a circle of nothing else leads nowhere. */
  function follow(value: unknown, seen: Set<string>): Node | null {
    let found = value;
    for (;;) {
      if (found === true) return {};
      if (!isRecord(found)) return null;
      const reference = referenceIn(found, hasIds);
      if (reference === null) return found;
      if (seen.has(reference)) return null;
      seen.add(reference);
      const own = merged.get(found) ?? withOwnWords(found, hasIds, () => follow(find(reference), seen));
      if (own !== null) {
        merged.set(found, own);
        return own;
      }
      found = find(reference);
    }
  }

  /**
   * What stands beside the reference stays, and stands for what has the same name there.
   * @returns the references that this brings with it; null: it leads nowhere yet
   */
  function settled({ holder, key }: WholeByReference): WholeByReference[] | null {
    const written = holder[key];
    let found = written;
    for (const seen = new Set<unknown>(); isWholeByReference(found) && !seen.has(found); ) {
      seen.add(found);
      found = find(found['$ref']);
    }
    if (isWholeByReference(found) || typeof found !== 'object' || found === null) return null;
    const { $ref: _, ...own } = written as Node;
    const isMixed = isRecord(found) && Object.keys(own).length > 0;
    const mixed = isMixed ? { ...(found as Node), ...own } : found;
    holder[key] = mixed;
    const ofFound = isMixed ? wholes.filter((each) => each.holder === found && !(each.key in own)) : [];
    return ofFound.map((each) => ({ holder: mixed as Node, key: each.key }));
  }

  function whyNot(value: unknown): string {
    const reference = isRecord(value) ? referenceIn(value, hasIds) : null;
    if (reference === null) return 'is no description';
    const folder = rootUri.replace(/[^/]*$/, '');
    const short = (reference.startsWith(folder) ? reference.slice(folder.length) : reference).replace(/#$/, '');
    const shown = short || reference;
    const failure = failures.get(reference.replace(/#.*$/s, ''));
    if (failure !== undefined) return `refers to ${shown}, and ${failure}`;
    return `refers to ${shown}, which ${find(reference) === undefined ? 'is not there' : 'leads to no description'}`;
  }

  return {
    resolve: (value) => follow(value, new Set()),
    find,
    whyNot,
    add(tree, address) {
      const found = readReferences(tree, { file: address, rootUri, hasIds, count });
      files.set(address.uri, tree);
      for (const [uri, part] of found.resources) resources.set(uri, part);
      for (const [uri, part] of found.anchors) anchors.set(uri, part);
      for (const reference of found.references) references.add(reference);
      for (const whole of found.wholes) wholes.push(whole);
      return found.files;
    },
    settle() {
      // One may stand on the way to another.
      for (let pass = 0, isMore = wholes.length > 0; isMore && pass < PASSES_MOST; pass += 1) {
        isMore = false;
        wholes = wholes.flatMap((each) => {
          const brought = settled(each);
          isMore ||= brought !== null;
          return brought ?? [each];
        });
      }
    },
    addFailure: (uri, why) => void failures.set(uri, why),
    has: (uri) => files.has(uri) || resources.has(uri) || failures.has(uri),
    isWhole: () => wholes.length === 0 && [...references].every((each) => find(each) !== undefined),
    failures,
  };
}

function referenceIn({ $ref, $dynamicRef }: Node, hasIds: boolean): string | null {
  if (typeof $ref === 'string') return $ref;
  return hasIds && typeof $dynamicRef === 'string' ? $dynamicRef : null;
}

/** Words that a path item has beside its `$ref` in every version. */
const OF_PATH_ITEM =
  /^(get|put|post|delete|options|head|patch|trace|query|additionalOperations|parameters|servers)$/;
/** Words that say something about a schema and judge nothing. */
const ANNOTATION =
  /^(summary|description|title|deprecated|default|examples?|readOnly|writeOnly|externalDocs|\$comment|xml|x-.*)$/;
/** Words that only name the node itself. */
const OWN_NAME = /^\$(ref|dynamicRef|id|anchor|dynamicAnchor|schema|defs|comment)$/;

/**
 * What stands beside a reference counts where the specification says so: in a path item, and since 3.1 in what a
 * reference may be described with and in every schema. Null: nothing that counts.
 */
function withOwnWords(node: Node, hasIds: boolean, target: () => Node | null): Node | null {
  const words = Object.keys(node).filter((word) => !OWN_NAME.test(word));
  if (words.length === 0) return null;
  const { $ref, $dynamicRef, ...own } = node;
  if (words.some((word) => OF_PATH_ITEM.test(word))) return merge(own, target());
  if (!hasIds) return null;
  if (words.every((word) => ANNOTATION.test(word))) return merge(own, target());
  const reference = { $ref: $ref ?? $dynamicRef };
  return { ...own, allOf: [reference, ...(Array.isArray(own['allOf']) ? own['allOf'] : [])] };
}

const merge = (own: Node, target: Node | null) => (target === null ? null : { ...target, ...own });

/** One part of a JSON Pointer in a URI fragment (RFC 6901, section 6). */
function stepInto(value: unknown, part: string): unknown {
  if (!isRecord(value) && !Array.isArray(value)) return undefined;
  const names = [decoded(part), part].map((text) => text.replaceAll('~1', '/').replaceAll('~0', '~'));
  const name = names.find((each) => Object.hasOwn(value, each));
  return name === undefined ? undefined : (value as Node)[name];
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
