// What a file of a sandbox may be called: a relative path that every system reads alike. Free of dependencies:
// guest, runner, server and CLI all check with it.

/** Of LIMITS, where they are named; here, because the CLI has no use for the others. */
export const FILE_NAME_BYTES = 254;
export const FILE_NAME_DEPTH = 10;

/** Control characters, invisible ones (which can turn the way of writing), halves of pairs, line separators. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** What is wrong with the name; null: nothing. */
export function fileNameProblem(name: string): string | null {
  if (name === '') return 'the name is empty';
  if (new TextEncoder().encode(name).length > FILE_NAME_BYTES)
    return `the name is longer than ${FILE_NAME_BYTES} bytes`;
  if (UNSEEN.test(name)) return 'the name has control or invisible characters';
  if (name.includes('\\')) return 'the name has a backslash';
  const parts = name.split('/');
  if (parts.length > FILE_NAME_DEPTH) return `the name is more than ${FILE_NAME_DEPTH} folders deep`;
  if (parts.some((part) => part === '')) return 'the name begins or ends with a slash, or has two in a row';
  if (parts.some((part) => part === '.' || part === '..')) return 'the name has a part "." or ".."';
  if (parts.some((part) => part !== part.trim())) return 'the name has a space at the edge of a part';
  return null;
}

/** A name that is there twice, or is a folder of another; null: they can lie in one folder together. */
export function clashingName(names: readonly string[]): string | null {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return names.find((name) => foldersOf(name).some((folder) => seen.has(folder))) ?? null;
}

/** `a/b/c` → `a`, `a/b` */
export function foldersOf(name: string): string[] {
  const parts = name.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}
