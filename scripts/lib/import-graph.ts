// The imports of a source tree, between files and between folders, and the circles in them.
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';

/** Node → nodes that it imports from. */
export type Graph = ReadonlyMap<string, ReadonlySet<string>>;

const IMPORT = /(?:from|import)\s*\(?\s*'(\.[^']+)'/g;
const isTest = (file: string) => file.includes('.test.');

/**
 * @returns the files below the root, by their paths from it, with the files that they import, types too; tests are
 * left out
 */
export async function importsOf(root: string): Promise<Graph> {
  const files = (await readdir(root, { recursive: true })).filter((file) => /\.tsx?$/.test(file) && !isTest(file));
  const entries = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(join(root, file), 'utf8');
      const targets = [...text.matchAll(IMPORT)].map(([, path = '']) => normalize(join(dirname(file), path)));
      return [file, new Set(targets.filter((target) => !target.startsWith('..')))] as const;
    }),
  );
  return new Map(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
}

/**
 * The graph of what lies directly in a folder: its folders, and `(top)` for its files. @param folder '' for the
 * root
 */
export function within(graph: Graph, folder: string): Graph {
  const prefix = folder === '' ? '' : `${folder}/`;
  const nodeOf = (file: string) => {
    const rest = file.slice(prefix.length);
    return rest.includes('/') ? rest.slice(0, rest.indexOf('/')) : '(top)';
  };
  const nodes = new Map<string, Set<string>>();
  for (const [file, targets] of graph) {
    if (!file.startsWith(prefix)) continue;
    const node = nodeOf(file);
    const known = nodes.get(node) ?? new Set();
    nodes.set(node, known);
    for (const target of targets) {
      if (target.startsWith(prefix) && nodeOf(target) !== node) known.add(nodeOf(target));
    }
  }
  return nodes;
}

/** Every folder that has folders of its own. */
export function foldersOf(graph: Graph): string[] {
  const folders = new Set(['']);
  for (const file of graph.keys()) {
    const parts = file.split('/').slice(0, -2);
    for (const [index] of parts.entries()) folders.add(parts.slice(0, index + 1).join('/'));
  }
  return [...folders].sort();
}

/**
 * Groups of nodes that import each other in circles, each sorted (Tarjan, "Depth-first search and linear graph
 * algorithms", 1972).
 */
export function circlesIn(graph: Graph): string[][] {
  const indexes = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const circles: string[][] = [];
  const visit = (node: string): number => {
    const index = indexes.size;
    indexes.set(node, index);
    let low = index;
    stack.push(node);
    for (const target of graph.get(node) ?? []) {
      if (!graph.has(target)) continue;
      if (!indexes.has(target)) low = Math.min(low, visit(target));
      else if (stack.includes(target)) low = Math.min(low, indexes.get(target) ?? low);
    }
    lowest.set(node, low);
    if (low === index) {
      const group = stack.splice(stack.indexOf(node));
      if (group.length > 1) circles.push(group.sort());
    }
    return low;
  };
  for (const node of graph.keys()) if (!indexes.has(node)) visit(node);
  return circles;
}
