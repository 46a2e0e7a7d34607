// The operations of a document, wherever they stand, and those that are asked for. Used by map-document.ts.
import { isRecord } from '../lib/json.ts';
import { SeedError } from '../protocol/errors.ts';
import { type Document, type Node, nodesOf } from './document.ts';
import { isWholeByReference } from './references.ts';

export type LeftOut = { operation: string; why: string };

export interface Found {
  method: string;
  path: string;
  pathItem: Node;
  node: Node;
}

const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete', 'query'];
const OTHER_METHODS = ['options', 'trace', 'connect'];
const METHOD = /^[A-Za-z][A-Za-z0-9-]{0,29}$/;

/** @param leftOut is given what stands where an operation may and is none */
export function findOperations({ root, resolve, whyNot }: Document, leftOut: LeftOut[]): Found[] {
  const hasQuery = /^3\.[2-9]/.test(String(root['openapi']));
  const methods = METHODS.filter((method) => hasQuery || method !== 'query');
  const none = [...OTHER_METHODS, ...(hasQuery ? [] : ['query'])];
  if (isWholeByReference(root['paths'])) {
    leftOut.push({ operation: 'paths', why: `it ${whyNot(root['paths'])}` });
    return [];
  }
  return Object.entries(root['paths'] as Node).flatMap(([path, item]) => {
    if (path.startsWith('x-')) return [];
    const pathItem = resolve(item);
    if (pathItem === null) {
      leftOut.push({ operation: path, why: `it ${whyNot(item)}` });
      return [];
    }
    const more = isRecord(pathItem['additionalOperations']) ? pathItem['additionalOperations'] : {};
    const all = [
      ...methods
        .filter((method) => method in pathItem)
        .map((method) => [method.toUpperCase(), pathItem[method]] as const),
      ...none
        .filter((method) => method in pathItem)
        .map((method) => [method.toUpperCase(), pathItem[method]] as const),
      ...Object.entries(more),
    ];
    return all.flatMap(([method, value]): Found[] => {
      const operation = `${method} ${path}`;
      const isOther = none.includes(method.toLowerCase()) || !METHOD.test(method);
      const node = resolve(value);
      if (isOther) leftOut.push({ operation, why: 'no command has this method' });
      else if (node === null) leftOut.push({ operation, why: `it ${whyNot(value)}` });
      else return [{ method, path, pathItem, node }];
      return [];
    });
  });
}

export interface Choice {
  /** Tags, operationIds, methods with paths, or names of commands; `*` stands for anything. Empty: all. */
  only: readonly string[];
  except: readonly string[];
}

/** @throws SeedError usage: a pattern that nothing fits */
export function refuseIdle({ only, except }: Choice, names: readonly (readonly string[])[]): void {
  const idle = [...only, ...except].find((pattern) => !names.some((of) => isOneOf(of, [pattern])));
  if (idle === undefined) return;
  const tags = [...new Set(names.flatMap((of) => of.at(0) ?? []))].slice(0, 20);
  throw new SeedError('usage', `the document has no tag, operation or command "${idle}"`, {
    hint: `Its tags begin with: ${tags.join(', ')}.`,
  });
}

export function isChosen({ only, except }: Choice, names: readonly string[]): boolean {
  return (only.length === 0 || isOneOf(names, only)) && !isOneOf(names, except);
}

/** By which an operation can be chosen; those of its command come besides. */
export function namesOf({ method, path, node }: Found): string[] {
  const tags = nodesOf(node['tags']).filter((tag) => typeof tag === 'string');
  const { operationId } = node;
  return [...tags, ...(typeof operationId === 'string' ? [operationId] : []), `${method} ${path}`, path];
}

function isOneOf(names: readonly string[], patterns: readonly string[]): boolean {
  return patterns.some((pattern) => names.some((name) => fits(pattern.toLowerCase(), name.toLowerCase())));
}

/** Whether the text is what the pattern says, in which `*` stands for anything. */
export function fits(pattern: string, text: string): boolean {
  const [first = '', ...others] = pattern.split('*');
  if (others.length === 0) return pattern === text;
  const last = others.pop() ?? '';
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of others) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= text.length - last.length;
}
