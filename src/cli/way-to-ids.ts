// Where ids are to be found, told to whoever named a thing that is not there. Used by run.ts.
import { shellWord } from '../lib/shell-word.ts';
import { type ErrorCode, SeedError } from '../protocol/errors.ts';
import type { Manifest, ManifestCommand } from '../protocol/manifest.ts';

/** What a wrong id is answered with. */
const ABOUT_AN_ID: readonly ErrorCode[] = ['not_found', 'invalid_input'];
/** Inputs of a list by which a thing is found by its name. */
const SEARCH_INPUTS = ['search', 'query', 'q', 'name'];

interface Failed {
  command: ManifestCommand;
  input: Record<string, unknown>;
}

/** Pure: the error, with the list that has the ids in its hint where there is one. */
export function withWayToIds(error: SeedError, manifest: Manifest, { command, input }: Failed): SeedError {
  const noun = command.name.split(' ').slice(0, -1).join(' ');
  const list = manifest.commands.find(({ name, output }) => name === `${noun} list` && output === 'list');
  const [first] = command.positional;
  const isMeant = ABOUT_AN_ID.includes(error.code) && first !== undefined && command !== list;
  if (!isMeant || list === undefined || list.positional.length > 0) return error;
  const search = SEARCH_INPUTS.find((name) => list.input.properties?.[name] !== undefined);
  const by = search === undefined ? '' : ` --${search} ${shellWord(String(input[first]))}`;
  const hint = [error.hint, `To find it by name: seed ${list.name}${by}`].filter(Boolean).join(' ');
  const { code, message, cause, nothingDone } = error;
  return new SeedError(code, message, { hint, cause, nothingDone });
}
