// Limits when they are set: refused where they could never hold, are about nothing or use what is not supported.
// Whoever sets them is told which of a scope's or an effect's commands they leave no room for. Called for keys and
// tasks.
import { setImmediate as turn } from 'node:timers/promises';
import type { Command } from '../../command/define-command.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Limit } from '../../protocol/grant.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { aboutWhat, compileLimit, isAbout, type Unfit } from './compile-limit.ts';

/** Names of commands that one note tells. */
const NAMES_MOST = 20;
/** A platform may have thousands of commands, and others are to be answered meanwhile. */
const AT_ONCE = 50;

/**
 * @returns a sentence for each limit that some of its commands cannot fit
 * @throws SeedError invalid_input, unknown_scope
 */
export async function checkLimits(limits: readonly Limit[], commands: readonly Command[]): Promise<string[]> {
  const notes: string[] = [];
  for (const [index, limit] of limits.entries()) {
    const name = `limits[${index}]`;
    refuseMeaningless(limit, name);
    const about = commands.filter((command) => isAbout(limit, command));
    if (about.length === 0) throw aboutNothing(limit, name);
    const unfit = await unfitCommands(limit, about);
    const [first] = unfit;
    if (first?.unfit.kind === 'unsupported') throw refusedLimit(name, first.unfit.why);
    if (first && unfit.length === about.length) throw neverHolds(limit, name, first.unfit);
    if (first)
      notes.push(
        noteOf(
          limit,
          name,
          unfit.map(({ command }) => command.name),
        ),
      );
  }
  return notes;
}

function refuseMeaningless(limit: Limit, name: string): void {
  const { scope, command, effects, input, sum, calls } = limit;
  const selectors = [scope, command, effects].filter((each) => each !== undefined);
  if (selectors.length !== 1)
    throw refusedLimit(name, 'it is about one of scope, command and effects: give exactly one of them');
  if (input === undefined && calls === undefined && Object.keys(sum ?? {}).length === 0)
    throw refusedLimit(name, 'it limits nothing: give input, sum or calls');
  if (Object.keys(sum ?? {}).length > LIMITS.sumsPerLimit)
    throw refusedLimit(name, `it has more than ${LIMITS.sumsPerLimit} sums`);
  if (Buffer.byteLength(JSON.stringify(limit)) > LIMITS.limitBytes)
    throw refusedLimit(name, `it has more than ${LIMITS.limitBytes} bytes of JSON`);
}

async function unfitCommands(limit: Limit, about: readonly Command[]) {
  const unfit: { command: Command; unfit: Unfit }[] = [];
  for (const [index, command] of about.entries()) {
    if (index % AT_ONCE === AT_ONCE - 1) await turn();
    const compiled = compileLimit(limit, command);
    if (compiled.unfit) unfit.push({ command, unfit: compiled.unfit });
  }
  return unfit;
}

function refusedLimit(name: string, why: string): SeedError {
  return new SeedError('invalid_input', `${name}: ${why}`, {
    hint: 'docs/grants.md tells how limits are written.',
  });
}

function aboutNothing({ scope, command, effects }: Limit, name: string): SeedError {
  if (scope !== undefined) return new SeedError('unknown_scope', `${name}: no command has the scope ${scope}`);
  const what = command === undefined ? `of the effect ${effects?.join(' or ')}` : `"${command}"`;
  return refusedLimit(name, `there is no command ${what}`);
}

function neverHolds(limit: Limit, name: string, { kind, why }: Unfit): SeedError {
  const which = limit.command === undefined ? ` of any command of ${aboutWhat(limit)}` : '';
  if (kind === 'lacks') return refusedLimit(name, `it names what is in no input${which}: ${why}`);
  return refusedLimit(name, `no input${which} can ever fit it: ${why}`);
}

function noteOf(limit: Limit, name: string, names: readonly string[]): string {
  const shown = names.slice(0, NAMES_MOST).join(', ');
  const more = names.length > NAMES_MOST ? ` and ${names.length - NAMES_MOST} more` : '';
  const what = limit.else === 'ask' ? 'a person is asked for every call of them' : 'every call of them is denied';
  return `${name}: of ${aboutWhat(limit)}, these commands have no room for what it demands, so that ${what}: ${shown}${more}`;
}
