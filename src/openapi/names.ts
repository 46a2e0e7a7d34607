// What operations are called as commands: the noun from the tag, the verb from the operationId, both from method
// and path where there are none. The order of the operations changes no name; what had a name keeps it.
import { createHash } from 'node:crypto';
import { kebab, singular, wordsOf } from './words.ts';

interface Named {
  operationId: string | null;
  tag: string | null;
  method: string;
  path: string;
}

export interface CommandName {
  noun: string;
  verb: string;
}

/** What an operation is known by from one import to the next. */
export const keyOf = ({ method, path }: { method: string; path: string }): string => `${method} ${path}`;

const VERBS: Record<string, string> = { POST: 'create', PUT: 'replace', PATCH: 'update', DELETE: 'delete' };

/** Of a whole name, with the space or underscore in it: what clients of MCP and of models take. */
export const NAME_LENGTH = 64;
const NOUN_LENGTH = 36;

/**
 * @param before the names that earlier imports gave, by key
 * @returns noun and verb of each, in their order; no two are the same
 */
export function nameOperations(
  operations: readonly Named[],
  before: ReadonlyMap<string, CommandName> = new Map(),
): CommandName[] {
  const kept = operations.map((operation) => before.get(keyOf(operation)));
  const nouns = operations.map((operation, index) => kept[index]?.noun ?? nounOf(operation));
  // From the shortest to what cannot be misunderstood: all that share a name move on together.
  const candidates = operations.map((operation, index) => verbsFor(operation, nouns[index] ?? ''));
  const levels = candidates.map(() => 0);
  const nameAt = (index: number) =>
    `${nouns[index]} ${kept[index]?.verb ?? candidates[index]?.[levels[index] ?? 0]}`;
  for (let changed = true; changed; ) {
    changed = false;
    const taken = Map.groupBy(operations.keys(), nameAt);
    for (const sharing of [...taken.values()].filter(({ length }) => length > 1)) {
      for (const index of sharing) {
        if (kept[index] || (levels[index] ?? 0) + 1 >= (candidates[index]?.length ?? 0)) continue;
        levels[index] = (levels[index] ?? 0) + 1;
        changed = true;
      }
    }
  }
  const taken = new Set(kept.flatMap((name) => (name ? [`${name.noun} ${name.verb}`] : [])));
  return operations.map((operation, index) => {
    const known = kept[index];
    if (known) return known;
    const [noun = '', verb = ''] = nameAt(index).split(' ');
    const free = freeVerb(noun, verb, keyOf(operation), taken);
    taken.add(`${noun} ${free}`);
    return { noun, verb: free };
  });
}

/** The same for the same operation, whatever others there are. */
function freeVerb(noun: string, verb: string, key: string, taken: ReadonlySet<string>): string {
  const length = NAME_LENGTH - noun.length - 1;
  const fitting = shortened(verb, length, key);
  if (!taken.has(`${noun} ${fitting}`)) return fitting;
  for (let count = 2; ; count += 1) {
    const numbered = `${shortened(verb, length - String(count).length - 1, key)}-${count}`;
    if (!taken.has(`${noun} ${numbered}`)) return numbered;
  }
}

/** Whole words of it, and where some are missing four letters that tell it from others cut alike. */
export function shortened(name: string, length: number, key = name): string {
  if (name.length <= length) return name;
  const mark = markOf(key);
  const cut = name.slice(0, Math.max(1, length - mark.length - 1));
  const whole = cut.includes('-') && name[cut.length] !== '-' ? cut.replace(/-[^-]*$/, '') : cut;
  return `${whole.replace(/-+$/, '')}-${mark}`;
}

/** Four letters for a text. */
function markOf(text: string): string {
  const bytes = createHash('sha256').update(text).digest().subarray(0, 4);
  return [...bytes].map((byte) => String.fromCharCode(97 + (byte % 26))).join('');
}

function nounOf({ tag, path }: Named): string {
  const fromTag = kebab(wordsOf(tag ?? ''));
  const [literal] = literals(path);
  const noun = fromTag || kebab(wordsOf(literal ?? '')) || (tag ? `group-${markOf(tag)}` : 'root');
  return shortened(noun, NOUN_LENGTH);
}

function verbsFor({ operationId, method, path }: Named, noun: string): string[] {
  const fromPath = kebab([VERBS[method] ?? methodWord(method, path), ...without(pathWords(path), noun)]);
  const whole = kebab([...wordsOf(method), ...wordsOf(path)]);
  if (operationId === null) return [fromPath, whole];
  const words = wordsOf(operationId);
  const short = kebab(without(words, noun));
  return [...(short === '' ? [] : [short]), kebab(words) || fromPath, whole];
}

function methodWord(method: string, path: string): string {
  if (method === 'GET' || method === 'HEAD') return endsInParameter(path) ? 'get' : 'list';
  return kebab(wordsOf(method));
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
