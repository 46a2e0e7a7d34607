// Reads a command line: the flags of every command, and a command's input. Used by run.ts and local-command.ts.

import { neededInputs } from '../lib/needed-inputs.ts';
import type { SeedError } from '../protocol/errors.ts';
import type { ManifestCommand } from '../protocol/manifest.ts';
import { parseArgs } from './builtin.ts';
import { closest } from './find-command.ts';
import { type Flag, flagOf, flagsOf, flagValue, isMandatory, usageLine } from './flags.ts';
import { usageError } from './io.ts';
import { textFile } from './local-file.ts';

interface ParsedInput extends Record<TrailingFlag | 'detach', boolean> {
  input: Record<string, unknown>;
  /** Where to write a file; null: not said. */
  output: string | null;
}

/** Of commands that answer with a file. */
const OUTPUT_FLAG = flagOf('output', { type: 'string' });

/**
 * Text that is typed or piped in for `-`. Called at most once.
 * @param secret what is not shown while it is typed; null: it is no secret
 */
type ReadStdin = (secret: Flag | null) => Promise<string>;

/** Throws SeedError `usage` whose hint is the usage line or the closest name. */
export async function parseInput(
  command: ManifestCommand,
  args: readonly string[],
  readStdin: ReadStdin,
): Promise<ParsedInput> {
  const flags = command.output === 'file' ? [...flagsOf(command), OUTPUT_FLAG] : flagsOf(command);
  const { values, bare, switches } = collect(command, flags, args);
  const parsed: ParsedInput = {
    input: {},
    json: switches.has('json'),
    csv: switches.has('csv'),
    quiet: switches.has('quiet'),
    help: switches.has('help'),
    detach: switches.has('detach'),
    output: null,
  };
  if (parsed.help) return parsed;
  placeBareWords(command, flags, bare, values);
  readNamedFile(bareFlag(command, flags), values);
  await replaceDash(command, flags, values, readStdin);
  for (const flag of flags) {
    const typed = values.get(flag);
    if (flag === OUTPUT_FLAG) parsed.output = typed === undefined ? null : String(flagValue(flag, typed));
    else if (typed !== undefined) parsed.input[flag.property] = flagValue(flag, typed);
    else if (flag.required && flag.default === undefined) throw missing(command, flag);
  }
  return parsed;
}

function collect(command: ManifestCommand, flags: readonly Flag[], args: readonly string[]) {
  const byName = new Map(flags.map((flag) => [flag.name, flag]));
  const valued = flags.filter(({ kind }) => kind !== 'boolean');
  const options = Object.fromEntries(
    valued.map(({ name }) => [name, { type: 'string' as const, multiple: true }]),
  );
  const { tokens } = parseArgs({ args: args.map(hidden), options, strict: false, tokens: true });
  const collected = { values: new Map<Flag, string[]>(), bare: [] as string[], switches: new Set<string>() };
  for (const token of tokens) {
    if (token.kind === 'positional') collected.bare.push(shown(token.value));
    if (token.kind !== 'option') continue;
    const flag = byName.get(token.name);
    const negated = byName.get(token.name.replace(/^no-/, ''));
    if (flag) append(collected.values, flag, shown(typedValue(flag, token, byName)));
    else if (negated?.kind === 'boolean' && token.value === undefined) append(collected.values, negated, 'false');
    else if (token.rawName === '-h') collected.switches.add('help');
    else if (isSwitch(command, token.name) && token.value === undefined) collected.switches.add(token.name);
    else throw unknownFlag(command, flags, token.rawName);
  }
  return collected;
}

/** Text that begins as a flag would, such as a list: no name of a flag has a space before its value. */
const DASHED_TEXT = /^-(?!-?$)[^=\s]*\s/;
const HIDDEN_BY = '\u0001';

const hidden = (arg: string) => (DASHED_TEXT.test(arg) ? HIDDEN_BY + arg : arg);
const shown = (arg: string) => (arg.startsWith(HIDDEN_BY) ? arg.slice(HIDDEN_BY.length) : arg);

function isSwitch(command: ManifestCommand, name: string): boolean {
  return isTrailingFlag(name) || (name === 'detach' && command.follow !== null);
}

function append(values: Map<Flag, string[]>, flag: Flag, text: string): void {
  values.set(flag, [...(values.get(flag) ?? []), text]);
}

type OptionToken = { rawName: string; value: string | undefined; inlineValue: boolean | undefined };

function typedValue(flag: Flag, token: OptionToken, byName: ReadonlyMap<string, Flag>): string {
  if (flag.kind === 'boolean') return token.value ?? 'true';
  const nextFlag = token.value?.match(/^--([a-z][a-z0-9-]*)(=|$)/)?.[1];
  const tookFlag = nextFlag !== undefined && (byName.has(nextFlag) || isTrailingFlag(nextFlag));
  if (token.value === undefined || (tookFlag && !token.inlineValue)) {
    throw usageError(`${token.rawName} needs a value`, `Write it as: ${token.rawName} …`);
  }
  return token.value;
}

/** Bare words fill the path's inputs in order; one more may fill the required input that `bareFlag` names. */
function placeBareWords(
  command: ManifestCommand,
  flags: readonly Flag[],
  bare: readonly string[],
  values: Map<Flag, string[]>,
): void {
  const words = [...bare];
  for (const property of command.positional) {
    const flag = flags.find((candidate) => candidate.property === property);
    if (!flag || values.has(flag)) continue;
    // The name of a command has several words.
    const takesAll = flag.schema['x-words'] === true;
    const word = takesAll && words.length > 0 ? words.splice(0).join(' ') : words.shift();
    if (word === undefined) throw missing(command, flag);
    values.set(flag, [word]);
  }
  const text = bareFlag(command, flags);
  if (words.length > 0 && text && !values.has(text)) values.set(text, [words.shift() ?? '']);
  if (words.length === 0) return;
  const hint = text?.kind === 'string' ? `Put text of several words in quotes. ${usage(command)}` : usage(command);
  throw usageError(`unexpected argument ${JSON.stringify(words[0])}`, hint);
}

const NUMBERS: readonly Flag['kind'][] = ['integer', 'number'];

/**
 * The flag that a bare word fills when the path has taken its own: the first required text, or a number that is
 * all that is left to say.
 */
function bareFlag(command: ManifestCommand, flags: readonly Flag[]): Flag | undefined {
  const required = flags.filter((flag) => isMandatory(flag) && !command.positional.includes(flag.property));
  const [only] = required.length === 1 ? required : [];
  if (only && NUMBERS.includes(only.kind)) return only;
  const needed = neededInputs(command.input).filter((property) => !command.positional.includes(property));
  return flags.find((flag) => needed.includes(flag.property) && flag.kind === 'string');
}

/** From here on a text is one that people write into files. */
const LONG_TEXT = 1_000;

/**
 * `@path` in the place of a long text that a command is about is what the file has, as with curl; `@@` begins a
 * text with @. In short ones, and where nothing is said of their length, @ is a letter like any other.
 */
function readNamedFile(flag: Flag | undefined, values: Map<Flag, string[]>): void {
  const typed = flag && values.get(flag)?.[0];
  const isLong = Number(flag?.schema['maxLength'] ?? 0) >= LONG_TEXT;
  if (flag?.kind !== 'string' || !isLong || !typed?.startsWith('@')) return;
  if (typed.startsWith('@@')) values.set(flag, [typed.slice(1)]);
  else if (/^@\S+$/.test(typed)) values.set(flag, [textFile(typed.slice(1), flag.name)]);
}

async function replaceDash(
  command: ManifestCommand,
  flags: readonly Flag[],
  values: Map<Flag, string[]>,
  readStdin: ReadStdin,
): Promise<void> {
  const own = flags.filter(({ kind, property }) => kind === 'string' && !command.positional.includes(property));
  const [flag, second] = own.filter((each) => values.get(each)?.[0] === '-');
  if (!flag) return;
  if (second) throw usageError(`--${flag.name} and --${second.name} cannot both be read from stdin`);
  values.set(flag, [await readStdin(flag.schema['writeOnly'] === true ? flag : null)]);
}

function missing(command: ManifestCommand, flag: Flag): SeedError {
  const name = command.positional.includes(flag.property) ? `<${flag.name}>` : `--${flag.name}`;
  return usageError(`seed ${command.name}: ${name} is missing`, usage(command));
}

function unknownFlag(command: ManifestCommand, flags: readonly Flag[], rawName: string): SeedError {
  const typed = rawName.replace(/^-+/, '');
  const message = `seed ${command.name} has no flag ${rawName}`;
  if (typed === 'url' || typed === 'refresh') {
    return usageError(message, `It stands before the command: seed --${typed} … ${command.name}`);
  }
  const names = [...flags.map((flag) => flag.name), ...TRAILING_FLAGS];
  const meant = closest(typed, command.follow === null ? names : [...names, 'detach']);
  return usageError(message, (meant === undefined ? '' : `Did you mean --${meant}? `) + usage(command));
}

const FLAGS_NAMED = 20;

/** Its usage and, since nobody guesses them, the names of its flags. */
function usage(command: ManifestCommand): string {
  const line = `Usage: ${usageLine(command)}`;
  const names = flagsOf(command)
    .filter(({ property }) => !command.positional.includes(property))
    .map(({ name }) => `--${name}`);
  const more = names.length > FLAGS_NAMED ? ', …' : '';
  return names.length === 0 ? line : `${line}\nFlags: ${names.slice(0, FLAGS_NAMED).join(', ')}${more}`;
}

const NO_SWITCHES = { json: false, csv: false, quiet: false, help: false, version: false, refresh: false };
const SWITCHES = Object.keys(NO_SWITCHES) as (keyof typeof NO_SWITCHES)[];

export type GlobalFlags = typeof NO_SWITCHES & { url: string | undefined };

/** Global flags that may also stand after the command, unless the command has a flag of that name itself. */
const TRAILING_FLAGS = ['json', 'csv', 'quiet', 'help'] as const;
type TrailingFlag = (typeof TRAILING_FLAGS)[number];

export function isTrailingFlag(name: string): name is TrailingFlag {
  return (TRAILING_FLAGS as readonly string[]).includes(name);
}

export function takeLeadingFlags(argv: readonly string[]): { flags: GlobalFlags; rest: string[] } {
  const flags: GlobalFlags = { ...NO_SWITCHES, url: undefined };
  const rest = [...argv];
  while (rest[0]?.startsWith('-')) {
    const token = rest.shift() ?? '';
    const name = token === '-h' ? 'help' : token.replace(/^--/, '');
    const known = SWITCHES.find((flag) => flag === name);
    if (known) flags[known] = true;
    else if (name === 'url') flags.url = rest.shift() ?? missingUrl();
    else if (name.startsWith('url=')) flags.url = name.slice('url='.length) || missingUrl();
    else throw unknownLeadingFlag(token);
  }
  return { flags, rest };
}

function missingUrl(): never {
  throw usageError('--url needs a value', 'Write it as: seed --url http://host:port …');
}

function unknownLeadingFlag(token: string): SeedError {
  const meant = closest(token.replace(/^-+/, ''), [...SWITCHES, 'url']);
  const hint = meant ? `Did you mean --${meant}?` : 'Flags of a command stand after its name.';
  return usageError(`unknown flag ${token} before the command`, hint);
}
