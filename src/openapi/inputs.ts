// The inputs of a command out of what an operation takes in its path, query, headers and body: one flat list of names.
import type { JsonSchema } from '../protocol/manifest.ts';
import type { Operation, Place } from './operation.ts';
import { camel, wordsOf } from './words.ts';

/** One thing that an operation takes. */
export interface Taken {
  place: Place & { name: string };
  schema: JsonSchema;
  required: boolean;
}

/** Flags of the CLI's own, which would hide an input. */
const CLI_FLAGS: readonly string[] = ['json', 'csv', 'quiet', 'help', 'output', 'detach'];

type Inputs = Pick<Operation, 'properties' | 'required' | 'places'>;

/** The platform's own names wherever they can stand; of two that the CLI could not tell apart the later says where it goes. */
export function nameInputs(taken: readonly Taken[]): Inputs {
  const inputs: Inputs = { properties: {}, required: [], places: {} };
  const flags = new Set<string>();
  for (const { place, schema, required } of taken) {
    const name = freeName(place, flags);
    flags.add(flagOf(name));
    inputs.properties[name] = schema;
    const { name: theirs, ...rest } = place;
    inputs.places[name] = theirs === name ? rest : place;
    if (required) inputs.required.push(name);
  }
  return inputs;
}

function freeName({ in: where, name }: Taken['place'], flags: ReadonlySet<string>): string {
  const own = /^[A-Za-z]\w*$/.test(name) ? name : camel(name);
  const told = camel(`${where} ${name}`);
  const isFree = (candidate: string) =>
    candidate !== '' && !(candidate in {}) && ![...CLI_FLAGS, ...flags].includes(flagOf(candidate));
  const numbered = Array.from({ length: flags.size + 1 }, (_, index) => `${told}${index + 2}`);
  return [own, told, ...numbered].find(isFree) ?? told;
}

/** What tells two names apart on the command line. */
const flagOf = (name: string) => wordsOf(name).join('-');
