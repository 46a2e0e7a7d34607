// What the inputs of an operation are called: the platform's own names where they can stand. Used by
// map-document.ts.
import { isDeepStrictEqual } from 'node:util';
import type { JsonSchema } from '../protocol/manifest.ts';
import { shortened } from './names.ts';
import type { Operation, Place } from './operation.ts';
import { camel, wordsOf } from './words.ts';

export interface Taken {
  place: Place & { name: string };
  /** As it is shown. */
  schema: JsonSchema;
  /** What the document says of it, where that is to be judged and sent by. */
  whole?: JsonSchema;
  required: boolean;
}

/** Flags of the CLI's own, which would hide an input. */
const CLI_FLAGS: readonly string[] = ['json', 'csv', 'quiet', 'help', 'output', 'detach'];
/** What models and clients of MCP take as the name of an input. */
const LENGTH_MOST = 64;

type Inputs = Pick<Operation, 'properties' | 'whole' | 'required' | 'together' | 'places'>;

interface Naming {
  /** The fields that a body must have once it is given. */
  together?: readonly string[];
  /** The operation as an earlier import wrote it. */
  before?: Pick<Operation, 'places'> | undefined;
}

/** Of two that the CLI cannot tell apart one says its place; what had a name keeps it. */
export function nameInputs(taken: readonly Taken[], { together = [], before }: Naming = {}): Inputs {
  const inputs: Inputs = { properties: {}, required: [], places: {} };
  const whole: NonNullable<Inputs['whole']> = {};
  const needed: string[] = [];
  const old = new Map(
    Object.entries(before?.places ?? {}).map(([name, place]) => [`${place.in} ${place.name ?? name}`, name]),
  );
  const kept = taken.map(({ place }) => old.get(`${place.in} ${place.name}`));
  const flags = new Set(kept.flatMap((name) => (name === undefined ? [] : flagOf(name))));
  for (const [index, { place, schema, whole: full, required }] of taken.entries()) {
    const name = kept[index] ?? freeName(place, flags);
    flags.add(flagOf(name));
    if (full !== undefined && !isDeepStrictEqual(full, schema)) whole[name] = full;
    if (place.in === 'body' && together.includes(place.name)) needed.push(name);
    const { name: theirs, ...rest } = place;
    inputs.properties[name] = theirs === name ? schema : withOriginal(schema, theirs, name);
    inputs.places[name] = theirs === name ? rest : place;
    if (required) inputs.required.push(name);
  }
  if (Object.keys(whole).length > 0) inputs.whole = whole;
  if (needed.length > 0) inputs.together = needed;
  return inputs;
}

/** The platform's name, where the input's own leaves a doubt: with other signs or letters than its words. */
function withOriginal(schema: JsonSchema, theirs: string, name: string): JsonSchema {
  if (/^[\w.[\]-]*$/.test(theirs) && wordsOf(name).join() === wordsOf(theirs).join()) return schema;
  const { description, ...rest } = schema;
  const original = `the platform's ${JSON.stringify(theirs)}`;
  return { description: description ? `${description} (${original})` : original, ...rest };
}

function freeName({ in: where, name }: Taken['place'], flags: ReadonlySet<string>): string {
  const own = /^[A-Za-z]\w*$/.test(name) && name.length <= LENGTH_MOST ? name : shortCamel(name);
  const told = shortCamel(`${where} ${name}`);
  const isFree = (candidate: string) =>
    candidate !== '' && !(candidate in {}) && ![...CLI_FLAGS, ...flags].includes(flagOf(candidate));
  const numbered = Array.from(
    { length: flags.size + 1 },
    (_, index) => `${told.slice(0, LENGTH_MOST - 4)}${index + 2}`,
  );
  return [own, told, ...numbered].find(isFree) ?? told;
}

const shortCamel = (name: string): string => {
  const whole = camel(name);
  return whole.length <= LENGTH_MOST ? whole : camel(shortened(wordsOf(name).join('-'), LENGTH_MOST - 10));
};

/** What tells two names apart on the command line. */
const flagOf = (name: string) => wordsOf(name).join('-');
