// Makes the folder that Vercel's own CLI deploys: Seed with its packs as one bundle, the files that it reads
// beside it, and the dashboard as static files. Called by scripts/vercel.ts and by the tests of functions.
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, type Plugin } from 'esbuild';
import { buildWeb } from '../../scripts/lib/build-web.ts';
import { SEED_ROOT } from '../../src/lib/own-files.ts';
import { bundleCli } from '../../src/server/http/cli-bundle.ts';
import { EXAMPLES_FOLDER, PACKS_FOLDER, type PackPlace, placesIn } from '../../src/server/packs/load-packs.ts';

const ROOT = fileURLToPath(SEED_ROOT);
const HERE = import.meta.dirname;
/** In the folder that is deployed: two deep, as lib/own-files.ts finds Seed's own files from there. */
const PROGRAM = 'seed/src/vercel';
/** Where the packs' other files lie, beside the program. */
const PACK_FILES = /\.(?:sql|json|ya?ml|md|txt|csv)$/;

export interface BuiltFunction {
  folder: string;
  /** Of the program with its parts, as it is and compressed. */
  bytes: number;
  gzipBytes: number;
}

interface BuildOptions {
  /** Where the packs lie that are in it; missing: the adopter's. */
  packs?: URL;
  /** Also the packs of examples/, which SEED_PACKS then switches on. */
  examples?: boolean;
  /** False: without the dashboard, for a test of the function alone. */
  dashboard?: boolean;
  say?: (message: string) => void;
}

/** @param folder is made anew. @throws SeedError setup_failed */
export async function buildFunction(
  folder: string,
  { packs = PACKS_FOLDER, examples = false, dashboard = true, say = () => undefined }: BuildOptions = {},
): Promise<BuiltFunction> {
  await rm(folder, { recursive: true, force: true });
  const program = join(folder, PROGRAM);
  await mkdir(program, { recursive: true });
  const own = await placesIn(packs);
  const places = [...own, ...(examples ? await placesIn(EXAMPLES_FOLDER, 'examples/') : [])];
  await bundleProgram(program, places);
  await copyFiles(folder, program, places);
  if (dashboard) {
    await buildWeb(say);
    await cp(join(ROOT, 'web/dist'), join(folder, 'public'), {
      recursive: true,
      filter: (path) => !/\/\.\w+$/.test(path),
    });
  }
  const names = (await readdir(program, { recursive: true })).filter((name) => /\.c?js$/.test(name));
  const texts = await Promise.all(names.map((name) => readFile(join(program, name))));
  const sum = (sizes: number[]) => sizes.reduce((bytes, size) => bytes + size, 0);
  return {
    folder,
    bytes: sum(texts.map((text) => text.length)),
    gzipBytes: sum(texts.map((text) => gzipSync(text).length)),
  };
}

async function bundleProgram(program: string, places: readonly PackPlace[]): Promise<void> {
  await build({
    stdin: { contents: sourceOf(places), resolveDir: ROOT, loader: 'ts' },
    outdir: program,
    entryNames: 'function',
    bundle: true,
    // What only some need, such as metrics and traces, is loaded when it is needed. All parts lie beside the
    // program, so that whichever holds lib/own-files.ts finds Seed's own files.
    splitting: true,
    chunkNames: '[name]-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minify: true,
    legalComments: 'none',
    logLevel: 'silent',
    // Postgres by a binding of C, and what makes bundles: nobody asks for them here.
    external: ['pg-native', 'esbuild'],
    alias: { 'seed/pack': join(ROOT, 'src/pack/pack.ts') },
    plugins: [ownFolders(places), englishOnly, requiredWhenUsed(program)],
    banner: {
      js: "import { createRequire as requireOfBundle } from 'node:module'; const require = requireOfBundle(import.meta.url);",
    },
  });
  // A check of an answer runs in a worker, which is a program of its own.
  await build({
    entryPoints: [join(ROOT, 'src/server/tasks/output/worker.ts')],
    outfile: join(dirname(program), 'server/tasks/output/worker.js'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    legalComments: 'none',
    logLevel: 'silent',
    banner: {
      js: "import { createRequire as requireOfBundle } from 'node:module'; const require = requireOfBundle(import.meta.url);",
    },
  });
}

/** The program: the function with the packs that are there now. */
function sourceOf(places: readonly PackPlace[]): string {
  const imports = places.map(
    ({ folder }, index) =>
      `import { pack as pack${index} } from ${JSON.stringify(join(fileURLToPath(folder), 'pack.ts'))};`,
  );
  const packs = places.map(
    ({ setting }, index) =>
      `{ setting: ${JSON.stringify(setting)}, file: new URL(${JSON.stringify(`../../packs/${setting}/pack.js`)}, import.meta.url), pack: pack${index} }`,
  );
  return `
    ${imports.join('\n')}
    import { playbooks } from './examples/playbooks/playbooks.ts';
    import { functionOf, openFunction } from './deploy/vercel/function.ts';
    const bundled = { packs: [${packs.join(', ')}], playbooks };
    export const seed = functionOf(bundled);
    /** For tests, which have settings of their own. */
    export const openSeed = (settings, more) => openFunction(bundled, settings, more);
  `;
}

/** Of zod's messages, which it brings along in all languages. */
const englishOnly: Plugin = {
  name: 'messages in English only',
  setup({ onLoad }) {
    onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, () => ({
      contents: `export { default as en } from './en.js';`,
    }));
  },
};

/** What only some requests need, and what is called at once where it is: no import can wait there. */
const WHEN_USED = [
  '@fastify/busboy',
  'croner',
  'csv-parse',
  'csv-stringify/sync',
  'jose',
  're2js',
  'tar-stream',
  'yaml',
];

/** Each is a file of its own beside the program, and read when something of it is first used. */
function requiredWhenUsed(program: string): Plugin {
  return {
    name: 'required when used',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^[a-z@]/ }, ({ path, namespace }) =>
        WHEN_USED.includes(path) && namespace === 'file' ? { path, namespace: 'when-used' } : undefined,
      );
      onResolve({ filter: /.*/, namespace: 'when-used' }, ({ path }) => ({ path, external: true }));
      onLoad({ filter: /.*/, namespace: 'when-used' }, async ({ path }) => {
        const file = `${path.replaceAll(/\W/g, '-')}.cjs`;
        await build({
          stdin: { contents: `export * from ${JSON.stringify(path)};`, resolveDir: ROOT },
          outfile: join(program, file),
          bundle: true,
          format: 'cjs',
          platform: 'node',
          target: 'node24',
          minify: true,
          legalComments: 'none',
          logLevel: 'silent',
        });
        const names = Object.keys(await import(path)).filter((name) => /^\w+$/.test(name) && name !== 'default');
        const getters = names.map((name) => `get ${name}() { return require('./${file}').${name}; }`);
        return { contents: `module.exports = { ${getters.join(', ')} };`, loader: 'js' };
      });
    },
  };
}

/** What a pack reads beside its own file it finds where it is copied to. */
function ownFolders(places: readonly PackPlace[]): Plugin {
  return {
    name: 'own folders of packs',
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const place = places.find(({ folder }) => path.startsWith(fileURLToPath(folder)));
        if (place === undefined) return undefined;
        const file = relative(fileURLToPath(place.folder), path);
        const there = `new URL(${JSON.stringify(`../../packs/${place.setting}/${file}`)}, import.meta.url).href`;
        const text = await readFile(path, 'utf8');
        return { contents: text.replaceAll('import.meta.url', there), loader: 'ts' };
      });
    },
  };
}

async function copyFiles(folder: string, program: string, places: readonly PackPlace[]): Promise<void> {
  const to = async (source: string, path: string, filter: (path: string) => boolean = () => true) =>
    cp(source, join(folder, path), { recursive: true, filter });
  await to(join(ROOT, 'src/db/migrations'), `${PROGRAM}/migrations`);
  for (const file of ['models/prices.json', 'models/known/models.json'])
    await to(join(ROOT, 'src/server', file), `${PROGRAM}/${file.split('/').at(-1)}`);
  for (const { folder: from, setting } of places) {
    const isKept = (path: string) => !/\.\w+$/.test(path) || PACK_FILES.test(path);
    await to(fileURLToPath(from), `seed/packs/${setting}`, isKept);
  }
  const { name, version, dependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  await writeFile(join(folder, 'seed/package.json'), JSON.stringify({ name, version, type: 'module' }));
  await mkdir(join(dirname(program), 'cli'), { recursive: true });
  await writeFile(join(dirname(program), 'cli/handed-out.mjs'), await bundleCli('handed-out.ts'));
  await to(join(HERE, 'entry.js'), 'index.js');
  await to(join(HERE, 'vercel.json'), 'vercel.json');
  const { hono } = dependencies;
  const own = {
    name: 'seed-on-vercel',
    private: true,
    type: 'module',
    engines: { node: '24.x' },
    dependencies: { hono },
  };
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(own, null, 2)}\n`);
  // For whoever starts it here, as the tests do; Vercel's CLI installs its own and leaves this out.
  await writeFile(join(folder, '.vercelignore'), 'node_modules\n');
  const modules = join(folder, 'node_modules');
  await mkdir(modules);
  await cp(join(ROOT, 'node_modules/hono'), join(modules, 'hono'), {
    recursive: true,
    filter: (path) => !/\/types(?:\/|$)/.test(path),
  });
}
