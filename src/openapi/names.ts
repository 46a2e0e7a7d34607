// What an operation is called as a command: the noun from its tag, the verb from its operationId, both from method and path where
// there are none. The same document gives the same names in whatever order it has its operations.
import { kebab, singular, wordsOf } from './words.ts';

interface Named {
  operationId: string | null;
  tag: string | null;
  method: string;
  path: string;
}

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
