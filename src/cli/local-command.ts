// A command that runs on this machine and is not in the manifest. Used by run.ts; the commands are login.ts, doctor.ts,
// snapshots.ts, packs.ts and webhooks-listen.ts.
import { SeedError } from '../protocol/errors.ts';
import { parseArgs } from './builtin.ts';
import type { HelpEntry } from './help.ts';
import type { Io } from './io.ts';
import { type GlobalFlags, isTrailingFlag } from './parse-input.ts';

export interface LocalCommand {
  /** One word, or a noun and a verb. */
  name: string;
  summary: string;
  usage: string;
  flags: readonly HelpEntry[];
  options: Record<string, { type: 'string' | 'boolean' }>;
  /** Names under which `values` has what stands without a flag. */
  positionals?: readonly string[];
  /** The server has commands of the same noun. */
  alsoOnServer?: boolean;
  /** Complete command lines. */
  examples?: readonly string[];
  /** Returns the exit code. */
  run(io: Io, flags: GlobalFlags, values: Record<string, string | boolean | undefined>): Promise<number>;
}

/** The local command that the words begin with, and the words after its name. */
export function findLocal(
  commands: readonly LocalCommand[],
  words: readonly string[],
): { command: LocalCommand; args: string[] } | null {
  for (const command of commands) {
    const name = command.name.split(' ');
    if (name.every((word, index) => word === words[index]))
      return { command, args: words.slice(name.length) };
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
  const options = {
    json: { type: 'boolean' as const },
    quiet: { type: 'boolean' as const },
    help: { type: 'boolean' as const, short: 'h' },
    ...command.options,
  };
  let values: Record<string, string | boolean | undefined>;
  try {
    const { positionals: names = [] } = command;
    const parsed = parseArgs({ args: [...args], options, strict: true, allowPositionals: names.length > 0 });
    const extra = parsed.positionals[names.length];
    if (extra !== undefined) throw new Error(`what is "${extra}" for?`);
    const given = names.map((name, index) => [name, parsed.positionals[index]] as const);
    values = { ...parsed.values, ...Object.fromEntries(given) } as typeof values;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new SeedError('usage', `seed ${command.name}: ${message}`, {
      hint: `Usage: ${command.usage}`,
      cause,
    });
  }
  for (const name of Object.keys(values)) if (isTrailingFlag(name)) allFlags[name] = values[name] === true;
  if (allFlags.csv) throw new SeedError('usage', `seed ${command.name} has no --csv`);
  return allFlags.help ? null : command.run(io, allFlags, values);
}
