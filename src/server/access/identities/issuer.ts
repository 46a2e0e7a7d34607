// The issuer of the platform's tokens: what it says of itself (OpenID Connect Discovery) and the keys that it
// signs with. Asked when a token comes, at no server's start; what it said is known for five minutes, and a day
// while it is away. Nothing that a token says leads anywhere: one address is set, and names the rest.
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import { parseJson } from '../../../lib/json.ts';
import type { Logger } from '../../../lib/log.ts';
import { readWithin } from '../../../lib/read-stream.ts';
import { SeedError } from '../../../protocol/errors.ts';

/** What the issuer has said. The same object for as long as it says the same. */
export interface Known {
  /** As it stands in its tokens. */
  issuer: string;
  authorizationEndpoint: string | null;
  tokenEndpoint: string | null;
  endSessionEndpoint: string | null;
  keyFor: JWTVerifyGetKey;
}

/** After that it is asked again, by the next token that comes. */
const FRESH_MS = 5 * 60_000;
/** Keys are taken for so long after the issuer was heard last. */
const KEPT_MS = 24 * 3_600_000;
/** Between two attempts while it is away. */
const PAUSE_MS = 2_000;
const WITHIN_MS = 5_000;
const MOST_BYTES = 512 * 1024;
/** It is asked at once for a key that is not known, so often; and then once every so many milliseconds. */
const ASKED_AT_ONCE = 6;
const ASKED_EVERY_MS = 10_000;

const Endpoint = z
  .url({ protocol: /^https?$/ })
  .nullish()
  .catch(null);
const Discovery = z.object({
  issuer: z.string(),
  jwks_uri: z.url({ protocol: /^https?$/ }),
  authorization_endpoint: Endpoint,
  token_endpoint: Endpoint,
  end_session_endpoint: Endpoint,
});
const KeyList = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

interface IssuerNeeds {
  /** As it is set. */
  url: string;
  /** Where its keys are; missing: as it says itself. */
  keysUrl?: string;
  log: Logger;
  nowMs?: () => number;
  withinMs?: number;
}

export class Issuer {
  readonly #url: string;
  readonly #keysUrl: string | null;
  readonly #log: Logger;
  readonly #nowMs: () => number;
  readonly #withinMs: number;
  #heard: { known: Known; said: string; atMs: number } | null = null;
  #asking: Promise<Known> | null = null;
  /** The last attempt, where it failed: when that was. */
  #failedMs: number | null = null;
  #asks = { left: ASKED_AT_ONCE, atMs: 0 };

  constructor({ url, keysUrl, log, nowMs = () => performance.now(), withinMs = WITHIN_MS }: IssuerNeeds) {
    this.#withinMs = withinMs;
    this.#url = url;
    this.#keysUrl = keysUrl ?? null;
    this.#log = log;
    this.#nowMs = nowMs;
  }

  /** Where people are told to sign in: as the issuer has it, once that is known. */
  get name(): string {
    return this.#heard?.known.issuer ?? this.#url;
  }

  /** Whether a token says that it is of this issuer, before anything of it is believed. */
  isNamed(issuer: unknown): boolean {
    return typeof issuer === 'string' && isSame(issuer, this.#url);
  }

  /** @throws SeedError unavailable: it is away, and what it said is not known or too old */
  async known(): Promise<Known> {
    const heard = this.#heard;
    const now = this.#nowMs();
    const ageMs = heard === null ? Number.POSITIVE_INFINITY : now - heard.atMs;
    if (heard && ageMs < FRESH_MS) return heard.known;
    const isAway = this.#failedMs !== null;
    const mayAsk = this.#failedMs === null || now - this.#failedMs >= PAUSE_MS;
    // While it is away nobody waits for it who can do without.
    if (heard && ageMs < KEPT_MS) {
      const asked = mayAsk ? this.#ask().catch(() => heard.known) : null;
      return isAway || asked === null ? heard.known : asked;
    }
    if (!mayAsk && this.#asking === null) throw this.#away(Math.ceil(PAUSE_MS / 1_000));
    return this.#ask();
  }

  /** What it says now, as a token is signed with a key that is not in `seen`. @throws SeedError unavailable */
  async beyond(seen: Known): Promise<Known> {
    await this.#asking?.catch(() => undefined);
    if (this.#heard && this.#heard.known !== seen) return this.#heard.known;
    const waitMs = this.#takeAsk();
    if (waitMs > 0) throw this.#away(Math.ceil(waitMs / 1_000));
    return this.#ask();
  }

  /** @returns 0, or how long to wait until it may be asked for another key */
  #takeAsk(): number {
    const now = this.#nowMs();
    const { left, atMs } = this.#asks;
    const more = Math.floor((now - atMs) / ASKED_EVERY_MS);
    const have = Math.min(ASKED_AT_ONCE, left + more);
    if (have === 0) return ASKED_EVERY_MS - (now - atMs);
    this.#asks = { left: have - 1, atMs: have === ASKED_AT_ONCE ? now : atMs + more * ASKED_EVERY_MS };
    return 0;
  }

  /** One attempt at a time, for all that wait. */
  #ask(): Promise<Known> {
    this.#asking ??= this.#read().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  async #read(): Promise<Known> {
    try {
      const signal = AbortSignal.timeout(this.#withinMs);
      const { said, ...rest } = await readIssuer(this.#url, this.#keysUrl, signal);
      if (this.#failedMs !== null) this.#log.info({ issuer: this.#url }, 'the issuer of tokens answers again');
      this.#failedMs = null;
      const known = this.#heard?.said === said ? this.#heard.known : rest;
      this.#heard = { known, said, atMs: this.#nowMs() };
      return known;
    } catch (err) {
      // Once an outage: it is tried with many requests.
      if (this.#failedMs === null)
        this.#log.warn({ err, issuer: this.#url }, 'the issuer of tokens cannot be asked');
      this.#failedMs = this.#nowMs();
      throw this.#away(Math.ceil(PAUSE_MS / 1_000), err);
    }
  }

  #away(retryAfterSeconds: number, cause?: unknown): SeedError {
    const { host } = new URL(this.#url);
    return new SeedError('unavailable', `whether the token is sound cannot be told: ${host} gives no keys now`, {
      hint: 'Try again; keys of Seed work meanwhile. The log of the server has the cause.',
      retryAfterSeconds,
      cause,
      logged: true,
      nothingDone: true,
    });
  }
}

/** But for a slash at the end. */
function isSame(one: string, other: string): boolean {
  return one.replace(/\/$/, '') === other.replace(/\/$/, '');
}

/** @throws for whatever is not as OpenID Connect Discovery 1.0 has it */
async function readIssuer(
  url: string,
  keysUrl: string | null,
  signal: AbortSignal,
): Promise<Known & { said: string }> {
  if (keysUrl !== null) return { ...NO_ENDPOINTS, ...(await readKeys(keysUrl, signal)), issuer: url };
  const at = `${url.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const { text, json } = await readJson(at, signal);
  const found = Discovery.parse(json);
  if (!isSame(found.issuer, url)) throw new Error(`${at} is of another issuer: ${found.issuer}`);
  if (!isTrusted(found.jwks_uri, url))
    throw new Error(`jwks_uri is neither https nor of the issuer's own origin: ${found.jwks_uri}`);
  const trusted = (address: string | null | undefined) => (address && isTrusted(address, url) ? address : null);
  const { said, keyFor } = await readKeys(found.jwks_uri, signal);
  return {
    said: `${text}\n${said}`,
    issuer: found.issuer,
    authorizationEndpoint: trusted(found.authorization_endpoint),
    tokenEndpoint: trusted(found.token_endpoint),
    endSessionEndpoint: trusted(found.end_session_endpoint),
    keyFor,
  };
}

const NO_ENDPOINTS = { authorizationEndpoint: null, tokenEndpoint: null, endSessionEndpoint: null };

async function readKeys(url: string, signal: AbortSignal): Promise<Pick<Known, 'keyFor'> & { said: string }> {
  const { text, json } = await readJson(url, signal);
  KeyList.parse(json);
  return { said: text, keyFor: createLocalJWKSet(json as JSONWebKeySet) };
}

/** What it names may lie at another origin, as Google's keys do, if TLS proves that one as the issuer's own. */
function isTrusted(address: string, issuer: string): boolean {
  const [named, own] = [new URL(address), new URL(issuer)];
  return named.protocol === 'https:' || named.origin === own.origin;
}

/** Within bounds of time and bytes, along no redirect. */
async function readJson(url: string, signal: AbortSignal): Promise<{ text: string; json: unknown }> {
  const headers = { accept: 'application/json', 'accept-encoding': 'identity', 'user-agent': 'seed' };
  const { request } = await import('../../../lib/http-client.ts');
  const answer = await request(url, { headers, signal });
  const bytes = await readWithin(answer.body, MOST_BYTES);
  if (answer.statusCode !== 200 || bytes === null)
    throw new Error(`${url} answered ${answer.statusCode}${bytes === null ? ' with too much' : ''}`);
  const text = bytes.toString();
  return { text, json: parseJson(text, (cause) => new Error(`${url} answered with no JSON`, { cause })) };
}
