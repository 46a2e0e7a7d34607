// Writes the package that is published: JavaScript and declarations of the sources, and every other file that they
// read, at the paths where the repository has them. Called by scripts/pack.ts and by the build of images.
import { chmod, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { developmentPeers, PEERS } from '../../src/cli/own-package.ts';
import { bundleGuest } from '../../src/guest/bundle.ts';
import { exec } from '../../src/lib/exec.ts';
import { SEED_ROOT } from '../../src/lib/own-files.ts';
import { bundleCli } from '../../src/server/http/cli-bundle.ts';
import { buildWeb } from './build-web.ts';

const ROOT = fileURLToPath(SEED_ROOT);
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');

/** Copied as they are; of folders all but what is compiled, tested with or installed. */
const COPIED = [
  ...['src', 'examples/packs', 'examples/playbooks', 'docs', 'web/dist', 'bin/seed.mjs'],
  'deploy/seccomp-runner.json',
  ...['README.md', 'CHANGELOG.md', 'LICENSE', 'SECURITY.md', 'CONTRIBUTING.md'],
];
/** The tests' own parts that `seed/testing` and `seed test` are made of, and their imports. */
const TESTING = ['test/pack.ts', 'test/fixtures/postgres-global-setup.ts'];
/** Types that the declarations name, of packages that bring none. */
const TYPES = ['@types/pg'];
/** Made when the package is; lib/own-files.ts finds them. */
const BUNDLES: Record<string, () => Promise<string | Uint8Array>> = {
  'src/guest/main.ts': bundleGuest,
  'src/cli/handed-out.ts': () => bundleCli('handed-out.ts'),
  'src/cli/repository.ts': () => bundleCli('repository.ts'),
};

/**
 * @param folder is made anew
 * @throws SeedError setup_failed with what the compiler or a build says
 */
export async function stagePackage(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await buildWeb((message) => process.stderr.write(`· ${message}\n`));
  await compile(folder);
  for (const path of COPIED) await copy(path, folder);
  await chmod(join(folder, 'bin/seed.mjs'), 0o755);
  for (const [entry, make] of Object.entries(BUNDLES))
    await writeFile(join(folder, entry.replace(/\.ts$/, '.mjs')), await make());
  await writeFile(join(folder, 'package.json'), await packageFile());
}

async function compile(folder: string): Promise<void> {
  const settings = {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      rewriteRelativeImportExtensions: true,
      declaration: true,
      incremental: false,
      tsBuildInfoFile: null,
      rootDir: ROOT,
      outDir: folder,
      typeRoots: [join(ROOT, 'node_modules/@types')],
    },
    include: ['src', 'examples/packs', 'examples/playbooks'].map((path) => join(ROOT, path)),
    files: TESTING.map((path) => join(ROOT, path)),
    exclude: [join(ROOT, '**/*.test.ts')],
  };
  const file = join(folder, 'tsconfig.json');
  await writeFile(file, JSON.stringify(settings));
  await exec(process.execPath, [TSC, '-p', file], { hint: 'npm run check tells what is wrong with the sources.' });
  await rm(file);
}

/** Nothing where there is no such file. */
async function copy(path: string, folder: string): Promise<void> {
  const filter = (source: string) => {
    const name = basename(source);
    return !/\.tsx?$|\.svg$/.test(name) && name !== 'node_modules' && name !== 'screens' && name !== '.sources';
  };
  await cp(join(ROOT, path), join(folder, path), { recursive: true, filter }).catch((error) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  });
}

/** Nothing of it runs when the package is installed. */
async function packageFile(): Promise<string> {
  const own = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as Record<string, unknown>;
  const { private: _, scripts: __, files: ___, devDependencies: ____, ...kept } = own;
  const types = Object.entries(own['devDependencies'] as Record<string, string>).filter(([name]) =>
    TYPES.includes(name),
  );
  const file = {
    ...kept,
    dependencies: { ...(kept['dependencies'] as object), ...Object.fromEntries(types) },
    bin: { seed: 'bin/seed.mjs' },
    exports: {
      './pack': { types: './src/pack/pack.d.ts', default: './src/pack/pack.js' },
      './testing': { types: './test/pack.d.ts', default: './test/pack.js' },
      './package.json': './package.json',
    },
    peerDependencies: developmentPeers(own),
    peerDependenciesMeta: Object.fromEntries(PEERS.map((name) => [name, { optional: true }])),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}
