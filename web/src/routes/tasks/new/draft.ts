// A task that is being written: from the address and back, what is wrong with it, and what is sent.
import { LIMITS } from '../../../../../src/protocol/limits.ts';
import type { ManifestCommand } from '../../../../../src/protocol/manifest.ts';
import type { CommandInput } from '../../../api/commands.ts';
import { bytes, count } from '../../../format/numbers.ts';
import { chooseScopes } from '../../../scopes/scope-groups.ts';
import {
  BUDGET_NAMES,
  type NewTaskSearch,
  NUMBER_NAMES,
  type NumberName,
  numberOf,
  problemOf,
  RESOURCE_NAMES,
  textOf,
} from './search.ts';

export interface Draft {
  instruction: string;
  scopes: readonly string[];
  /** Scopes of the address that the key lacks: they are not asked for. */
  lacking: readonly string[];
  /** The name of a model; empty for the server's default. */
  model: string;
  /** The numbers as they stand in their fields. */
  numbers: Record<NumberName, string>;
}

export function draftOf(search: NewTaskSearch, commands: readonly ManifestCommand[]): Draft {
  const patterns = (search.scopes ?? '').split(',').flatMap((text) => text.trim() || []);
  const { chosen, lacking } = chooseScopes(commands, patterns);
  const entries = NUMBER_NAMES.map((name) => {
    const number = search[name];
    return [name, number === undefined ? '' : textOf(name, number)];
  });
  return {
    instruction: search.instruction ?? '',
    scopes: chosen,
    lacking,
    model: search.model ?? '',
    numbers: Object.fromEntries(entries) as Draft['numbers'],
  };
}

export function searchOf({ instruction, scopes, model, numbers }: Draft): NewTaskSearch {
  const given = NUMBER_NAMES.flatMap((name) => {
    const number = numberOf(name, numbers[name]);
    return number === undefined ? [] : [[name, number]];
  });
  return {
    ...(instruction !== '' && { instruction }),
    ...(scopes.length > 0 && { scopes: scopes.join(',') }),
    ...(model !== '' && { model }),
    ...Object.fromEntries(given),
  };
}

/** The body of `tasks run`: only what was said. */
export function inputOf({ instruction, scopes, model, numbers }: Draft): CommandInput<'tasks run'> {
  const timeout = numberOf('timeout', numbers.timeout);
  const budget = numbersOf(BUDGET_NAMES, numbers);
  const resources = numbersOf(RESOURCE_NAMES, numbers);
  return {
    instruction,
    scopes: [...scopes],
    ...(timeout !== undefined && { timeout }),
    ...(budget && { budget }),
    ...(resources && { resources }),
    ...(model.trim() !== '' && { model: model.trim() }),
  };
}

export interface Problems {
  instruction: string | null;
  files: string | null;
  numbers: Record<NumberName, string | null>;
}

export function problemsOf({ instruction, numbers }: Draft, files: readonly File[]): Problems {
  return {
    instruction: instructionProblem(instruction),
    files: filesProblem(files),
    numbers: Object.fromEntries(
      NUMBER_NAMES.map((name) => [name, problemOf(name, numbers[name])]),
    ) as Problems['numbers'],
  };
}

export function hasProblems({ instruction, files, numbers }: Problems): boolean {
  return [instruction, files, ...Object.values(numbers)].some((problem) => problem !== null);
}

function numbersOf<Name extends NumberName>(
  names: readonly Name[],
  numbers: Draft['numbers'],
): { [Each in Name]?: number } | null {
  const given = names.flatMap((name) => {
    const number = numberOf(name, numbers[name]);
    return number === undefined ? [] : [[name, number]];
  });
  return given.length === 0 ? null : (Object.fromEntries(given) as { [Each in Name]?: number });
}

function instructionProblem(text: string): string | null {
  if (text.trim() === '') return 'Say what is to be done.';
  const length = new TextEncoder().encode(text).length;
  if (length <= LIMITS.instructionBytes) return null;
  return `It has ${count(length)} bytes, at most ${count(LIMITS.instructionBytes)} are taken. Put the rest into a file.`;
}

function filesProblem(files: readonly File[]): string | null {
  if (files.length > LIMITS.filesPerTask) return `A task takes at most ${LIMITS.filesPerTask} files.`;
  const size = files.reduce((sum, file) => sum + file.size, 0);
  if (size <= LIMITS.fileBytesPerTask) return null;
  return `They have ${bytes(size)} together, at most ${bytes(LIMITS.fileBytesPerTask)} are taken.`;
}
