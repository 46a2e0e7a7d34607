// Which server to talk to with which key: the environment, else ~/.config/seed/config.json. Used by run.ts.

import { dirname, join } from 'node:path';
import { parseJson } from '../lib/json.ts';
import { CREDENTIAL_SETTING, credentialHeader, credentialSetting } from '../lib/pack-setting.ts';
import { SeedError } from '../protocol/errors.ts';
import { fs } from './builtin.ts';
import { type Io, usageError } from './io.ts';

export const DEFAULT_URL = 'http://127.0.0.1:3210';

export interface Profile {
  /** Without a slash at its end. */
  url: string;
  key: string | null;
}

/** @param urlFlag goes before the environment. A saved key is only ever sent to the server it was saved for. */
export function loadProfile(io: Io, urlFlag: string | undefined): Profile {
  const saved = readSaved(io);
  const url = checkUrl(urlFlag ?? io.env('SEED_API_URL') ?? saved?.url ?? DEFAULT_URL);
  const key = io.env('SEED_API_KEY') ?? (saved && saved.url === url ? saved.key : null);
  return { url, key: key === null ? null : checkKey(key) };
}

export function saveProfile(io: Io, profile: Profile): string {
  const path = configPath(io);
  writePrivately(path, `${JSON.stringify(profile, null, 2)}\n`);
  return path;
}

/** Forgets the saved key. Returns the server it was for, or null when there was none. */
export function forgetProfile(io: Io): string | null {
  const saved = readSaved(io);
  fs.rmSync(configPath(io), { force: true });
  return saved?.url ?? null;
}

/** Writes a file that only its owner can read, whole or not at all. */
export function writePrivately(path: string, text: string): void {
  fs.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeWhole(path, text, 0o600);
}

/** Writes a file with these rights, whole or not at all. */
export function writeWhole(path: string, text: string, mode: number): void {
  const temporary = `${path}.${process.pid}`;
  fs.writeFileSync(temporary, text, { mode });
  fs.renameSync(temporary, path);
}

/** The user's folder of an XDG base directory `variable`, or `fallback` in the home folder where it is not set. */
export function userDirectory(io: Io, variable: string, fallback: string): string {
  return join(io.env(variable) ?? join(io.env('HOME') ?? '.', fallback), 'seed');
}

export function checkUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.search !== '' || url.hash !== '') {
    throw usageError(`${JSON.stringify(text)} is not a server's address`, `Write it as ${DEFAULT_URL}`);
  }
  if (url.username !== '' || url.password !== '') {
    const problem = "the server's address holds a user name or password";
    throw usageError(problem, 'A key goes into SEED_API_KEY or seed login.');
  }
  return (url.origin + url.pathname).replace(/\/+$/, '');
}

/** Refuses what could not stand in a header; the server judges the rest. Never repeats the key. */
export function checkKey(key: string): string {
  if (/^[\x21-\x7e]{1,8192}$/.test(key)) return key;
  throw new SeedError('invalid_key', 'the API key holds spaces or other characters no key has', {
    hint: 'Copy it again: a key is sk_live_ and 36 letters and digits.',
  });
}

/**
 * The caller's own credentials for the platforms of packs, as headers: SEED_CREDENTIAL_ACME for the pack acme.
 * @param pack the only one that is asked for; null: all that are set
 */
export function credentialHeaders(io: Io, pack: string | null): Record<string, string> {
  const value = pack === null ? undefined : io.env(credentialSetting(pack));
  const packs =
    pack === null
      ? Object.entries(io.envAfter(CREDENTIAL_SETTING)).map(([name, text]) => [
          name.toLowerCase().replaceAll('_', '-'),
          text,
        ])
      : value === undefined
        ? []
        : [[pack, value]];
  return Object.fromEntries(
    packs.map(([name = '', text = '']) => [credentialHeader(name), checkCredential(name, text)]),
  );
}

/** Never repeats it. */
function checkCredential(pack: string, text: string): string {
  if (/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text)) return text;
  throw usageError(`${credentialSetting(pack)} holds characters that no credential has`);
}

const configPath = (io: Io): string => join(userDirectory(io, 'XDG_CONFIG_HOME', '.config'), 'config.json');

function readSaved(io: Io): Profile | null {
  const path = configPath(io);
  let text: string;
  try {
    text = fs.readFileSync(path, 'utf8');
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes((cause as NodeJS.ErrnoException).code ?? '')) return null;
    throw new SeedError('invalid_settings', `${path} cannot be read`, {
      hint: 'Check its owner and mode.',
      cause,
    });
  }
  const saved = parseJson(text, (cause) => damaged(path, cause)) as Partial<Profile> | null;
  if (typeof saved?.url !== 'string' || typeof saved.key !== 'string') throw damaged(path);
  return { url: saved.url, key: saved.key };
}

function damaged(path: string, cause?: unknown): SeedError {
  return new SeedError('invalid_settings', `${path} is damaged`, { hint: 'Log in again: seed login', cause });
}
