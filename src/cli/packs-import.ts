// seed packs import: a pack out of a platform's OpenAPI document, written into this repository. Used by packs.ts.
import { fileURLToPath } from 'node:url';
import type { ImportReport } from '../openapi/import-pack.ts';
import { SeedError } from '../protocol/errors.ts';
import { EXIT } from './exit-codes.ts';
import type { LocalCommand } from './local-command.ts';
import { packName } from './pack-name.ts';
import { REPOSITORY } from './repository-root.ts';
import { sanitise } from './sanitise.ts';

export const importPack: LocalCommand = {
  name: 'packs import',
  summary:
    'Write a pack whose commands are the operations of an OpenAPI 3 document; again to take a newer one',
  usage: 'seed packs import <url-or-file> --name <name> [--scheme <name>]',
  flags: [
    { name: '--name <name>', summary: "The pack's name (required)" },
    {
      name: '--scheme <name>',
      summary: "The document's security scheme to use [default that of most operations]",
    },
  ],
  options: { name: { type: 'string' }, scheme: { type: 'string' } },
  positionals: ['source'],
  alsoOnServer: true,
  examples: ['seed packs import https://api.example.com/openapi.json --name acme'],
  async run(io, flags, { source, name: given, scheme }) {
    if (typeof source !== 'string')
      throw new SeedError('usage', 'which document?', { hint: `Usage: ${importPack.usage}` });
    const name = packName(given, 'seed packs import openapi.json --name acme');
    // By address: what reads documents stays out of the bundle that bin/seed starts.
    const address = new URL('src/openapi/import-pack.ts', REPOSITORY).href;
    const importer = (await import(address)) as typeof import('../openapi/import-pack.ts');
    const report = await importer.importPack({
      source,
      name,
      scheme: typeof scheme === 'string' ? scheme : undefined,
      folder: new URL(`packs/${name}/`, REPOSITORY),
    });
    const clashes = await clashesNow();
    const files = report.files.map((file) => fileURLToPath(file));
    if (flags.json) io.stdout.write(`${JSON.stringify({ ...report, clashes, files })}\n`);
    else io.stdout.write(`${files.join('\n')}\n`);
    if (!flags.json && !flags.quiet) io.stderr.write(`\n${reportText(report, name)}`);
    if (!flags.json) io.stderr.write(clashText(clashes, name));
    return EXIT.ok;
  },
};

/** By address, as a server finds packs. */
async function clashesNow(): Promise<string[]> {
  const packs = await import(new URL('src/server/packs/load-packs.ts', REPOSITORY).href);
  return packs.clashesOfPacks({ folder: packs.PACKS_FOLDER, config: packs.CONFIG_FILE });
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
  return credential.kind === 'header'
    ? `sent as ${credential.name}`
    : `sent in the query as ${credential.name}`;
}
