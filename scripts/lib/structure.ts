// What `npm run check` says of the structure: circles, where the nouns lie, types that are written twice, and how
// much there is.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { doubledTypes } from './doubled-types.ts';
import { circlesIn, foldersOf, type Graph, importsOf, within } from './import-graph.ts';
import { againstLayout, layoutTable } from './layout.ts';
import { placesOfNouns, scatteredNouns } from './nouns.ts';

const LONGEST_FILE = 350;
const WIDEST_COMMENT = 115;
const COMMENT = /^\s*(\/\/|\/\*\*|\*)/;

export interface Structure {
  /** Lines for people. */
  says: string[];
  /** What has to be mended; empty when all is well. */
  wrong: string[];
}

/** @param root of the repository, with a slash at its end */
export async function structureOf(root: string): Promise<Structure> {
  const [source, web] = [await importsOf(join(root, 'src')), await importsOf(join(root, 'web/src'))];
  const circles = [...circlesAt('src', source), ...circlesAt('web/src', web)];
  const doubled = await doubledTypes([join(root, 'src'), join(root, 'web/src')]);
  const sizes = [await sizeOf(root, 'src'), await sizeOf(root, 'web/src')];
  const page = await readFile(join(root, 'docs/architecture.md'), 'utf8');
  const isTold = unspaced(page).includes(unspaced(layoutTable()));
  return {
    says: [
      `circles of imports: ${circles.length}`,
      ...placesOfNouns(source).map(
        ({ noun, files, folders }) => `${noun}: ${files} files of src/server, in ${folders.join(', ')}`,
      ),
      `types written twice: ${doubled.length}`,
      ...sizes.map(
        ({ name, files, lines, median }) => `${name}: ${files} files, ${lines} lines, median ${median}`,
      ),
    ],
    wrong: [
      ...circles,
      ...againstLayout(source),
      ...scatteredNouns(source),
      ...doubled,
      ...sizes.flatMap(({ long, wide }) => [...long, ...wide]),
      ...(isTold
        ? []
        : [`docs/architecture.md has another table of imports than scripts/lib/layout.ts:\n${layoutTable()}`]),
    ],
  };
}

/** Between files, and between the folders of every folder. */
function circlesAt(name: string, graph: Graph): string[] {
  return [
    ...circlesIn(graph),
    ...foldersOf(graph).flatMap((folder) =>
      circlesIn(within(graph, folder)).map((nodes) => nodes.map((node) => join(folder, node))),
    ),
  ].map((circle) => `${name}: imports in a circle: ${circle.join(' ↔ ')}`);
}

async function sizeOf(repository: string, name: string) {
  const root = join(repository, name);
  const files = (await readdir(root, { recursive: true })).filter(
    (file) => /\.tsx?$/.test(file) && !file.includes('.test.'),
  );
  const texts = await Promise.all(files.map((file) => readFile(join(root, file), 'utf8')));
  const lengths = texts.map((text) => text.split('\n').length - 1);
  return {
    name,
    files: files.length,
    lines: lengths.reduce((sum, length) => sum + length, 0),
    median: lengths.toSorted((a, b) => a - b)[Math.floor(lengths.length / 2)] ?? 0,
    long: files
      .filter((_, index) => (lengths[index] ?? 0) > LONGEST_FILE)
      .map((file) => `${join(name, file)} is longer than ${LONGEST_FILE} lines`),
    wide: files.flatMap((file, index) =>
      (texts[index] ?? '').split('\n').flatMap((line, at) => {
        const isWide = COMMENT.test(line) && line.length > WIDEST_COMMENT;
        return isWide ? `${join(name, file)}:${at + 1}: a comment wider than ${WIDEST_COMMENT} columns` : [];
      }),
    ),
  };
}

/** A formatter may widen the columns of a table. */
const unspaced = (text: string) => text.replace(/[ -]+/g, '');
