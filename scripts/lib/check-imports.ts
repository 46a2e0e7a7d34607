// The layout as a rule: which folder of src/ may import from which. See docs/architecture.md.
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
  server: ['commands', 'core', 'store', 'protocol', 'lib', 'cli'],
  guest: ['protocol', 'lib'],
  cli: ['protocol', 'lib', 'drivers'],
  '(top)': ['protocol', 'lib', 'server', 'runner'],
};

/** @returns a line for each import that goes against the layout */
export async function checkImports(root: string): Promise<string[]> {
  const files = (await readdir(root, { recursive: true })).filter((file) => file.endsWith('.ts'));
  const found = await Promise.all(files.map((file) => wrongImports(root, file)));
  return found.flat();
}

async function wrongImports(root: string, file: string): Promise<string[]> {
  const folder = folderOf(file);
  const allowed = ALLOWED[folder];
  if (!allowed) return [`src/${file}: the folder ${folder} is not in the layout`];
  const text = await readFile(join(root, file), 'utf8');
  const targets = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((match) => match[1] ?? '');
  return targets
    .map((target) => folderOf(normalize(join(dirname(file), target))))
    .filter((target) => target !== folder && !target.startsWith('..') && !allowed.includes(target))
    .map((target) => `src/${file}: ${folder} may not import from ${target}`);
}

function folderOf(file: string): string {
  return file.includes('/') ? (file.split('/')[0] ?? '') : '(top)';
}
