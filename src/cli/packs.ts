// seed packs new and import: writes packs, from a template or an OpenAPI document. Used by local-commands.ts.
import { fileURLToPath } from 'node:url';
import type { ImportReport } from '../openapi/import-pack.ts';
import { SeedError } from '../protocol/errors.ts';
import { fs } from './builtin.ts';
import { loadModule, REPOSITORY } from './folders.ts';
import { EXIT, usageError } from './io.ts';
import { type LocalCommand, tellDone, textIn } from './local-command.ts';
import { sanitise } from './terminal.ts';

const importPack: LocalCommand = {
  name: 'packs import',
  summary: 'Write a pack whose commands are the operations of an OpenAPI 3 document; again to take a newer one',
  usage: 'seed packs import <url-or-file> --name <name> [--scheme <name>]',
  flags: [
    { name: '--name <name>', summary: "The pack's name (required)" },
    {
      name: '--scheme <name>',
      summary: "The document's security scheme to use [default that of most operations]",
    },
  ],
  positionals: ['source'],
  alsoOnServer: true,
  examples: ['seed packs import https://api.example.com/openapi.json --name acme'],
  async run(io, flags, values) {
    const source = textIn(values, 'source');
    if (source === undefined) throw usageError('which document?', `Usage: ${importPack.usage}`);
    const name = packName(values['name'], 'seed packs import openapi.json --name acme');
    const importer = await loadModule<typeof import('../openapi/import-pack.ts')>('src/openapi/import-pack.ts');
    const report = await importer.importPack({
      source,
      name,
      scheme: textIn(values, 'scheme'),
      folder: new URL(`packs/${name}/`, REPOSITORY),
    });
    const clashes = await clashesNow();
    const files = report.files.map((file) => fileURLToPath(file));
    const note = `\n${reportText(report, name)}`;
    tellDone(io, flags, { json: { ...report, clashes, files }, text: files.join('\n'), note });
    if (!flags.json) io.stderr.write(clashText(clashes, name));
    return EXIT.ok;
  },
};

async function clashesNow(): Promise<string[]> {
  const packs = await loadModule<typeof import('../server/packs/load-packs.ts')>('src/server/packs/load-packs.ts');
  const { BUILT_IN } = await loadModule<typeof import('../server/built-in.ts')>('src/server/built-in.ts');
  return packs.clashesOfPacks({ folder: packs.PACKS_FOLDER, config: packs.CONFIG_FILE }, BUILT_IN);
}

function clashText(clashes: readonly string[], name: string): string {
  if (clashes.length === 0) return '';
  const todo = `Rename nouns in packs/${name}/overrides.json, or leave a pack out with SEED_PACKS.`;
  return `${sanitise(['\nNo server starts with all packs as they are now:', ...shown(clashes), todo].join('\n'))}\n`;
}

const SHOWN_MOST = 20;

function reportText(report: ImportReport, name: string): string {
  const { title, version, commands, deprecated, nouns, changes, leftOut, partly } = report;
  const nounCount = Object.keys(nouns).length;
  const settings = `SEED_PACK_${name.replaceAll('-', '_').toUpperCase()}`;
  const lines = [
    `${title} ${version}: ${commands} commands of ${nounCount === 1 ? '1 noun' : `${nounCount} nouns`}${deprecated > 0 ? `, and ${deprecated} that are deprecated and left out ("deprecated": true in overrides.json takes them in)` : ''}.`,
    ...(changes === null
      ? []
      : [
          `Since the last import: ${changes.added.length} new, ${changes.changed.length} changed, ${changes.removed.length} gone.`,
          ...shown(changes.removed.map((id) => `  gone: ${id}`)),
        ]),
    ...group('Not taken over:', leftOut),
    ...group('Taken over in part:', partly),
    '',
    `What is to be otherwise: packs/${name}/overrides.json (docs/your-platform.md)`,
    `Where the platform is:   ${settings}_URL${report.server === null ? '' : ` [default ${report.server}]`}`,
    `The credential:          ${settings}_TOKEN (${credentialText(report)})`,
    'Start Seed anew:         npm start',
  ];
  return `${sanitise(lines.join('\n'))}\n`;
}

function group(title: string, entries: ImportReport['leftOut']): string[] {
  if (entries.length === 0) return [];
  return [title, ...shown(entries.map(({ operation, why }) => `  ${operation}: ${why}`))];
}

function shown(lines: readonly string[]): string[] {
  const more = lines.length - SHOWN_MOST;
  return more > 0 ? [...lines.slice(0, SHOWN_MOST), `  and ${more} more; --json has all`] : [...lines];
}

function credentialText({ credential }: ImportReport): string {
  if (credential.kind === 'bearer') return 'sent as Authorization: Bearer';
  if (credential.kind === 'basic') return 'user:password, sent as Authorization: Basic';
  return credential.kind === 'header' ? `sent as ${credential.name}` : `sent in the query as ${credential.name}`;
}

const newPack: LocalCommand = {
  name: 'packs new',
  summary: 'Write a pack of one command with its test into packs/, to start from',
  usage: 'seed packs new <name>',
  positionals: ['name'],
  alsoOnServer: true,
  examples: ['seed packs new acme'],
  async run(io, flags, values) {
    const name = packName(values['name'], 'seed packs new acme');
    const folder = new URL(`packs/${name}/`, REPOSITORY);
    if (fs.existsSync(folder)) {
      throw new SeedError('conflict', `packs/${name} is there already`, {
        hint: 'Choose another name, or change the pack that is there.',
      });
    }
    const files = Object.entries({ 'pack.ts': packFile(name), [`${name}.test.ts`]: testFile(name) });
    fs.mkdirSync(folder, { recursive: true });
    for (const [file, text] of files) fs.writeFileSync(new URL(file, folder), text);
    const paths = files.map(([file]) => fileURLToPath(new URL(file, folder)));
    const note = `\nTest it:          npm test -- packs/${name}\nStart Seed anew:  npm start\nThen call it:     seed ${name} hello world\n`;
    tellDone(io, flags, { json: { files: paths }, text: paths.join('\n'), note });
    return EXIT.ok;
  },
};

export const packCommands: readonly LocalCommand[] = [newPack, importPack];

/** @param example a complete command line. @throws SeedError usage */
export function packName(given: string | boolean | undefined, example: string): string {
  if (typeof given === 'string' && /^[a-z][a-z0-9-]{0,39}$/.test(given)) return given;
  throw usageError(
    given === undefined ? 'what is it called?' : `"${given}" is no name of a pack`,
    `A name is written in lower-case letters, digits and hyphens: ${example}`,
  );
}

function packFile(name: string): string {
  return `// The commands of ${name}.
import { defineCommand, definePack, z } from 'seed/pack';

const hello = defineCommand({
  name: '${name} hello',
  summary: 'Greet somebody',
  http: 'GET /${name}/hello/{who}',
  scope: '${name}:read',
  effect: 'read',
  input: z.object({ who: z.string().min(1).max(100).describe('Whom to greet') }),
  output: z.object({ greeting: z.string() }),
  examples: ['seed ${name} hello world'],
  run: async ({ who }, { account }) => ({ greeting: \`Hello \${who}, from \${account.name}\` }),
});

export const pack = definePack({
  name: '${name}',
  title: '${name}',
  commands: [hello],
});
`;
}

function testFile(name: string): string {
  return `// The commands of ${name}, called as the server calls them.
import { openPack } from 'seed/testing';
import { expect, it } from 'vitest';

it('greets somebody', async () => {
  await using pack = await openPack(new URL('./pack.ts', import.meta.url));
  expect(await pack.call('${name} hello', { who: 'world' })).toEqual({ greeting: 'Hello world, from test' });
  await expect(pack.call('${name} hello', { who: '' })).rejects.toMatchObject({ code: 'invalid_input' });
});
`;
}
