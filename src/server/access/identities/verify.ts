// Whether a token is sound: signed by the issuer of the settings, for this Seed, and at its time (RFC 7519, RFC
// 8725, RFC 9068). What it says is looked at only then. Called by identities.ts.
import { errors, type JWTHeaderParameters, type JWTVerifyOptions, jwtVerify } from 'jose';
import { isRecord, parseJson, repeatedName } from '../../../lib/json.ts';
import { SeedError } from '../../../protocol/errors.ts';
import { LIMITS } from '../../../protocol/limits.ts';
import type { TokenUse } from '../authenticate.ts';
import { accountOf, type Claims, claimAt, nameOf, valuesOf } from './claims.ts';
import type { Issuer, Known } from './issuer.ts';
import type { OidcSettings } from './settings.ts';

/** What a sound token says. */
export interface VerifiedToken {
  issuer: string;
  subject: string;
  issuedAt: Date | null;
  /** Until when it is taken: its end, and as much as clocks may differ. */
  until: Date;
  /** As the claim has it: the id or name of an account; null: it names none, or several. */
  account: string | null;
  /** The values of the claim that scopes are made from, as far as they are worth any. */
  values: readonly string[];
  name: string;
  /** What the issuer had said when it was looked at: with other keys it has to be looked at again. */
  known: Known;
}

/** Signed with one of two keys of which one is secret, in ways that no one has broken. */
const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];
/** What a token may say that it is; nothing at all as well. */
const TYPES = /^(?:application\/)?(?:jwt|at\+jwt)$/i;
const SUBJECT = /^[^\p{C}]{1,255}$/u;

/** Whether it has the form of a signed token, which no key has. */
export function isToken(text: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]*$/.test(text);
}

/**
 * @param now by the clock of the database
 * @throws SeedError invalid_token; token_expired; unavailable: the issuer is away and the key is not known
 */
export async function verifyToken(
  token: string,
  { issuer, settings }: { issuer: Issuer; settings: OidcSettings },
  use: TokenUse,
  now: Date,
): Promise<VerifiedToken> {
  const said = readUnproven(token);
  if (!issuer.isNamed(said['iss'])) throw refused('it is of another issuer', `This Seed takes ${issuer.name}.`);
  const options: JWTVerifyOptions = {
    algorithms: ALGORITHMS,
    audience: use.audience ?? [...settings.audiences],
    clockTolerance: settings.skewSeconds,
    currentDate: now,
    requiredClaims: ['exp', 'sub', 'aud'],
  };
  const { claims, known } = await proven(token, issuer, options);
  refuseClaims(claims, { ...use, latest: now.getTime() / 1_000 + settings.skewSeconds });
  const { exp, iat, sub } = claims as { exp: number; iat?: number; sub: string };
  return {
    issuer: known.issuer,
    subject: sub,
    issuedAt: iat === undefined ? null : new Date(iat * 1_000),
    until: new Date((exp + settings.skewSeconds) * 1_000),
    account: accountOf(claimAt(claims, settings.accountClaim)),
    values: valuesOf(claimAt(claims, settings.scopesClaim)).filter((value) => settings.scopes.has(value)),
    name: nameOf(claims, LIMITS.nameLength),
    known,
  };
}

/** What its parts say, of which nothing is proven yet. */
function readUnproven(token: string): Claims {
  if (token.length > LIMITS.tokenLength) throw refused(`it has more than ${LIMITS.tokenLength} characters`);
  const [header, claims] = token.split('.').map(readPart);
  if (!header || !claims) throw refused('its parts are no JSON objects, or give a name twice');
  const { alg, typ, jku, x5u } = header as JWTHeaderParameters;
  if (!ALGORITHMS.includes(String(alg)))
    throw refused(`it is signed with "${alg}"`, `Taken are ${ALGORITHMS.join(', ')}.`);
  if (typ !== undefined && !(typeof typ === 'string' && TYPES.test(typ)))
    throw refused('it says that it is no access token (typ)');
  if (jku !== undefined || x5u !== undefined) throw refused('it names where its key is, which it may not');
  return claims;
}

function readPart(part: string, index: number): Claims | null {
  if (index === 2) return null;
  const text = Buffer.from(part, 'base64url').toString();
  const value = parseJson(text);
  return isRecord(value) && repeatedName(text) === null ? value : null;
}

/** Its claims, once a key of the issuer has proven them. Of a key that is not known, the issuer is asked. */
async function proven(
  token: string,
  issuer: Issuer,
  options: JWTVerifyOptions,
): Promise<{ claims: Claims; known: Known }> {
  const known = await issuer.known();
  try {
    return { claims: await verifyWith(token, known, options), known };
  } catch (error) {
    const isWrong = error instanceof errors.JWSSignatureVerificationFailed;
    if (!(isWrong || error instanceof errors.JWKSNoMatchingKey)) throw reasonOf(error, options);
    // A known key that has not signed it may have been exchanged for another of its name, but was most likely not.
    const isForged = isWrong && readPart(token.split('.')[0] ?? '', 0)?.['kid'] !== undefined;
    const newer = await issuer.beyond(known).catch((away) => {
      throw isForged ? reasonOf(error, options) : away;
    });
    const claims = await verifyWith(token, newer, options).catch((still) => {
      throw reasonOf(still, options);
    });
    return { claims, known: newer };
  }
}

/**
 * The claims of a token, once a key of the issuer has proven them: for tokens of which nothing else is known here.
 * @throws SeedError invalid_token; token_expired; unavailable: the issuer is away and the key is not known
 */
export async function provenBy(token: string, issuer: Issuer, options: JWTVerifyOptions): Promise<Claims> {
  const { jku, x5u } = (readPart(token.split('.')[0] ?? '', 0) ?? {}) as JWTHeaderParameters;
  if (jku !== undefined || x5u !== undefined) throw refused('it names where its key is, which it may not');
  return (await proven(token, issuer, options)).claims;
}

async function verifyWith(token: string, { keyFor, issuer }: Known, options: JWTVerifyOptions): Promise<Claims> {
  try {
    return (await jwtVerify(token, keyFor, { ...options, issuer })).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    // It names no key.
    for await (const key of error) {
      try {
        return (await jwtVerify(token, key, { ...options, issuer })).payload;
      } catch (other) {
        if (!(other instanceof errors.JWSSignatureVerificationFailed)) throw other;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

function reasonOf(error: unknown, { audience }: JWTVerifyOptions): SeedError {
  if (error instanceof errors.JWTExpired) {
    const message = 'the token has expired';
    return new SeedError('token_expired', message, { hint: 'Get another from the issuer.', cause: error });
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    const { claim } = error;
    const isMissing = error.reason === 'missing';
    const hint = claim === 'aud' ? `This Seed takes tokens for ${[audience].flat().join(' or ')}.` : undefined;
    if (claim === 'aud' && !isMissing) return refused('it is for another service (aud)', hint, error);
    if (claim === 'nbf' && error.reason === 'check_failed')
      return refused('it is not valid yet (nbf)', hint, error);
    const what = isMissing
      ? 'it has no'
      : error.reason === 'invalid'
        ? 'it has a wrong kind of'
        : 'it has a wrong';
    return refused(`${what} "${claim}"`, hint, error);
  }
  if (error instanceof errors.JWKSNoMatchingKey)
    return refused('it is signed with a key that the issuer does not have', undefined, error);
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return refused('its signature is wrong', undefined, error);
  return refused('its form is wrong, or its key is none to take', undefined, error);
}

interface Expected extends TokenUse {
  /** Nothing may have been issued later: seconds since 1970. */
  latest: number;
}

/** What jose does not look at. @throws SeedError invalid_token */
function refuseClaims(claims: Claims, { latest, audience, nonce }: Expected): void {
  const { iat, sub, cnf, events, aud, azp, nonce: repeated } = claims as Record<string, unknown>;
  if (iat !== undefined && typeof iat !== 'number') throw refused('it has a wrong kind of "iat"');
  if (typeof iat === 'number' && iat > latest) throw refused('it was issued in the future (iat): see the clocks');
  if (typeof sub !== 'string' || !SUBJECT.test(sub)) throw refused('it has a wrong kind of "sub"');
  // It is worth something only to who has the key as well (RFC 7800), which nobody has shown.
  if (cnf !== undefined) throw refused('it is bound to a key of its owner (cnf), and Seed takes bearer tokens');
  if (events !== undefined) throw refused('it tells of events, and lets nobody in');
  if (nonce !== undefined && repeated !== nonce) throw refused('it was not asked for by this sign-in (nonce)');
  const isOthers = azp !== undefined ? azp !== audience : Array.isArray(aud) && aud.length > 1;
  if (nonce !== undefined && isOthers) throw refused('it was asked for by another client (azp)');
}

function refused(why: string, hint?: string, cause?: unknown): SeedError {
  return new SeedError('invalid_token', `the token is not taken: ${why}`, {
    hint: hint ?? 'docs/identities.md tells which tokens are.',
    cause,
  });
}
