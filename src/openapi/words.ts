// Names of a document as words, and words as names of Seed's.

/** `listForRepo`, `list_for-repo`, `List for Repo` → list, for, repo. */
export function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}

/** Words as a part of a command's name; empty when nothing is left. */
export function kebab(words: readonly string[]): string {
  return words.join('-').replace(/^[0-9-]+/, '');
}

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
