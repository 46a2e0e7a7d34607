// A command that runs on this machine and is not in the manifest. Used by run.ts; the commands are login.ts and doctor.ts.
import { SeedError } from '../protocol/errors.ts';
import { parseArgs } from './builtin.ts';
import { type GlobalFlags, isTrailingFlag } from './global-flags.ts';
import type { HelpEntry } from './help.ts';
import type { Io } from './io.ts';

export interface LocalCommand {
  /** One word. */
  name: string;
  summary: string;
  usage: string;
  flags: readonly HelpEntry[];
  options: Record<string, { type: 'string' | 'boolean' }>;
  /** Returns the exit code. */
  run(io: Io, flags: GlobalFlags, values: Record<string, string | boolean | undefined>): Promise<number>;
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
    values = parseArgs({ args: [...args], options, strict: true }).values as typeof values;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new SeedError('usage', `seed ${command.name}: ${message}`, {
      hint: `Usage: ${command.usage}`,
      cause,
    });
  }
  for (const name of Object.keys(values)) if (isTrailingFlag(name)) allFlags[name] = values[name] === true;
  return allFlags.help ? null : command.run(io, allFlags, values);
}
