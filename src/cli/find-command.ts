// Finds the command that was typed, or the name that was meant. Used wherever a name may be mistyped.
import type { SeedError } from '../protocol/errors.ts';
import type { Manifest, ManifestCommand } from '../protocol/manifest.ts';
import { usageError } from './io.ts';

/** The command with the longest name that the words begin with. */
export function findCommand(manifest: Manifest, words: readonly string[]): ManifestCommand | null {
  const matches = manifest.commands.filter(({ name }) => name.split(' ').every((word, i) => word === words[i]));
  return matches.sort((a, b) => b.name.length - a.name.length)[0] ?? null;
}

export function unknownCommand(manifest: Manifest, local: readonly string[], words: readonly string[]): SeedError {
  const names = [...manifest.commands.map(({ name }) => name), ...local];
  const isNoun = names.some((name) => name.startsWith(`${words.slice(0, 2).join(' ')} `));
  const typed = words.slice(0, isNoun ? 3 : 2).filter((word) => !word.startsWith('-'));
  const nouns = [...new Set(names.map((name) => name.split(' ')[0] ?? name))];
  const meant = closest(typed.join(' '), names) ?? closest(typed[0] ?? '', nouns);
  const hint = meant === undefined ? 'seed --help lists the commands.' : `Did you mean: seed ${meant}`;
  return usageError(`there is no command ${JSON.stringify(typed.join(' '))} that this key may use`, hint);
}

/** Levenshtein distance, two neighbouring letters swapped counting as one (optimal string alignment). */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** The closest name, or undefined when none is close enough to be meant. */
export function closest(typed: string, names: readonly string[]): string | undefined {
  const allowed = typed.length < 4 ? 1 : Math.max(2, Math.floor(typed.length / 3));
  const [best] = names
    .map((name) => ({ name, cost: distance(typed.slice(0, 64), name) }))
    .sort((a, b) => a.cost - b.cost);
  if (best && best.cost <= allowed) return best.name;
  return typed.length >= 2 ? names.find((name) => name.startsWith(typed)) : undefined;
}
