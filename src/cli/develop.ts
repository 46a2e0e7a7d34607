// seed dev and test: what whoever writes packs does in a folder of their own. Used by local-commands.ts.
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { adopterFolder, isInRepository, ownProgram, SEED_ROOT } from '../lib/own-files.ts';
import { SeedError } from '../protocol/errors.ts';
import { readAdopterSettings } from './adopter-settings.ts';
import { becomeProgram } from './become-program.ts';
import { fs } from './builtin.ts';
import { loadModule } from './folders.ts';
import { EXIT, type Io } from './io.ts';
import { type LocalCommand, textIn } from './local-command.ts';
import { ownPackage } from './own-package.ts';
import { checkPacks, linesOf } from './packs-develop.ts';
import { startAll } from './start.ts';
import { sanitise } from './terminal.ts';

const dev: LocalCommand = {
  name: 'dev',
  summary: 'Start Seed, and take every pack of packs/ anew whenever one of its files changes',
  usage: 'seed dev',
  examples: ['seed dev', 'PORT=8080 seed dev'],
  run: (io) => startAll(io, 'dev', { SEED_PACKS_DEV: '*' }),
};

const test: LocalCommand = {
  name: 'test',
  summary: 'Check every pack and run the tests that lie beside them',
  usage: 'seed test [path]',
  positionals: ['path'],
  examples: ['seed test', 'seed test packs/hello'],
  async run(io, _flags, values) {
    const only = textIn(values, 'path');
    if (isInRepository()) {
      const script = fileURLToPath(new URL('scripts/run.sh', SEED_ROOT));
      return becomeProgram({ path: '/bin/sh', args: [script, 'test', ...(only ? [only] : [])] });
    }
    readAdopterSettings();
    const vitest = await loadVitest();
    const isSound = await packsAreSound(io);
    await setUpForTasks();
    const havePassed = await runTests(vitest, only);
    return isSound && havePassed ? EXIT.ok : EXIT.error;
  },
};

export const developCommands: readonly LocalCommand[] = [dev, test];

type Vitest = typeof import('vitest/node');

/** The adopter's own, so that what their tests import is the one that runs them. */
async function loadVitest(): Promise<Vitest> {
  try {
    const file = createRequire(new URL('package.json', adopterFolder())).resolve('vitest/node');
    return (await import(pathToFileURL(file).href)) as Vitest;
  } catch (cause) {
    const hint = `npm install, or npm install --save-dev vitest@${ownPackage().peers['vitest']}`;
    throw new SeedError('setup_failed', 'vitest, which runs the tests, is not installed', { hint, cause });
  }
}

/** All that a start would say but for settings, which a machine that only tests need not have. */
async function packsAreSound(io: Io): Promise<boolean> {
  const { packs, problems } = await checkPacks(io, { settings: false });
  const said = problems.length > 0 ? linesOf(problems) : [`Packs: ${packs.join(', ') || 'none'}; all are sound`];
  io.stderr.write(`${sanitise(said.join('\n'))}\n`);
  return problems.length === 0;
}

/** Tests of tasks need sandboxes, and are not to wait for them. */
async function setUpForTasks(): Promise<void> {
  const tests = fs.globSync('packs/**/*.task.test.ts', { cwd: fileURLToPath(adopterFolder()) });
  if (tests.length === 0) return;
  const { trySetUpHere } = await loadModule<typeof import('../drivers/set-up/set-up-here.ts')>(
    'src/drivers/set-up/set-up-here.ts',
  );
  await trySetUpHere();
}

/** Whether all have passed. */
async function runTests({ startVitest }: Vitest, only: string | undefined): Promise<boolean> {
  const vitest = await startVitest('test', only ? [only] : [], {
    root: fileURLToPath(adopterFolder()),
    globalSetup: [ownProgram('test/fixtures/postgres-global-setup.ts')],
    testTimeout: 60_000,
    hookTimeout: 180_000,
    passWithNoTests: true,
    watch: false,
  });
  await vitest.close();
  // It says so by this process's code alone; what comes back here becomes that.
  return (process.exitCode ?? 0) === 0;
}
