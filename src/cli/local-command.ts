// A command that runs on this machine and is not in the manifest. Used by run.ts; local-commands.ts lists them.
import { parseArgs } from './builtin.ts';
import type { HelpEntry } from './help.ts';
import { type Io, usageError } from './io.ts';
import { type GlobalFlags, isTrailingFlag } from './parse-input.ts';

/** How the placeholder of a flag ends that may be given several times. */
const LIST = '…>';

export type LocalValues = Record<string, string | boolean | undefined>;

export interface LocalCommand {
  /** One word, or a noun and a verb. */
  name: string;
  summary: string;
  usage: string;
  /** Those of its own: `--core`, `--driver <name>` with a value, `--only <a,b,…>` with several in one text. */
  flags?: readonly HelpEntry[];
  /** Names under which `values` has what stands without a flag. */
  positionals?: readonly string[];
  /** The server has commands of the same noun. */
  alsoOnServer?: boolean;
  examples?: readonly string[];
  run(io: Io, flags: GlobalFlags, values: LocalValues): Promise<number>;
}

/** The local command that the words begin with, and the words after its name. */
export function findLocal(
  commands: readonly LocalCommand[],
  words: readonly string[],
): { command: LocalCommand; args: string[] } | null {
  for (const command of commands) {
    const name = command.name.split(' ');
    if (name.every((word, index) => word === words[index])) return { command, args: words.slice(name.length) };
  }
  return null;
}

/** Runs it with what stands after its name; null asks for its help. Throws SeedError `usage`. */
export async function runLocal(
  io: Io,
  command: LocalCommand,
  flags: GlobalFlags,
  args: readonly string[],
): Promise<number | null> {
  const allFlags = { ...flags };
  const values = valuesOf(command, args);
  for (const name of Object.keys(values)) if (isTrailingFlag(name)) allFlags[name] = values[name] === true;
  if (allFlags.csv) throw usageError(`seed ${command.name} has no --csv`);
  return allFlags.help ? null : command.run(io, allFlags, values);
}

function valuesOf({ name, usage, flags = [], positionals = [] }: LocalCommand, args: readonly string[]) {
  const own = flags.map((flag) => flag.name.slice('--'.length).split(' '));
  const options = {
    json: { type: 'boolean' as const },
    quiet: { type: 'boolean' as const },
    help: { type: 'boolean' as const, short: 'h' },
    ...Object.fromEntries(
      own.map(([flag = '', value]) => [
        flag,
        { type: value ? ('string' as const) : ('boolean' as const), multiple: value?.endsWith(LIST) ?? false },
      ]),
    ),
  };
  try {
    const parsed = parseArgs({ args: [...args], options, strict: true, allowPositionals: positionals.length > 0 });
    const extra = parsed.positionals[positionals.length];
    if (extra !== undefined) throw new Error(`what is "${extra}" for?`);
    const given = positionals.map((positional, index) => [positional, parsed.positionals[index]] as const);
    const values = Object.entries(parsed.values).map(([flag, value]) => [
      flag,
      Array.isArray(value) ? value.join() : value,
    ]);
    return { ...Object.fromEntries(values), ...Object.fromEntries(given) } as LocalValues;
  } catch (cause) {
    throw usageError(`seed ${name}: ${(cause as Error).message}`, `Usage: ${usage}`, cause);
  }
}

/** What a local command was given for a flag or a position; undefined when nothing was. */
export function textIn(values: LocalValues, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

/** Prints what a local command has done: JSON with --json, else text if any and, unless --quiet, a note. */
export function tellDone(
  io: Io,
  flags: GlobalFlags,
  { json, text, note = '' }: { json: object; text: string | null; note?: string },
): void {
  if (flags.json) io.stdout.write(`${JSON.stringify(json)}\n`);
  else if (text !== null) io.stdout.write(`${text}\n`);
  if (!flags.json && !flags.quiet) io.stderr.write(note);
}
