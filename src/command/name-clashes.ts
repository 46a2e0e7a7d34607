// Finds commands that cannot be told apart, and packs that reach into what is not theirs, when packs are loaded.
import { SeedError } from '../protocol/errors.ts';
import type { EventType } from '../protocol/event-types.ts';

/** What starts, makes or checks an installation. */
const PROCESSES = ['start', 'server', 'runner', 'dev', 'init', 'test', 'upgrade', 'migrate'];
/** Nouns of the CLI's own, which would hide a command. */
const LOCAL_NOUNS: readonly string[] = ['help', 'login', 'logout', 'doctor', 'snapshots', 'mcp', ...PROCESSES];
/** Nouns of Seed's own commands; a test compares them with the commands. */
export const OWN_NOUNS: readonly string[] =
  'accounts approvals audit background batches commands credentials keys models obs packs sandboxes schedules tasks templates webhooks whoami'.split(
    ' ',
  );

interface Named {
  name: string;
  /** Method and path. */
  http: string;
  scope: string | null;
}

/** What comes from one place: Seed's own, or a pack's. */
export interface CommandSource {
  /** What messages call it: the file of a pack. */
  file: string;
  commands: readonly Named[];
  events?: readonly EventType[];
}

interface Owned {
  what: string;
  /** What there is one of: among the commands of a source, or among the sources. */
  of: 'command' | 'source';
  value(command: Named): string | null;
}

/** Commands of two sources share none of these, since they share neither noun nor path. */
const OF_COMMANDS: readonly Owned[] = [
  { what: 'name', of: 'command', value: ({ name }) => name },
  { what: 'route', of: 'command', value: ({ http }) => http.replace(/\{[^}]+\}/g, '{…}') },
];

const OF_SOURCES: readonly Owned[] = [
  { what: 'noun', of: 'source', value: nounOf },
  { what: 'path', of: 'source', value: pathOf },
  { what: 'scope namespace', of: 'source', value: ({ scope }) => scope && `${scope.split(':')[0]}:` },
];

/** @throws SeedError invalid_settings with every clash, each with both sides and where they come from */
export function refuseClashes(sources: readonly CommandSource[]): void {
  const clashes = clashesBetween(sources);
  if (clashes.length === 0) return;
  throw new SeedError('invalid_settings', clashes.join('\n'), {
    hint: 'Rename one side of each, or leave a pack out with SEED_PACKS.',
  });
}

/** A line for each clash. What two sources both have is told once, however many commands are concerned. */
export function clashesBetween(sources: readonly CommandSource[]): string[] {
  return [
    ...sources.flatMap(reservedIn),
    ...sources.flatMap((source) => OF_COMMANDS.flatMap((owned) => sharedOf(owned, [source]))),
    ...OF_SOURCES.flatMap((owned) => sharedOf(owned, sources)),
    ...sharedEvents(sources),
  ];
}

function reservedIn({ file, commands }: CommandSource): string[] {
  return commands.flatMap((command) => [
    ...(LOCAL_NOUNS.includes(nounOf(command))
      ? [`${file}: "${command.name}" begins with a word that the CLI keeps to itself`]
      : []),
  ]);
}

function sharedOf({ what, of, value }: Owned, sources: readonly CommandSource[]): string[] {
  const first = new Map<string, { source: CommandSource; command: Named }>();
  const told = new Map<string, string>();
  for (const source of sources) {
    for (const command of source.commands) {
      const own = value(command);
      if (own === null) continue;
      const other = first.get(own);
      if (other === undefined) first.set(own, { source, command });
      else if (of === 'command' || other.source !== source) {
        const text = `the ${what} "${own}" of "${command.name}" is taken by "${other.command.name}"`;
        const key = `${source.file} ${own}`;
        if (!told.has(key)) told.set(key, `${source.file}: ${text} of ${other.source.file}`);
      }
    }
  }
  return [...told.values()];
}

function sharedEvents(sources: readonly CommandSource[]): string[] {
  const first = new Map<string, string>();
  return sources.flatMap(({ file, events = [] }) =>
    events.flatMap(({ name }) => {
      const other = first.get(name);
      if (other === undefined) first.set(name, file);
      return other === undefined ? [] : [`${file}: the type of events "${name}" is taken by ${other}`];
    }),
  );
}

function nounOf({ name }: Named): string {
  return name.split(' ')[0] ?? name;
}

function pathOf({ http }: Named): string {
  return `/${http.split('/')[1]}`;
}

/** Whether no pack may have the noun, since Seed itself or its CLI has. */
export function isNounTaken(noun: string): boolean {
  return LOCAL_NOUNS.includes(noun) || OWN_NOUNS.includes(noun);
}
