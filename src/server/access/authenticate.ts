// From a request to the actor behind it. The checks run in the order of their price, which is part of the
// contract: checksum, exists, enabled, expiry, address, rate. The scope comes after them, with the command.
import type { Context } from 'hono';
import type { Actor } from '../../command/call.ts';
import type { Store } from '../../db/store.ts';
import { cidrContains } from '../../lib/cidr.ts';
import { hashKeySecret, isWellFormedKeySecret } from '../../lib/key-secret.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { HttpEnv, Presenter } from '../http/http-types.ts';
import { bearerToken, clientAddress } from '../http/request-headers.ts';
import type { KeyUse } from './key-use.ts';
import { taskOf } from './lineage.ts';
import type { KeyCache, PresentedKey } from './presented-key.ts';
import type { KeyRates, RateState } from './rate-limits.ts';
import type { SessionSettings } from './sessions.ts';

/** How a request tells which key it is for; notes in the context what it came with. */
export type Identify = (c: Context<HttpEnv>, needs: AuthenticateNeeds) => Promise<PresentedKey>;

/** Of a token that was asked for: whom it has to be for instead of this Seed, and what it has to repeat. */
export interface TokenUse {
  audience?: string;
  nonce?: string;
}

/** What the issuer says of itself, as far as signing in by it needs it. */
interface IssuerMetadata {
  issuer: string;
  authorizationEndpoint: string | null;
  tokenEndpoint: string | null;
  endSessionEndpoint: string | null;
}

/** Those who come by the platform's own login: identities/ has it. */
export interface Identities {
  /** The address of the issuer. */
  readonly issuer: string;
  /** As what the dashboard signs people in; null: it does not. */
  readonly client: { id: string; secret: string | null } | null;
  /** The scopes that a client asks the issuer for; null: what they have here is told in another way. */
  readonly requestableScopes: readonly string[] | null;
  /** Whether it has the form of a token. */
  takes(secret: string): boolean;
  /** @throws SeedError invalid_token, token_expired, unknown_account; unavailable: the issuer is away */
  presented(token: string, use?: TokenUse): Promise<PresentedKey>;
  /** What something is sealed with for who presents it, in a secret's place: another token does as well. */
  secretOf(presented: PresentedKey): string;
  /** @throws SeedError unavailable */
  metadata(): Promise<IssuerMetadata>;
}

export interface AuthenticateNeeds {
  store: Pick<Store, 'db' | 'clock'>;
  keys: KeyCache;
  /** Null: there are keys alone. */
  identities: Identities | null;
  keyUse: KeyUse;
  rateLimits: KeyRates;
  /** Addresses of proxies whose X-Forwarded-For is believed, as CIDRs. */
  trustedProxies: readonly string[];
  sessions: SessionSettings;
}

/**
 * As Gate.authenticate. The context has the presented key also when it is refused.
 * @param options.identify which ways to say who one is the route takes
 */
export async function authenticate(
  c: Context<HttpEnv>,
  needs: AuthenticateNeeds,
  { counted, identify }: { counted: boolean; identify: Identify },
): Promise<Actor> {
  const { store, trustedProxies, rateLimits, keyUse } = needs;
  const address = clientAddress(c, trustedProxies);
  c.set('address', address);
  const presented = await identify(c, needs);
  c.set('presented', presenterOf(presented));
  const actor = admit(presented, address, store.clock.now());
  const rate = counted ? await rateLimits.count(presented.lineage) : null;
  if (rate) tellRate(c, rate);
  if (rate?.taken === false) {
    const { perMinute, retryAfterSeconds } = rate;
    const hint = `Try again in ${retryAfterSeconds} s.`;
    const message = `the ${perMinute} requests a minute of this key are used up`;
    throw new SeedError('rate_limited', message, { hint, retryAfterSeconds });
  }
  keyUse.note(actor.key.id);
  c.set('actor', actor);
  return actor;
}

export function presenterOf({ accountId, key, lineage }: PresentedKey): Presenter {
  return { accountId, keyId: key.id, taskId: taskOf(lineage) };
}

/** By the bearer token. @throws SeedError not_authenticated or invalid_key, and as Identities.presented */
export const identifyKey: Identify = async (c, { keys, identities }) => {
  const secret = bearerToken(c.req.header('authorization'));
  if (identities?.takes(secret)) {
    const presented = await identities.presented(secret);
    c.set('secret', identities.secretOf(presented));
    return presented;
  }
  c.set('secret', secret);
  return keyOfSecret(secret, keys);
};

/** @throws SeedError invalid_key */
export async function keyOfSecret(secret: string, keys: KeyCache): Promise<PresentedKey> {
  if (!isWellFormedKeySecret(secret)) {
    throw new SeedError('invalid_key', 'this is not an API key: its form or its checksum is wrong', {
      hint: 'Copy the whole key; it starts with sk_live_ and has 44 characters.',
    });
  }
  const presented = await keys.presentedKey(hashKeySecret(secret));
  if (!presented) throw new SeedError('invalid_key', 'there is no such API key');
  return presented;
}

/** @throws SeedError key_revoked, key_disabled, key_expired, key_rotated or address_not_allowed */
export function admit(presented: PresentedKey, address: string | null, now: Date): Actor {
  const { key, callerStatus, replacedSecretUntil } = presented;
  refuseInactive(key.status, `the key "${key.name}"`);
  if (replacedSecretUntil !== null && replacedSecretUntil <= now) {
    throw new SeedError('key_rotated', `this secret of the key "${key.name}" was replaced by a rotation`, {
      hint: 'Use the secret that the rotation gave out.',
    });
  }
  if (callerStatus !== null) refuseInactive(callerStatus, 'the key that started this task');
  const { allowedCidrs } = key;
  if (allowedCidrs && !allowedCidrs.some((cidr) => address !== null && cidrContains(cidr, address))) {
    const message = `the key "${key.name}" may not be used from ${address ?? 'an unknown address'}`;
    const hint = 'Call from an allowed address, or change allowedCidrs of the key.';
    throw new SeedError('address_not_allowed', message, { hint });
  }
  const { lineage, grantors, accountId, accountName, accountModels, operator } = presented;
  return { key, lineage, grantors, accountId, accountName, accountModels, operator };
}

/** @throws SeedError key_revoked, key_disabled or key_expired */
export function refuseInactive(status: PresentedKey['key']['status'], whose: string): void {
  if (status === 'revoked') throw new SeedError('key_revoked', `${whose} was revoked`);
  if (status === 'disabled') throw new SeedError('key_disabled', `${whose} is disabled`);
  if (status === 'expired') throw new SeedError('key_expired', `${whose} has expired`);
}

/** draft-ietf-httpapi-ratelimit-headers: one policy, requests per minute. */
function tellRate(c: Context, { perMinute, remaining, resetSeconds }: RateState): void {
  c.header('RateLimit-Policy', `"requests";q=${perMinute};w=60`);
  c.header('RateLimit', `"requests";r=${remaining};t=${resetSeconds}`);
}
