// Names of any script and style as words of lower-case letters. Used by names.ts, input-names.ts and the routes of
// imported commands.
import anyAscii from 'any-ascii';

/** Signs at the end that tell names apart: `DateSent`, `DateSent<` and `DateSent>` are three parameters. */
const SIGNS: readonly [RegExp, string][] = [
  [/<=$/, ' at most'],
  [/>=$/, ' at least'],
  [/!=?$/, ' not'],
  [/<$/, ' less than'],
  [/>$/, ' greater than'],
];

/** `listForRepo`, `list_for-repo`, `List for Repo` → list, for, repo; `Gestión` → gestion; `дата` → data. */
export function wordsOf(name: string): string[] {
  const signed = SIGNS.reduce((text, [sign, words]) => text.replace(sign, words), name);
  return latin(signed)
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}

/** Accents folded; letters of other scripts by those that sound like them. */
function latin(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant.
  if (/^[\x00-\x7f]*$/.test(text)) return text;
  const folded = text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, (marks, at, all) => (isLatin(all[at - 1]) ? '' : marks));
  return anyAscii(folded.normalize('NFC'));
}

const isLatin = (letter: string | undefined) => letter !== undefined && /[a-z]/i.test(letter);

export const kebab = (words: readonly string[]): string => words.join('-').replace(/^[0-9-]+/, '');

/** `X-Request-Id`, `filter[status]` → xRequestId, filterStatus. */
export function camel(name: string): string {
  const [first = '', ...others] = wordsOf(name);
  const joined = first + others.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  return joined.replace(/^[0-9]+/, '');
}

/** Rough, and the same for both forms of a word, which is all it is for. */
export function singular(word: string): string {
  if (/(ss|us|is)$/.test(word)) return word;
  return word
    .replace(/ies$/, 'y')
    .replace(/(ch|sh|x|s)es$/, '$1')
    .replace(/s$/, '');
}
