// Settings out of environment variables, with errors that name the variable.
import { join, resolve } from 'node:path';
import { SeedError } from '../protocol/errors.ts';
import { env } from './env.ts';

/** An integer within its bounds. @throws SeedError invalid_settings */
export function integerSetting(name: string, preset: number, min: number, max: number): number {
  const text = env(name);
  if (text === undefined) return preset;
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new SeedError('invalid_settings', `${name} is "${text}", not a whole number from ${min} to ${max}`);
}

/** What is listed with commas, each once; null when it is unset. */
export function listSetting(name: string): string[] | null {
  const text = env(name);
  if (text === undefined) return null;
  return [...new Set(text.split(',').flatMap((part) => part.trim() || []))];
}

/** One of the choices. @throws SeedError invalid_settings */
export function choiceSetting<Choice extends string>(
  name: string,
  preset: Choice,
  choices: readonly Choice[],
): Choice {
  const text = env(name);
  if (text === undefined) return preset;
  const choice = choices.find((candidate) => candidate === text);
  if (choice !== undefined) return choice;
  throw new SeedError('invalid_settings', `${name} is "${text}", not one of ${choices.join(', ')}`);
}

/** An http(s) URL without a slash at its end. @throws SeedError invalid_settings */
export function urlSetting(name: string): string | null {
  const text = env(name);
  if (text === undefined) return null;
  const url = URL.parse(text);
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return text.replace(/\/+$/, '');
  throw new SeedError('invalid_settings', `${name} is not an http or https URL`);
}

/** Where Seed keeps all its state: SEED_DATA_DIR, or .seed in the current folder. */
export function dataDirSetting(): string {
  return resolve(env('SEED_DATA_DIR') ?? '.seed');
}

/**
 * The addresses of the database, with the file of its password in them where there is one.
 * @throws SeedError invalid_settings
 */
export function databaseSettings() {
  const settings = {
    /** For all work; null: the embedded Postgres. */
    databaseUrl: postgresUrl('DATABASE_URL', 'or unset it to use the embedded Postgres.'),
    /** For what needs a session of Postgres; null: the same. */
    databaseDirectUrl: postgresUrl('SEED_DATABASE_DIRECT_URL', 'or unset it where DATABASE_URL needs no pooler.'),
  };
  if (settings.databaseUrl !== null || settings.databaseDirectUrl === null) return settings;
  throw new SeedError('invalid_settings', 'SEED_DATABASE_DIRECT_URL is set, and DATABASE_URL is not', {
    hint: 'DATABASE_URL is the address for all work. Set it, or unset both to use the embedded Postgres.',
  });
}

/** What it says may hold a password, so the error does not repeat it. */
function postgresUrl(name: string, otherwise: string): string | null {
  const url = env(name);
  const file = env('SEED_DATABASE_PASSWORD_FILE');
  if (url === undefined) return null;
  if (/^postgres(ql)?:\/\//.test(url)) {
    const more = `${url.includes('?') ? '&' : '?'}passwordfile=`;
    return file === undefined ? url : url + more + encodeURIComponent(resolve(file));
  }
  throw new SeedError('invalid_settings', `${name} is not a Postgres URL`, {
    hint: `Write it as postgres://user:password@host:5432/database, ${otherwise}`,
  });
}

/** Drivers of vendors, whose snapshots have their vendors' ids. */
const VENDORS = ['vercel', 'e2b'];

/** Whose snapshots those of SANDBOX_SNAPSHOT_ID are; undefined: this machine's. */
export const snapshotVendor = (): string | undefined => VENDORS.find((name) => name === env('SEED_DRIVER'));

/** The id of the snapshot that sandboxes are started from and no other; undefined: the current one. */
export function snapshotIdSetting(): string | undefined {
  const id = env('SANDBOX_SNAPSHOT_ID');
  if (id === undefined || snapshotVendor() !== undefined || /^[0-9a-f]{32}$/.test(id)) return id;
  throw new SeedError('invalid_settings', `SANDBOX_SNAPSHOT_ID is "${id}", not 32 hexadecimal digits`, {
    hint: 'seed snapshots list shows the ids.',
  });
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'silent'] as const;

export function logLevelSetting(): (typeof LOG_LEVELS)[number] {
  return choiceSetting('SEED_LOG_LEVEL', 'info', LOG_LEVELS);
}

/** Whether Postgres keeps the rows of accounts apart in the tables of packs. @throws SeedError invalid_settings */
export const packRowSecuritySetting = (): boolean =>
  choiceSetting('SEED_PACK_ROW_SECURITY', 'on', ['on', 'off']) === 'on';

/** SEED_CACHE_DIR, or cache/ in the data folder: what can be made again, and several Seeds may share. */
export function cacheDirSetting(): string {
  const dir = env('SEED_CACHE_DIR');
  return dir === undefined ? join(dataDirSetting(), 'cache') : resolve(dir);
}
