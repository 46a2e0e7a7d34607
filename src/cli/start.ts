// seed start, server, runner and migrate: the processes of Seed in this terminal. Used by local-commands.ts.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { IS_REPOSITORY, isInRepository, SEED_ROOT } from '../lib/own-files.ts';
import { SERVER_MEMORY } from '../lib/server-memory.ts';
import { readAdopterSettings } from './adopter-settings.ts';
import { becomeOwnProgram, becomeProgram } from './become-program.ts';
import { cacheDirOf, loadModule } from './folders.ts';
import type { Io } from './io.ts';
import type { LocalCommand } from './local-command.ts';
import { refuseWithoutLinux } from './place.ts';

const start: LocalCommand = {
  name: 'start',
  summary: 'Start Seed on this machine, a server and a runner, until Ctrl-C',
  usage: 'seed start',
  examples: ['seed start', 'PORT=8080 OPENROUTER_API_KEY=… seed start'],
  run: (io) => startAll(io, 'start'),
};

const server: LocalCommand = {
  name: 'server',
  summary: 'Start a server alone; it shares SEED_RUNNER_TOKEN with its runners',
  usage: 'seed server',
  examples: [
    'SEED_RUNNER_TOKEN=$(openssl rand -hex 32) seed server',
    'HOST=0.0.0.0 DATABASE_URL=postgres://… SEED_RUNNER_TOKEN=… seed server',
  ],
  async run(io) {
    refuseWithoutLinux('server');
    readAdopterSettings();
    return becomeOwnProgram('src/server/main.ts', {
      environment: unlessSet(io, { ...compileCache(io), ...SERVER_MEMORY.environment }),
      nodeOptions: SERVER_MEMORY.nodeOptions,
    });
  },
};

const runner: LocalCommand = {
  name: 'runner',
  summary: 'Start a runner alone, which does the tasks of the server at SEED_SERVER_URL',
  usage: 'seed runner',
  examples: ['SEED_SERVER_URL=https://seed.example.com SEED_RUNNER_TOKEN=… seed runner'],
  async run(io) {
    refuseWithoutLinux('runner');
    readAdopterSettings();
    return becomeOwnProgram('src/runner/main.ts', { environment: unlessSet(io, compileCache(io)) });
  },
};

const migrate: LocalCommand = {
  name: 'migrate',
  summary: 'Bring the database up to date for servers that wait for it, and end',
  usage: 'seed migrate',
  examples: ['DATABASE_URL=postgres://… seed migrate'],
  async run(io) {
    readAdopterSettings();
    return becomeOwnProgram('src/server/migrate-main.ts', { environment: unlessSet(io, compileCache(io)) });
  },
};

export const startCommands: readonly LocalCommand[] = [start, server, runner, migrate];

/**
 * This process becomes the one that has both.
 * @param command as it was called, for whoever has to call it elsewhere
 * @param environment what its own has besides
 */
export async function startAll(
  io: Io,
  command: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<never> {
  refuseWithoutLinux(command);
  // The repository's own way, which also brings packages and dashboard up to date.
  if (isInRepository()) {
    const script = fileURLToPath(new URL('scripts/run.sh', SEED_ROOT));
    return becomeProgram({ path: '/bin/sh', args: [script, 'start'], environment });
  }
  readAdopterSettings();
  const { trySetUpHere } = await loadModule<typeof import('../drivers/set-up/set-up-here.ts')>(
    'src/drivers/set-up/set-up-here.ts',
  );
  await trySetUpHere();
  return becomeOwnProgram('src/main.ts', { environment: { ...unlessSet(io, compileCache(io)), ...environment } });
}

/** What Node has compiled is kept: every process of Seed then starts in about half the time. */
function compileCache(io: Io): Record<string, string> {
  const folder = IS_REPOSITORY
    ? fileURLToPath(new URL('node_modules/.cache/node', SEED_ROOT))
    : join(cacheDirOf(io), 'node');
  return { NODE_COMPILE_CACHE: folder };
}

function unlessSet(io: Io, variables: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => io.env(name) === undefined));
}
