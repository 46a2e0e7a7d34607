// The settings of this driver, from the environment; docs/e2b.md describes each. Those without SEED_ are the
// vendor's own names, which its other tools read, too.
import { env } from '../../lib/env.ts';
import { choiceSetting, integerSetting, urlSetting } from '../../lib/settings.ts';
import { SeedError } from '../../protocol/errors.ts';

/** How a program in a sandbox is given its input: call by call, or over one request whose body goes on. */
export type InputMode = 'calls' | 'stream';

export interface E2bSettings {
  apiKey: string;
  /** Of the API, without a slash at its end. */
  apiUrl: string;
  /** By which a sandbox is reached, with its id in a header; null: each has a name of its own below `domain`. */
  sandboxUrl: string | null;
  domain: string;
  /** The template's id or name, maybe with a tag. */
  template: string;
  /** Several installations with one key leave each other's sandboxes alone. */
  installation: string;
  input: InputMode;
  /** What the vendor gives a sandbox at most: an hour, or a day for those who pay for it. */
  longestLifeMs: number;
}

const DOMAIN = 'e2b.app';
const HOUR_MS = 3_600_000;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;
/** As the vendor has it: maybe with a namespace in front and a tag behind. */
const TEMPLATE = /^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,127}$/;

/** What its API is asked with. @throws SeedError invalid_settings, naming the variable */
export function readE2bAccess(): Pick<E2bSettings, 'apiKey' | 'apiUrl' | 'domain' | 'sandboxUrl'> {
  const domain = env('E2B_DOMAIN') ?? DOMAIN;
  return {
    apiKey: required('E2B_API_KEY', 'The dashboard of E2B, or of your own installation of it, makes one.'),
    apiUrl: urlSetting('E2B_API_URL') ?? `https://api.${domain}`,
    sandboxUrl: urlSetting('E2B_SANDBOX_URL'),
    domain,
  };
}

/** @throws SeedError invalid_settings, naming the variable */
export function readE2bSettings(): E2bSettings {
  const hint = 'scripts/setup-sandbox-snapshot.ts --driver e2b makes the template and prints its id.';
  return {
    ...readE2bAccess(),
    template: matching('SEED_E2B_TEMPLATE', required('SEED_E2B_TEMPLATE', hint), TEMPLATE),
    installation: matching('SEED_E2B_INSTALLATION', env('SEED_E2B_INSTALLATION') ?? 'seed', NAME),
    input: choiceSetting('SEED_E2B_INPUT', 'calls', ['calls', 'stream']),
    longestLifeMs: integerSetting('SEED_E2B_LONGEST_LIFE_HOURS', 1, 1, 24) * HOUR_MS,
  };
}

function matching(name: string, value: string, pattern: RegExp): string {
  if (pattern.test(value)) return value;
  throw new SeedError('invalid_settings', `${name} is "${value}", which is no name that E2B takes`);
}

function required(name: string, hint: string): string {
  const value = env(name);
  if (value !== undefined) return value;
  throw new SeedError('invalid_settings', `${name} is not set`, { hint });
}
