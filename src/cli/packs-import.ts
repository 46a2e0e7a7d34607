// seed packs import: writes a pack from an OpenAPI document, or tells all that would come of it. Used by packs.ts.
import { fileURLToPath } from 'node:url';
import { adopterFolder } from '../lib/own-files.ts';
import { packSetting } from '../lib/pack-setting.ts';
import type { ImportReport } from '../openapi/import-pack.ts';
import { loadModule } from './folders.ts';
import { EXIT, type Io, usageError } from './io.ts';
import { type LocalCommand, type LocalValues, tellDone, textIn } from './local-command.ts';
import { packName } from './pack-name.ts';
import { sanitise } from './terminal.ts';

export const importPack: LocalCommand = {
  name: 'packs import',
  summary:
    'Write a pack whose commands are the operations of an OpenAPI document (3, or Swagger 2.0); again for a newer one',
  usage: 'seed packs import <url-or-file> --name <name> [--check] [--only <a,b,…>] [--except <a,b,…>]',
  flags: [
    { name: '--name <name>', summary: "The pack's name (required)" },
    { name: '--check', summary: 'Write nothing, and tell all that an import and the next start would' },
    {
      name: '--only <a,b,…>',
      summary: 'Tags, operations or commands to take; * stands for anything [default those of the last import]',
    },
    { name: '--except <a,b,…>', summary: 'Tags, operations or commands to leave out' },
    {
      name: '--allow-origin <a,b,…>',
      summary:
        "Origins that the document's files may come from besides its own, such as https://specs.example.com",
    },
    {
      name: '--scheme <name>',
      summary: "The document's security scheme to use [default that of most operations]",
    },
  ],
  positionals: ['source'],
  alsoOnServer: true,
  examples: [
    'seed packs import https://api.example.com/openapi.json --name acme',
    "seed packs import openapi.yaml --name acme --only 'orders,invoices' --except '*delete*' --check",
  ],
  async run(io, flags, values) {
    const source = textIn(values, 'source');
    if (source === undefined) throw usageError('which document?', `Usage: ${importPack.usage}`);
    const name = packName(values['name'], 'seed packs import openapi.json --name acme');
    const [only, except] = [listIn(values, 'only'), listIn(values, 'except')];
    const isChosen = only.length > 0 || except.length > 0;
    const { folder, prepared } = await prepare({
      source,
      name,
      scheme: textIn(values, 'scheme'),
      allowedOrigins: listIn(values, 'allow-origin'),
      choice: isChosen ? { only, except } : undefined,
      home: adopterFolder(),
    });
    const isCheck = values['check'] === true;
    const { problems, clashes } = await startWith(name, folder, prepared);
    if (!isCheck) await prepared.write();
    const { report } = prepared;
    const files = isCheck ? [] : report.files.map((file) => fileURLToPath(file));
    const text = isCheck ? reportText(report, name) : files.join('\n');
    const note = isCheck ? '' : `\n${reportText(report, name)}\n${todoText(report, name)}`;
    tellDone(io, flags, { json: { ...report, problems, clashes, files }, text, note });
    if (!flags.json) tellProblems(io, name, [...problems, ...clashes]);
    return isCheck && problems.length + clashes.length > 0 ? EXIT.error : EXIT.ok;
  },
};

type ImportOptions = Omit<import('../openapi/import-pack.ts').ImportOptions, 'folder'>;

/** @param options.home the adopter's folder, which need not be there yet */
export async function prepare({ home, ...options }: ImportOptions & { home: URL }) {
  const importer = await loadModule<typeof import('../openapi/import-pack.ts')>('src/openapi/import-pack.ts');
  const folder = new URL(`packs/${options.name}/`, home);
  return { folder, prepared: await importer.prepareImport({ ...options, folder }) };
}

/** What the next start would say of the pack. */
export async function startWith(
  name: string,
  folder: URL,
  prepared: import('../openapi/import-pack.ts').PreparedImport,
): Promise<{ problems: string[]; clashes: string[] }> {
  const checks = await loadModule<typeof import('../server/packs/check-import.ts')>(
    'src/server/packs/check-import.ts',
  );
  const { PACKS_FOLDER, CONFIG_FILE } = await loadModule<typeof import('../server/packs/load-packs.ts')>(
    'src/server/packs/load-packs.ts',
  );
  const { BUILT_IN } = await loadModule<typeof import('../server/built-in.ts')>('src/server/built-in.ts');
  const settings = { folder: PACKS_FOLDER, config: CONFIG_FILE };
  return checks.problemsOfImport({ name, folder, ...prepared }, settings, BUILT_IN);
}

export function tellProblems(io: Io, name: string, problems: readonly string[]): void {
  if (problems.length === 0) return;
  const todo = `Rename nouns in packs/${name}/overrides.json ("nouns": { "users": "${name}-users" }, or "*": "${name}-*" for all), or leave a pack out with SEED_PACKS.`;
  const lines = ['', 'No server starts with all packs as they would be then:', ...shown(problems), todo];
  io.stderr.write(`${sanitise(lines.join('\n'))}\n`);
}

/** Given once or several times, and with commas. */
function listIn(values: LocalValues, name: string): string[] {
  return (textIn(values, name) ?? '')
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

const SHOWN_MOST = 20;

export function reportText(report: ImportReport, name: string): string {
  const { title, version, commands, deprecated, nouns, leftOut, partly, notChosen, missing, size } = report;
  const nounCount = Object.keys(nouns).length;
  const files = size.files === 1 ? '' : ` in ${size.files} files`;
  const lines = [
    `${title} ${version}: ${commands} commands of ${nounCount === 1 ? '1 noun' : `${nounCount} nouns`}${deprecated > 0 ? `, and ${deprecated} that are deprecated and left out ("deprecated": true in overrides.json takes them in)` : ''}.`,
    `${kilobytes(size.bytes)}${files}; packs/${name}/operations.json has ${kilobytes(size.operations)}.`,
    ...chosenLines(report, notChosen),
    ...changeLines(report),
    ...group('Commands:', taken(report)),
    ...group('Not taken over:', leftOut),
    ...group('Taken over in part:', partly),
    ...group(
      'Not to be had:',
      missing.map(({ file, why }) => ({ operation: file, why })),
    ),
  ];
  return sanitise(lines.join('\n'));
}

export function todoText({ server, credential }: ImportReport, name: string): string {
  const setting = (field: string) => packSetting(name, field);
  const lines = [
    `What is to be otherwise: packs/${name}/overrides.json (docs/your-platform.md)`,
    `Where the platform is:   ${setting('url')}${server === null ? '' : ` [default ${server}]`}`,
    `The credential:          ${setting('token')} (${credentialText({ credential })})`,
    ...('oauth' in credential
      ? [`Or Seed gets tokens:     ${setting('clientId')} and ${setting('clientSecret')} (OAuth 2.0)`]
      : []),
    'Start Seed anew:         npm start',
  ];
  return `${sanitise(lines.join('\n'))}\n`;
}

function taken({ taken: commands }: ImportReport): ImportReport['leftOut'] {
  return commands.map(({ operation, command }) => ({ operation: command, why: operation }));
}

function chosenLines({ chosen }: ImportReport, notChosen: number): string[] {
  if (chosen === null) return [];
  const only = chosen.only.length > 0 ? [`only ${chosen.only.join(', ')}`] : [];
  const except = chosen.except.length > 0 ? [`except ${chosen.except.join(', ')}`] : [];
  return [
    `Asked for: ${[...only, ...except].join('; ')}. ${notChosen} operations were not (--only '*' takes all).`,
  ];
}

function changeLines({ changes, inputChanges }: ImportReport): string[] {
  if (changes === null) return [];
  const { added, changed, removed } = changes;
  return [
    `Since the last import: ${added.length} new, ${changed.length} changed, ${removed.length} gone.`,
    ...shown([...removed.map((id) => `  gone: ${id}`), ...added.map((id) => `  new: ${id}`)]),
    ...shown(inputChanges.map((change) => `  changed: ${change.operation}: ${inputsText(change)}`)),
  ];
}

function inputsText(change: ImportReport['inputChanges'][number]): string {
  const parts = { new: change.added, gone: change.removed, other: change.changed, required: change.nowRequired };
  const told = Object.entries(parts).filter(([, names]) => names.length > 0);
  return told.map(([what, names]) => `${what} ${names.join(', ')}`).join('; ');
}

function group(title: string, entries: ImportReport['leftOut']): string[] {
  if (entries.length === 0) return [];
  return [title, ...shown(entries.map(({ operation, why }) => `  ${operation}: ${why}`))];
}

function shown(lines: readonly string[]): string[] {
  const more = lines.length - SHOWN_MOST;
  return more > 0 ? [...lines.slice(0, SHOWN_MOST), `  and ${more} more; --json has all`] : [...lines];
}

const kilobytes = (bytes: number) => `${Math.ceil(bytes / 1024).toLocaleString('en')} KB`;

function credentialText({ credential }: Pick<ImportReport, 'credential'>): string {
  if (credential.kind === 'bearer') return 'sent as Authorization: Bearer';
  if (credential.kind === 'basic') return 'user:password, sent as Authorization: Basic';
  if (credential.kind === 'several')
    return `a JSON object with a secret for each of ${credential.of.map(({ scheme }) => scheme).join(', ')}`;
  if (credential.kind === 'cookie') return `sent as the cookie ${credential.name}`;
  return credential.kind === 'header' ? `sent as ${credential.name}` : `sent in the query as ${credential.name}`;
}
