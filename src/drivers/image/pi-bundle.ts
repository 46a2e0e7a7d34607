// Pi as one file, with no more in it than the guest takes of it. What a guest has loaded, its source text
// included, lies in the snapshot and is read back at every start, and Pi's own entry loads 1,700 files, most of
// them for a terminal. Called by build-image.ts.
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { BUNDLER_VERSION, type BundlePlugin, bundle } from '../../lib/bundle.ts';
import { contentHash } from '../../lib/content-hash.ts';
import type { Base } from './base.ts';

/** Changes with anything below that changes the bundle. */
const BUNDLE_VERSION = '1';

const PACKAGE = '@earendil-works/pi-coding-agent';
/** Within /opt/seed. Beside Pi's own entry, for it reads what lies there by paths relative to it. */
const FOLDER = `node_modules/${PACKAGE}/dist`;
const FILE = `${FOLDER}/trimmed.mjs`;
const TAKES_PI = new RegExp(`\\bimport\\s*\\{([^}]*)\\}\\s*from\\s*"${PACKAGE}"`, 'g');

export interface TrimmedGuest {
  /** The guest, taking Pi from `files` where there are any. */
  guest: Uint8Array;
  /** Paths within /opt/seed. */
  files: Record<string, Uint8Array>;
}

/** A guest that takes nothing of Pi, or takes it otherwise than by names, stays as it is. */
export async function trimPi(
  guest: Uint8Array,
  { rootfs }: Pick<Base, 'rootfs'>,
  onProgress: (message: string) => void,
): Promise<TrimmedGuest> {
  const text = new TextDecoder().decode(guest);
  const names = namesOfPi(text);
  if (names === null) return { guest, files: {} };
  const key = contentHash(BUNDLE_VERSION, BUNDLER_VERSION, REQUIRE, ...names);
  const kept = join(dirname(rootfs), `pi-${key}.mjs`);
  if (!existsSync(kept)) {
    onProgress('bundling what the guest takes of Pi');
    const partial = `${kept}.${randomUUID()}`;
    await writeFile(partial, await bundlePi(names, join(rootfs, 'opt/seed')));
    await rename(partial, kept);
  }
  const trimmed = text.replaceAll(`"${PACKAGE}"`, `"./${FILE}"`);
  return { guest: new TextEncoder().encode(trimmed), files: { [FILE]: await readFile(kept) } };
}

/** What the bundled guest imports of Pi, sorted; null for nothing, or not all that it imports can be told. */
export function namesOfPi(guest: string): string[] | null {
  const taken = [...guest.matchAll(TAKES_PI)];
  if (taken.length === 0 || guest.split(`"${PACKAGE}"`).length - 1 !== taken.length) return null;
  const names = taken.flatMap(([, list = '']) => list.split(','));
  return [...new Set(names.map((name) => name.trim().split(/\s+as\s+/)[0] ?? ''))].sort();
}

function bundlePi(names: readonly string[], folder: string): Promise<Uint8Array> {
  const contents = `export { ${names.join(', ')} } from '${PACKAGE}';`;
  return bundle(
    { contents, resolveDir: folder },
    {
      target: 'node24',
      minifyWhitespace: true,
      minifySyntax: true,
      banner: { js: REQUIRE },
      plugins: [onlyWhatRuns(join(folder, FOLDER))],
    },
  );
}

/** What esbuild asks for where CommonJS requires a part of Node; by a name that nothing in Pi has. */
const REQUIRE =
  "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);";

/** The one interface of models that the guest speaks. */
const SPOKEN = /\/openai-completions\.js$/;
/** The catalogues of models: the guest knows one model, which its task names. */
const CATALOGUES = /\/pi-ai\/dist\/providers\/data\/[^/]+\.json$/;

/**
 * Modules of which nothing is used are left out, as nothing of Pi has effects when it is loaded; what Pi loads
 * when it needs it stays in its own file.
 */
function onlyWhatRuns(distFolder: string): BundlePlugin {
  const resolving = Symbol();
  return {
    name: 'only what runs',
    setup({ onResolve, onLoad, resolve: resolveByName }) {
      onResolve({ filter: /./ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
        if (pluginData === resolving || path.startsWith('node:')) return undefined;
        const beside = resolve(resolveDir, path);
        const isFile = /^\.\.?\/.*\.(?:[cm]?js|json)$/.test(path) && existsSync(beside);
        const found = isFile
          ? { path: beside, external: false, errors: [] }
          : await resolveByName(path, { kind, importer, resolveDir, pluginData: resolving });
        if (found.external || found.errors.length > 0) return found;
        if (kind === 'dynamic-import' && !SPOKEN.test(found.path)) {
          return { path: `./${relative(distFolder, found.path)}`, external: true };
        }
        return { path: found.path, sideEffects: false };
      });
      onLoad({ filter: CATALOGUES }, () => ({ contents: '{}', loader: 'json' }));
    },
  };
}
