// The flags that every command has, and how they are taken off a command line. Used by run.ts and parse-input.ts.
import { SeedError } from '../protocol/errors.ts';
import { closest } from './suggest.ts';

export interface GlobalFlags {
  json: boolean;
  csv: boolean;
  quiet: boolean;
  help: boolean;
  version: boolean;
  refresh: boolean;
  url: string | undefined;
}

/** Global flags that may also stand after the command, unless the command has a flag of that name itself. */
export const TRAILING_FLAGS = ['json', 'csv', 'quiet', 'help'] as const;
type TrailingFlag = (typeof TRAILING_FLAGS)[number];

export function isTrailingFlag(name: string): name is TrailingFlag {
  return (TRAILING_FLAGS as readonly string[]).includes(name);
}

const SWITCHES = ['json', 'csv', 'quiet', 'help', 'version', 'refresh'] as const;

/** Takes the global flags that stand before the command. */
export function takeLeadingFlags(argv: readonly string[]): { flags: GlobalFlags; rest: string[] } {
  const flags: GlobalFlags = {
    json: false,
    csv: false,
    quiet: false,
    help: false,
    version: false,
    refresh: false,
    url: undefined,
  };
  const rest = [...argv];
  while (rest[0]?.startsWith('-')) {
    const token = rest.shift() ?? '';
    const name = token === '-h' ? 'help' : token.replace(/^--/, '');
    const known = SWITCHES.find((flag) => flag === name);
    if (known) flags[known] = true;
    else if (name === 'url') flags.url = rest.shift() ?? missingUrl();
    else if (name.startsWith('url=')) flags.url = name.slice('url='.length) || missingUrl();
    else throw unknownFlag(token);
  }
  return { flags, rest };
}

function missingUrl(): never {
  throw new SeedError('usage', '--url needs a value', { hint: 'Write it as: seed --url http://host:port …' });
}

function unknownFlag(token: string): SeedError {
  const meant = closest(token.replace(/^-+/, ''), [...SWITCHES, 'url']);
  const hint = meant ? `Did you mean --${meant}?` : 'Flags of a command stand after its name.';
  return new SeedError('usage', `unknown flag ${token} before the command`, { hint });
}
