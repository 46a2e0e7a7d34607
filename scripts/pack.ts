// npm pack: the tarball of the package that is made of this repository. npm itself packs the folder as it is, so its
// `prepack` makes the right tarball in node_modules/.cache, and its `postpack` puts that in the place of npm's.
// Nothing that git knows is written, whenever it ends.
import { copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { env, wholeEnvironment } from '../src/lib/env.ts';
import { exec } from '../src/lib/exec.ts';
import { withFileLock } from '../src/lib/file-lock.ts';
import { SEED_ROOT } from '../src/lib/own-files.ts';
import { exitOnFailure } from '../src/lib/process-life.ts';
import { stagePackage } from './lib/stage-package.ts';

const CACHE = fileURLToPath(new URL('node_modules/.cache/', SEED_ROOT));
const STAGED = join(CACHE, 'seed-package');
const PACKED = join(CACHE, 'seed-packed');

await exitOnFailure(process.argv[2] === 'place' ? place : make);

async function make(): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  await withFileLock(join(CACHE, 'seed-package.lock'), async () => {
    await stagePackage(STAGED);
    await rm(PACKED, { recursive: true, force: true });
    await mkdir(PACKED);
    const others = Object.entries(wholeEnvironment()).flatMap(([name, value]) =>
      // What was asked of the outer npm is not meant for this one.
      value === undefined || /^npm_(config|package|lifecycle)_/i.test(name) ? [] : [[name, value] as const],
    );
    await exec('npm', ['pack', STAGED, '--ignore-scripts', '--loglevel=error', '--pack-destination', PACKED], {
      cwd: STAGED,
      env: Object.fromEntries(others),
    });
  });
}

async function place(): Promise<void> {
  if (env('npm_config_dry_run') === 'true') return;
  const [name = ''] = await readdir(PACKED);
  const file = join(resolve(env('INIT_CWD') ?? '.', env('npm_config_pack_destination') ?? '.'), name);
  try {
    await copyFile(join(PACKED, name), `${file}.part`);
    await rename(`${file}.part`, file);
  } catch (error) {
    // What npm has written there is no package that works.
    await rm(file, { force: true });
    await rm(`${file}.part`, { force: true });
    throw error;
  }
  process.stderr.write(`${file} is the whole package; the few files that npm lists are not all it has.\n`);
}
