// The commands by what they are about, and which of them a search means.
import type { ManifestCommand } from '../../../../src/protocol/manifest.ts';

export interface CommandGroup {
  noun: string;
  commands: ManifestCommand[];
}

export function groupCommands(commands: readonly ManifestCommand[]): CommandGroup[] {
  const groups = Object.groupBy(
    commands.toSorted((a, b) => a.name.localeCompare(b.name)),
    ({ name }) => name.split(' ')[0] ?? name,
  );
  return Object.entries(groups).map(([noun, members = []]) => ({ noun, commands: members }));
}

/** Every word of the search stands somewhere in what a person reads of the command. */
export function searchCommands(commands: readonly ManifestCommand[], search: string): ManifestCommand[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return commands.filter(({ name, summary, scope, effect, http }) => {
    const text = [name, summary, scope, effect, http.method, http.path].join(' ').toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** `keys list` as a part of an address: `keys-list` */
export function slugOf({ name }: Pick<ManifestCommand, 'name'>): string {
  return name.replaceAll(' ', '-');
}
