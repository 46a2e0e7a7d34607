// Where the platform of an imported pack is and what the server shows it: settings that nobody else sees.
import { env } from '../lib/env.ts';
import { isRecord, parseJson } from '../lib/json.ts';
import { packSetting } from '../lib/pack-setting.ts';
import { urlSetting } from '../lib/settings.ts';
import type { Credential, OperationsFile, SingleCredential } from '../openapi/operation.ts';
import { SeedError } from '../protocol/errors.ts';
import type { OAuthClient } from './oauth.ts';
import { packProblem } from './problem.ts';

export interface Platform {
  /** What messages call it. */
  title: string;
  /** Without a slash at its end. */
  baseUrl: string;
  credential: Credential;
  /** Null: it is called without. For `basic` user and password with a colon between them. */
  secret: string | null;
  /** The setting that holds the secret. */
  secretSetting: string;
  sendCaller: boolean;
  /** As what it asks the platform for access tokens; null: it does not. */
  oauth: OAuthClient | null;
  /** The secret is an account's, a key's or a caller's, and not the server's. */
  isHeld: boolean;
}

/** @throws SeedError invalid_settings */
export function platformOf(
  pack: string,
  { title, server, credential }: OperationsFile,
  sendCaller: boolean,
  file: string,
): Platform {
  const urlName = packSetting(pack, 'url');
  const baseUrl = urlSetting(urlName) ?? server;
  const hint = `Set ${urlName}, or leave the pack out with SEED_PACKS.`;
  if (baseUrl === null) throw packProblem(file, 'its document does not say where the platform is', { hint });
  const secretSetting = packSetting(pack, 'token');
  const secret = env(secretSetting) ?? null;
  const missing = secret === null ? undefined : missingScheme(credential, secret);
  if (missing !== undefined)
    throw new SeedError('invalid_settings', `${secretSetting} has no secret for "${missing}"`, {
      hint: 'The platform wants several at once: give a JSON object with one for each security scheme.',
    });
  if (secret !== null && !/^[\x20-\x7e]+$/.test(secret))
    throw new SeedError('invalid_settings', `${secretSetting} has other characters than ASCII of one line`);
  const oauth = clientOf(pack, title, credential);
  return { title, baseUrl, credential, secret, secretSetting, sendCaller, oauth, isHeld: false };
}

/** @throws SeedError invalid_settings */
function clientOf(pack: string, title: string, credential: Credential): OAuthClient | null {
  const [idName, urlName] = [packSetting(pack, 'clientId'), packSetting(pack, 'tokenUrl')];
  const id = env(idName);
  if (id === undefined) return null;
  const service = credential.kind === 'bearer' ? credential.oauth : undefined;
  const tokenUrl = urlSetting(urlName) ?? service?.tokenUrl;
  if (tokenUrl === undefined)
    throw new SeedError('invalid_settings', `${idName} is set, and nothing says where tokens are given`, {
      hint: `Set ${urlName}.`,
    });
  const secret = env(packSetting(pack, 'clientSecret')) ?? null;
  return { title, tokenUrl, id, secret, scope: env(packSetting(pack, 'scope')) ?? null };
}

function missingScheme(credential: Credential, secret: string): string | undefined {
  if (credential.kind !== 'several') return undefined;
  const secrets = secretsByScheme(secret);
  return credential.of.find(({ scheme }) => !secrets[scheme])?.scheme;
}

/** Where the credential is shown, by the platform's names. */
type Shown = Record<'headers' | 'query' | 'cookies', Record<string, string>>;

export const NOTHING_SHOWN: Shown = { headers: {}, query: {}, cookies: {} };

export function shownCredential({ credential, secret }: Platform): Shown {
  if (secret === null) return NOTHING_SHOWN;
  if (credential.kind !== 'several') return shownOne(credential, secret);
  const secrets = secretsByScheme(secret);
  const all = credential.of.map((each) => shownOne(each.credential, secrets[each.scheme] ?? ''));
  const merged = (where: keyof Shown) => Object.assign({}, ...all.map((one) => one[where]));
  return { headers: merged('headers'), query: merged('query'), cookies: merged('cookies') };
}

/** Of several schemes at once. */
function secretsByScheme(secret: string): Record<string, string> {
  const parsed = parseJson(secret);
  const texts = Object.entries(isRecord(parsed) ? parsed : {}).filter(([, value]) => typeof value === 'string');
  return Object.fromEntries(texts) as Record<string, string>;
}

function shownOne(credential: SingleCredential, secret: string): Shown {
  if (credential.kind === 'query') return { ...NOTHING_SHOWN, query: { [credential.name]: secret } };
  if (credential.kind === 'cookie') return { ...NOTHING_SHOWN, cookies: { [credential.name]: secret } };
  if (credential.kind === 'header')
    return { ...NOTHING_SHOWN, headers: { [credential.name.toLowerCase()]: secret } };
  const value = credential.kind === 'basic' ? `Basic ${base64(secret)}` : `Bearer ${secret}`;
  return { ...NOTHING_SHOWN, headers: { authorization: value } };
}

/** Every text in which the secret could come back. */
export function secretsOf({ credential, secret }: Platform): string[] {
  if (secret === null) return [];
  if (credential.kind === 'several') return Object.values(secretsByScheme(secret)).flatMap(formsOf);
  return formsOf(secret);
}

function formsOf(secret: string): string[] {
  const parts = secret.includes(':') ? [secret.slice(secret.indexOf(':') + 1)] : [];
  const plain = [secret, base64(secret), ...parts].filter((text) => text !== '');
  const forms = plain.flatMap((text) => [text, encodeURIComponent(text), JSON.stringify(text).slice(1, -1)]);
  return [...new Set(forms)];
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
