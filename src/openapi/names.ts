// What operations and their inputs are called as commands: the noun from the tag, the verb from the operationId,
// both from method and path where there are none. The order of the operations changes no name.
import { isDeepStrictEqual } from 'node:util';
import type { JsonSchema } from '../protocol/manifest.ts';
import type { Operation, Place } from './operation.ts';

type Named = { operationId: string | null; tag: string | null; method: string; path: string };

const VERBS: Record<string, string> = { POST: 'create', PUT: 'replace', PATCH: 'update', DELETE: 'delete' };

/** @returns noun and verb of each, in their order; no two are the same */
export function nameOperations(operations: readonly Named[]): { noun: string; verb: string }[] {
  const nouns = operations.map(nounOf);
  // From the shortest to what cannot be misunderstood: all that share a name move on together.
  const candidates = operations.map((operation, index) => verbsFor(operation, nouns[index] ?? ''));
  const levels = candidates.map(() => 0);
  const nameAt = (index: number) => `${nouns[index]} ${candidates[index]?.[levels[index] ?? 0]}`;
  for (let changed = true; changed; ) {
    changed = false;
    const taken = Map.groupBy(operations.keys(), nameAt);
    for (const sharing of [...taken.values()].filter(({ length }) => length > 1)) {
      for (const index of sharing) {
        if ((levels[index] ?? 0) + 1 >= (candidates[index]?.length ?? 0)) continue;
        levels[index] = (levels[index] ?? 0) + 1;
        changed = true;
      }
    }
  }
  const seen = new Map<string, number>();
  return operations.map((_, index) => {
    const name = nameAt(index);
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    const verb = candidates[index]?.[levels[index] ?? 0] ?? '';
    return { noun: nouns[index] ?? '', verb: count === 1 ? verb : `${verb}-${count}` };
  });
}

function nounOf({ tag, path }: Named): string {
  const fromTag = kebab(wordsOf(tag ?? ''));
  if (fromTag !== '') return fromTag;
  const [literal] = literals(path);
  return kebab(wordsOf(literal ?? '')) || 'root';
}

function verbsFor({ operationId, method, path }: Named, noun: string): string[] {
  const fromPath = kebab([
    VERBS[method] ?? (endsInParameter(path) ? 'get' : 'list'),
    ...without(pathWords(path), noun),
  ]);
  const whole = kebab([method.toLowerCase(), ...wordsOf(path)]);
  if (operationId === null) return [fromPath, whole];
  const words = wordsOf(operationId);
  const short = kebab(without(words, noun));
  return [...(short === '' ? [] : [short]), kebab(words) || fromPath, whole];
}

/** What the noun says already is left out: `listPets` of pets is `list`. */
function without(words: readonly string[], noun: string): string[] {
  const said = new Set(noun.split('-').map(singular));
  return words.filter((word) => !said.has(singular(word)));
}

/** The segments that say something: neither parameters nor versions. */
function literals(path: string): string[] {
  const segments = path.split('/').filter((segment) => segment !== '' && !segment.includes('{'));
  return segments.filter((segment) => !/^(api|rest|v\d+.*)$/i.test(segment));
}
const pathWords = (path: string) => literals(path).flatMap(wordsOf);
const endsInParameter = (path: string) => /\}[^/]*\/?$/.test(path);

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

type Inputs = Pick<Operation, 'properties' | 'whole' | 'required' | 'together' | 'places'>;

/**
 * The platform's own names where they can stand; of two that the CLI cannot tell apart one says its place.
 * @param together the fields that a body must have once it is given
 */
export function nameInputs(taken: readonly Taken[], together: readonly string[] = []): Inputs {
  const inputs: Inputs = { properties: {}, required: [], places: {} };
  const whole: NonNullable<Inputs['whole']> = {};
  const needed: string[] = [];
  const flags = new Set<string>();
  for (const { place, schema, whole: full, required } of taken) {
    const name = freeName(place, flags);
    flags.add(flagOf(name));
    inputs.properties[name] = schema;
    if (full !== undefined && !isDeepStrictEqual(full, schema)) whole[name] = full;
    if (place.in === 'body' && together.includes(place.name)) needed.push(name);
    const { name: theirs, ...rest } = place;
    inputs.places[name] = theirs === name ? rest : place;
    if (required) inputs.required.push(name);
  }
  if (Object.keys(whole).length > 0) inputs.whole = whole;
  if (needed.length > 0) inputs.together = needed;
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

/** `listForRepo`, `list_for-repo`, `List for Repo` → list, for, repo. */
export function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}

const kebab = (words: readonly string[]): string => words.join('-').replace(/^[0-9-]+/, '');

/** `X-Request-Id`, `filter[status]` → xRequestId, filterStatus. */
function camel(name: string): string {
  const [first = '', ...others] = wordsOf(name);
  const joined = first + others.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  return joined.replace(/^[0-9]+/, '');
}

/** Rough, and the same for both forms of a word, which is all it is for. */
function singular(word: string): string {
  if (/(ss|us|is)$/.test(word)) return word;
  return word
    .replace(/ies$/, 'y')
    .replace(/(ch|sh|x|s)es$/, '$1')
    .replace(/s$/, '');
}
