// The help texts, made from the manifest. Used by run.ts.

import { isRecord } from '../lib/json.ts';
import { kebabCase } from '../lib/kebab-case.ts';
import { credentialSetting } from '../lib/pack-setting.ts';
import type { JsonSchema, Manifest, ManifestCommand } from '../protocol/manifest.ts';
import { type Flag, flagOf, flagsOf, formsOf, isMandatory, placeholder, usageLine } from './flags.ts';
import { type Style, sanitiseLine } from './terminal.ts';

export type HelpEntry = { name: string; summary: string };

const GLOBAL_FLAGS: readonly HelpEntry[] = [
  { name: '--json', summary: "The server's JSON as it is; streams as one object a line" },
  { name: '--csv', summary: 'Comma-separated values with the columns of the table, for spreadsheets' },
  { name: '--quiet', summary: 'Only the answer: no progress, no notes' },
  { name: '--help', summary: 'Help for seed, a noun or a command' },
];
const LEADING_FLAGS: readonly HelpEntry[] = [
  { name: '--url <url>', summary: 'Before the command: the server [default SEED_API_URL]' },
  { name: '--version', summary: 'The version of this CLI' },
];
const REFRESH_FLAG: HelpEntry = {
  name: '--refresh',
  summary: 'Before the command: ask the server again which commands there are',
};

/** What a kind of answer cannot be shown as. */
const WITHOUT_FORMATS: Partial<Record<ManifestCommand['output'], readonly string[]>> = {
  stream: ['--csv'],
  file: ['--csv', '--json'],
};

/** `seed --help`. `manifest` is null when the server could not be asked. */
export function rootHelp(manifest: Manifest | null, local: readonly HelpEntry[], style: Style): string {
  const commands = manifest?.commands ?? [];
  // Commands that were handed out with the CLI cannot be asked for again.
  const refresh = local.length > 0 ? [REFRESH_FLAG] : [];
  return join([
    'Seed hands work to an agent in a sandbox and runs the commands of your platform.',
    `${style.bold('Usage:')} seed <noun> <verb> [arguments] [flags]`,
    commands.length > 0 ? section('Commands', rootEntries(commands), style) : '',
    section('This machine', local, style),
    section('Flags', [...GLOBAL_FLAGS, ...LEADING_FLAGS, ...refresh], style),
    'Exit codes: 0 ok · 1 error · 2 usage · 4 not authenticated or not allowed · 5 task not completed · 130 interrupted',
  ]);
}

/** `seed keys --help`, `seed webhooks events --help` */
export function nounHelp(
  noun: string,
  commands: readonly ManifestCommand[],
  local: readonly HelpEntry[],
  style: Style,
): string {
  const first = commands.flatMap((command) => command.examples.slice(0, 1));
  return join([
    `${style.bold('Usage:')} seed ${noun} <verb> [arguments] [flags]`,
    section('Commands', commands.map(commandEntry), style),
    section('This machine', local, style),
    examples({ examples: first }, style),
    `More about one: seed ${commands[0]?.name ?? noun} --help`,
  ]);
}

/** `seed keys revoke --help` */
export function commandHelp(command: ManifestCommand, style: Style): string {
  const flags = flagsOf(command);
  const inPath = flags.filter((flag) => command.positional.includes(flag.property));
  const args = inPath.map((flag) => ({ ...flagEntry(flag), name: `<${kebabCase(flag.property)}>` }));
  const needed = neededTogether(command);
  const entries = flags.filter((flag) => !command.positional.includes(flag.property)).flatMap(flagEntries);
  if (command.follow !== null) {
    entries.push({ name: '--detach', summary: 'Return at once instead of following it to its end' });
  }
  if (command.output === 'file') {
    entries.push({
      name: '--output <path>',
      summary: 'Write to this file, or into this folder, instead of stdout',
    });
  }
  const without = WITHOUT_FORMATS[command.output] ?? [];
  const everywhere = GLOBAL_FLAGS.filter(({ name }) => !without.includes(name));
  return join([
    sanitiseLine(command.summary),
    `${style.bold('Usage:')} ${usageLine(command)}`,
    section('Arguments', args, style),
    section('Flags', entries, style),
    needed,
    entries.some(({ name }) => name.startsWith(FIELD)) ? `All fields: seed commands show ${command.name}` : '',
    section('Everywhere', everywhere, style),
    credentialLine(command),
    `${style.bold('Scope:')} ${command.scope ?? 'any valid key'}   ${style.bold('Effect:')} ${command.effect}`,
    examples(command, style),
  ]);
}

function credentialLine({ callerCredential: pack }: ManifestCommand): string {
  if (pack === undefined) return '';
  return `It shows the platform of ${pack} your own credential: ${credentialSetting(pack)} (in a task what the task was given).`;
}

/** `seed login --help` */
export function localHelp(
  command: { summary: string; usage: string; flags?: readonly HelpEntry[]; examples?: readonly string[] },
  style: Style,
): string {
  return join([
    command.summary,
    `${style.bold('Usage:')} ${command.usage}`,
    section('Flags', [...(command.flags ?? []), ...GLOBAL_FLAGS.filter(({ name }) => name !== '--csv')], style),
    examples(command, style),
  ]);
}

/** `seed snapshots --help` */
export function localNounHelp(noun: string, commands: readonly HelpEntry[], style: Style): string {
  return join([
    `${style.bold('Usage:')} seed ${noun} <verb> [arguments] [flags]`,
    section('Commands', commands, style),
    `More about one: seed ${commands[0]?.name ?? noun} --help`,
  ]);
}

/** More than these are shown as their nouns. */
const LISTED_MOST = 150;

function rootEntries(commands: readonly ManifestCommand[]): HelpEntry[] {
  if (commands.length <= LISTED_MOST) return commands.map(commandEntry);
  return [...Map.groupBy(commands, ({ name }) => name.split(' ')[0] ?? name)].map(([noun, { length }]) => ({
    name: noun,
    summary: `${length === 1 ? '1 command' : `${length} commands`}: seed ${noun} --help`,
  }));
}

function commandEntry(command: ManifestCommand): HelpEntry {
  return { name: command.name, summary: sanitiseLine(command.summary) };
}

/** What stands before the name of a field of an object. */
const FIELD = '  .';

/** A flag and, of an object, a list of them or a union, its fields. */
function flagEntries(flag: Flag): HelpEntry[] {
  if (['file', 'files', 'fileList'].includes(flag.kind)) return [flagEntry(flag)];
  const { items } = flag.schema;
  const schema = items === undefined ? flag.schema : items;
  const forms = formsOf(schema).flatMap((form) => [
    ...(typeof form['title'] === 'string'
      ? [{ name: `${FIELD.trim()}.. ${form['title']}`, summary: formText(form) }]
      : []),
    ...fieldEntries(form),
  ]);
  return [flagEntry(flag), ...fieldEntries(schema), ...forms];
}

const formText = ({ description }: JsonSchema) =>
  sanitiseLine(`one of its forms${description ? `: ${description}` : ''}`);

function fieldEntries(schema: JsonSchema): HelpEntry[] {
  return Object.entries(schema.properties ?? {}).map(([name, given]) => {
    const field = flagOf(name, given, { required: (schema.required ?? []).includes(name) });
    const { summary } = flagEntry(field);
    return { name: `${FIELD}${sanitiseLine(name)} ${placeholder(field)}`.trimEnd(), summary };
  });
}

/** The inputs that a body needs once anything of it is given. */
function neededTogether({ input }: ManifestCommand): string {
  const needed = isRecord(input['dependentRequired']) ? Object.values(input['dependentRequired']).flat() : [];
  const names = [...new Set(needed)].map((name) => `--${kebabCase(String(name))}`);
  return names.length === 0 ? '' : `Required as soon as anything of the body is given: ${names.join(', ')}`;
}

function flagEntry(flag: Flag): HelpEntry {
  const notes = [sanitiseLine(flag.description)];
  if (isMandatory(flag)) notes.push('(required)');
  notes.push(rangeNote(flag));
  if (flag.choices.length > 6) notes.push(`One of ${flag.choices.join(', ')}`);
  if (flag.kind === 'list') notes.push('(commas, or repeat the flag)');
  if (['record', 'files', 'fileList'].includes(flag.kind)) notes.push('(repeat the flag)');
  if (flag.nullable) notes.push('(or null)');
  if (hasDefault(flag)) notes.push(`[default ${sanitiseLine(defaultText(flag.default))}]`);
  const summary = notes.filter((note) => note !== '').join(' ');
  return { name: `--${flag.name} ${placeholder(flag)}`.trim(), summary };
}

function hasDefault(flag: Flag): boolean {
  const { default: preset = null } = flag;
  return preset !== null && !(typeof preset === 'object' && Object.keys(preset).length === 0);
}

const defaultText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** Says the range unless the description already does. */
function rangeNote(flag: Flag): string {
  const { minimum, maximum, description } = flag;
  const told = [minimum, maximum].every((bound) => bound === undefined || description.includes(String(bound)));
  if (told) return '';
  if (minimum === undefined) return `(at most ${maximum})`;
  return maximum === undefined ? `(at least ${minimum})` : `(${minimum} to ${maximum})`;
}

function examples({ examples = [] }: { examples?: readonly string[] }, style: Style): string {
  if (examples.length === 0) return '';
  const lines = examples.map((example) => `  ${sanitiseLine(example)}`);
  return [style.bold('Examples:'), ...lines].join('\n');
}

function section(title: string, entries: readonly HelpEntry[], style: Style): string {
  if (entries.length === 0) return '';
  const width = Math.min(34, Math.max(...entries.map((entry) => entry.name.length)));
  const lines = entries.map(({ name, summary }) =>
    name.length > width ? `  ${name}\n  ${' '.repeat(width)}  ${summary}` : `  ${name.padEnd(width)}  ${summary}`,
  );
  return [style.bold(`${title}:`), ...lines].join('\n');
}

const join = (sections: readonly string[]): string => `${sections.filter((text) => text !== '').join('\n\n')}\n`;
