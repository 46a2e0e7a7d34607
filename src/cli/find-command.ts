// Which command of the manifest was typed, and what was meant when none was. Used by run.ts.
import { SeedError } from '../protocol/errors.ts';
import type { Manifest, ManifestCommand } from '../protocol/manifest.ts';
import { closest } from './suggest.ts';

/** The command with the longest name that the words begin with. */
export function findCommand(manifest: Manifest, words: readonly string[]): ManifestCommand | null {
  const matches = manifest.commands.filter(({ name }) =>
    name.split(' ').every((word, i) => word === words[i]),
  );
  return matches.sort((a, b) => b.name.length - a.name.length)[0] ?? null;
}

export function unknownCommand(
  manifest: Manifest,
  localNames: readonly string[],
  words: readonly string[],
): SeedError {
  const names = [...manifest.commands.map(({ name }) => name), ...localNames];
  const isNoun = names.some((name) => name.startsWith(`${words.slice(0, 2).join(' ')} `));
  const typed = words.slice(0, isNoun ? 3 : 2).filter((word) => !word.startsWith('-'));
  const nouns = [...new Set(names.map((name) => name.split(' ')[0] ?? name))];
  const meant = closest(typed.join(' '), names) ?? closest(typed[0] ?? '', nouns);
  return new SeedError(
    'usage',
    `there is no command ${JSON.stringify(typed.join(' '))} that this key may use`,
    {
      hint: meant === undefined ? 'seed --help lists the commands.' : `Did you mean: seed ${meant}`,
    },
  );
}
