// seed packs check, dev and reset: what whoever writes a pack does between two starts. Used by local-commands.ts.
import { adopterFolder } from '../lib/own-files.ts';
import { databaseSettings, packRowSecuritySetting } from '../lib/settings.ts';
import { SeedError } from '../protocol/errors.ts';
import { readAdopterSettings } from './adopter-settings.ts';
import { fs } from './builtin.ts';
import { dataDirOf, loadModule } from './folders.ts';
import { EXIT, type Io, usageError } from './io.ts';
import { type LocalCommand, tellDone, textIn } from './local-command.ts';
import { packName } from './pack-name.ts';
import { startAll } from './start.ts';
import { sanitise } from './terminal.ts';

/** @param settings whether those count that packs lack */
export async function checkPacks(io: Io, { settings = true }: { settings?: boolean } = {}) {
  readAdopterSettings();
  const { checkStart } = await loadModule<typeof import('../server/packs/check-start.ts')>(
    'src/server/packs/check-start.ts',
  );
  const found = await loadModule<typeof import('../server/packs/load-packs.ts')>('src/server/packs/load-packs.ts');
  const { BUILT_IN } = await loadModule<typeof import('../server/built-in.ts')>('src/server/built-in.ts');
  const { databaseUrl, databaseDirectUrl } = databaseSettings();
  return checkStart({
    settings: {
      folder: found.PACKS_FOLDER,
      config: found.CONFIG_FILE,
      packRowSecurity: packRowSecuritySetting(),
      lacking: settings,
    },
    builtIn: BUILT_IN,
    databaseUrl: databaseDirectUrl ?? databaseUrl,
    dataDir: dataDirOf(io),
  });
}

export function linesOf(problems: readonly { message: string; hint: string | null }[]): string[] {
  return problems.map(({ message, hint }) => (hint === null ? message : `${message}\n  → ${hint}`));
}

const check: LocalCommand = {
  name: 'packs check',
  summary: 'Say all that a start would say of the packs: files, commands, clashes, settings, migrations',
  usage: 'seed packs check',
  alsoOnServer: true,
  examples: ['seed packs check', 'seed packs check --json'],
  async run(io, flags) {
    const { packs, problems, database } = await checkPacks(io);
    const lines = linesOf(problems);
    const sound = `${packs.join(', ') || 'No pack'}: a start would say nothing.`;
    const where = database === 'yours' ? 'your database' : 'a new database';
    const note = database === null ? '' : `The migrations were tried on ${where}, and undone.\n`;
    const text = sanitise((lines.length > 0 ? lines : [sound]).join('\n'));
    tellDone(io, flags, { json: { packs, problems, database }, text, note });
    return problems.length > 0 ? EXIT.error : EXIT.ok;
  },
};

const dev: LocalCommand = {
  name: 'packs dev',
  summary: 'Start Seed and take the commands of a pack anew whenever one of its files changes',
  usage: 'seed packs dev <name>',
  positionals: ['name'],
  alsoOnServer: true,
  examples: ['seed packs dev acme'],
  async run(io, _flags, values) {
    const name = packName(textIn(values, 'name'), 'seed packs dev acme');
    if (!fs.existsSync(new URL(`packs/${name}/pack.ts`, adopterFolder())))
      throw new SeedError('not_found', `there is no packs/${name}/pack.ts`, { hint: `seed packs new ${name}` });
    const others = io.env('SEED_PACKS');
    const isNarrow = others !== undefined && others !== 'none';
    return startAll(io, `packs dev ${name}`, {
      SEED_PACKS_DEV: name,
      ...(isNarrow && { SEED_PACKS: `${others},${name}` }),
    });
  },
};

const reset: LocalCommand = {
  name: 'packs reset',
  summary:
    "Drop a pack's tables with all their rows, so that its migrations are applied anew; in development only",
  usage: 'seed packs reset <name> --yes',
  flags: [{ name: '--yes', summary: 'The rows of all accounts may go' }],
  positionals: ['name'],
  alsoOnServer: true,
  examples: ['seed packs reset acme --yes'],
  async run(io, flags, values) {
    const name = packName(textIn(values, 'name'), 'seed packs reset acme --yes');
    if (io.env('DATABASE_URL') !== undefined || io.env('NODE_ENV') === 'production')
      throw new SeedError('conflict', 'packs reset is for development: for the embedded database alone', {
        hint: 'Nothing was dropped. Unset DATABASE_URL, and NODE_ENV=production.',
      });
    if (values['yes'] !== true)
      throw usageError(`this drops the rows of all accounts in the pack "${name}"`, `Add --yes: ${reset.usage}`);
    const { resetPack } = await loadModule<typeof import('../server/packs/reset-pack.ts')>(
      'src/server/packs/reset-pack.ts',
    );
    const migrations = await resetPack(dataDirOf(io), name);
    const text = `The tables of ${name} are gone; the next start applies ${migrations.join(', ')}.`;
    tellDone(io, flags, { json: { pack: name, migrations }, text });
    return EXIT.ok;
  },
};

export const packDevelopment: readonly LocalCommand[] = [check, dev, reset];
