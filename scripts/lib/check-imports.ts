// The layout as a rule: which folder of src/ may import from which, and what packs may. See docs/architecture.md.
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';

/** Folder → folders of src/ it may import from, besides itself. `(top)` stands for files in src/ itself. */
const ALLOWED: Record<string, readonly string[]> = {
  lib: ['protocol'],
  protocol: [],
  core: ['protocol'],
  commands: ['core', 'protocol'],
  store: ['core', 'protocol', 'lib'],
  drivers: ['protocol', 'lib', 'guest'],
  runner: ['core', 'drivers', 'protocol', 'lib'],
  openapi: ['protocol', 'lib'],
  server: ['commands', 'core', 'store', 'protocol', 'lib', 'cli', 'openapi'],
  guest: ['protocol', 'lib'],
  cli: ['protocol', 'lib', 'drivers', 'openapi'],
  '(top)': ['protocol', 'lib', 'server', 'runner', 'commands', 'store'],
};

/** What a pack may import of Seed, by name; its own files by path, and packages. */
const PUBLIC_FACES: readonly string[] = ['seed/pack'];
const FACES_FOR_TESTS: readonly string[] = [...PUBLIC_FACES, 'seed/testing'];
const IMPORT = /(?:from|import)\s*\(?\s*'([^']+)'/g;

/** @returns a line for each import that goes against the layout */
export async function checkImports(root: string): Promise<string[]> {
  const files = (await readdir(root, { recursive: true })).filter((file) => file.endsWith('.ts'));
  const found = await Promise.all(files.map((file) => wrongImports(root, file)));
  return found.flat();
}

/** @returns a line for each import of a pack that reaches past the public face, or into another pack */
export async function checkPackImports(root: string): Promise<string[]> {
  const files = (await readdir(root, { recursive: true })).filter((file) => file.endsWith('.ts'));
  const found = await Promise.all(
    files.map(async (file) => {
      const faces = file.endsWith('.test.ts') ? FACES_FOR_TESTS : PUBLIC_FACES;
      return (await importsOf(join(root, file)))
        .filter((target) =>
          target.startsWith('.')
            ? folderOf(normalize(join(dirname(file), target))) !== folderOf(file)
            : /^seed(\/|$)/.test(target) && !faces.includes(target),
        )
        .map(
          (target) => `packs/${file}: a pack may import its own files and ${faces.join(', ')}, not ${target}`,
        );
    }),
  );
  return found.flat();
}

async function importsOf(path: string): Promise<string[]> {
  return [...(await readFile(path, 'utf8')).matchAll(IMPORT)].map((match) => match[1] ?? '');
}

async function wrongImports(root: string, file: string): Promise<string[]> {
  const folder = folderOf(file);
  const allowed = ALLOWED[folder];
  if (!allowed) return [`src/${file}: the folder ${folder} is not in the layout`];
  return (await importsOf(join(root, file)))
    .filter((target) => target.startsWith('.'))
    .map((target) => folderOf(normalize(join(dirname(file), target))))
    .filter((target) => target !== folder && !target.startsWith('..') && !allowed.includes(target))
    .map((target) => `src/${file}: ${folder} may not import from ${target}`);
}

function folderOf(file: string): string {
  return file.includes('/') ? (file.split('/')[0] ?? '') : '(top)';
}
