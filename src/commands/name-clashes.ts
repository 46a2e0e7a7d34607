// Refuses commands that cannot be told apart, and packs that reach into what belongs to another.
import { SeedError } from '../protocol/errors.ts';
import type { Command } from './define-command.ts';
import type { CommandSource } from './registry.ts';

/** Nouns of the CLI's own, which would hide a command. */
export const LOCAL_NOUNS: readonly string[] = ['help', 'login', 'logout', 'doctor', 'snapshots', 'mcp'];
/** A route that is no command's. */
const RESERVED_PATH = '/commands';

interface Owned {
  what: string;
  /** What there is one of: among all commands, or among the sources. */
  of: 'command' | 'source';
  value(command: Command): string | null;
}

const OWNED: readonly Owned[] = [
  { what: 'name', of: 'command', value: ({ name }) => name },
  { what: 'route', of: 'command', value: ({ http }) => http.replace(/\{[^}]+\}/g, '{…}') },
  { what: 'noun', of: 'source', value: nounOf },
  { what: 'path', of: 'source', value: pathOf },
  { what: 'scope namespace', of: 'source', value: ({ scope }) => scope && `${scope.split(':')[0]}:` },
];

/** @throws SeedError invalid_settings with both commands and where they come from */
export function refuseClashes(sources: readonly CommandSource[]): void {
  const all = sources.flatMap((source) => source.commands.map((command) => ({ source, command })));
  for (const { command, source } of all) {
    if (LOCAL_NOUNS.includes(nounOf(command)))
      throw clash(`${source.file}: "${command.name}" begins with a word that the CLI keeps to itself`);
    if (pathOf(command) === RESERVED_PATH)
      throw clash(`${source.file}: the path "${RESERVED_PATH}" of "${command.name}" is taken by Seed itself`);
  }
  for (const { what, of, value } of OWNED) {
    const first = new Map<string, (typeof all)[number]>();
    for (const entry of all) {
      const own = value(entry.command);
      if (own === null) continue;
      const other = first.get(own);
      if (other === undefined) first.set(own, entry);
      else if (of === 'command' || other.source !== entry.source) {
        throw clash(
          `${entry.source.file}: the ${what} "${own}" of "${entry.command.name}" is taken by "${other.command.name}" of ${other.source.file}`,
        );
      }
    }
  }
}

function nounOf({ name }: Command): string {
  return name.split(' ')[0] ?? name;
}

function pathOf({ http }: Command): string {
  return `/${http.split('/')[1]}`;
}

const clash = (message: string) =>
  new SeedError('invalid_settings', message, { hint: 'Rename one of the two.' });
