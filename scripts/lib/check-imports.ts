// What packs and the dashboard may import, and who may connect to the database. Which folder of src/ may import
// from which is in layout.ts.
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize, relative } from 'node:path';

/** What a pack may import of Seed, by name; its own files by path, and packages. */
const PUBLIC_FACES: readonly string[] = ['seed/pack'];
const FACES_FOR_TESTS: readonly string[] = [...PUBLIC_FACES, 'seed/testing'];
const IMPORT = /(?:from|import)\s*\(?\s*'([^']+)'/g;

/** @returns a line for each file that could connect to the database and may not */
export async function checkConnections(root: string): Promise<string[]> {
  const files = (await readdir(root, { recursive: true })).filter((file) => file.endsWith('.ts'));
  const found = await Promise.all(files.map((file) => wrongConnections(root, file)));
  return found.flat();
}

/**
 * @returns a line for each import of a pack in the folder that reaches past the public face, or into another pack
 */
export async function checkPackImports(root: string, shown = 'packs'): Promise<string[]> {
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
          (target) => `${shown}/${file}: a pack may import its own files and ${faces.join(', ')}, not ${target}`,
        );
    }),
  );
  return found.flat();
}

/**
 * The dashboard takes types from src/protocol and the commands of src/server, and values only from files of
 * src/protocol and src/lib that need nothing but such files: whatever else of the server came along would be
 * loaded by every browser.
 * @returns a line for each import that goes further
 */
export async function checkWebImports(root: string): Promise<string[]> {
  const files = (await readdir(root, { recursive: true })).filter((file) => /(?<!\.test)\.tsx?$/.test(file));
  const found = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(join(root, file), 'utf8');
      const wrong: string[] = [];
      for (const [, type, target = ''] of text.matchAll(WEB_IMPORT)) {
        const path = target.startsWith('.') ? join(root, dirname(file), target) : null;
        if (target.startsWith('node:') || (path && !(await mayTake(root, path, type !== undefined)))) {
          wrong.push(
            `web/src/${file}: the dashboard may not import ${type === undefined ? 'values' : 'types'} from ${target}`,
          );
        }
      }
      return wrong;
    }),
  );
  return found.flat();
}

/** The file that lists the commands. */
const BUILT_IN = /\/src\/server\/built-in\.ts$/;

const WEB_IMPORT = /^(?:import|export)(?:\s+(type)\b)?(?:[^'";]*?\bfrom)?\s*'([^']+)'/gm;

async function mayTake(root: string, path: string, isType: boolean): Promise<boolean> {
  if (path.startsWith(root)) return true;
  const folder = folderOf(relative(join(root, '../../src'), path));
  if (isType) return folder === 'protocol' || BUILT_IN.test(path);
  return (folder === 'protocol' || folder === 'lib') && (await standsAlone(path));
}

/** Needs no package and nothing of Node, and neither do the files that it needs. */
async function standsAlone(path: string): Promise<boolean> {
  const targets = await importsOf(path);
  const alone = await Promise.all(
    targets.map((target) => target.startsWith('.') && standsAlone(join(dirname(path), target))),
  );
  return alone.every(Boolean);
}

async function importsOf(path: string): Promise<string[]> {
  return [...(await readFile(path, 'utf8')).matchAll(IMPORT)].map((match) => match[1] ?? '');
}

/** Connections are made in one place, where what happens to them is caught. */
const MAY_CONNECT: readonly string[] = [
  'db/connection.ts',
  'db/connection-pool.ts',
  'db/carried-limits.ts',
  'db/database-failure.ts',
];
const CONNECTS = /^import (?!type\b)[^;]*? from 'pg'/m;

async function wrongConnections(root: string, file: string): Promise<string[]> {
  if (MAY_CONNECT.includes(file) || file.endsWith('.test.ts')) return [];
  if (!CONNECTS.test(await readFile(join(root, file), 'utf8'))) return [];
  return [`src/${file}: only ${MAY_CONNECT.join(', ')} may import values from pg`];
}

function folderOf(file: string): string {
  return file.includes('/') ? (file.split('/')[0] ?? '') : '(top)';
}
