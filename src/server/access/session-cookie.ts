// The second way to say who one is: the cookie of the dashboard, from pages of this server alone. It stands for
// the secret that was signed in with, so all that holds for that secret at this moment holds for the session.
import type { Context } from 'hono';
import { SeedError } from '../../protocol/errors.ts';
import type { HttpEnv } from '../http/http-types.ts';
import { publicOrigin } from '../http/request-headers.ts';
import { type AuthenticateNeeds, type Identify, identifyKey } from './authenticate.ts';
import { ownCookie } from './own-cookie.ts';
import { type PresentedKey, withScopes } from './presented-key.ts';
import { hashSessionToken, isSessionToken, noteSessionUse, type Session } from './sessions.ts';

/** By the Authorization header wherever there is one, and only without it by the session. */
export const identifyKeyOrSession: Identify = (c, needs) => {
  const hasSession =
    c.req.header('authorization') === undefined && sessionCookie(c, needs.trustedProxies).read() !== undefined;
  return hasSession ? identifySession(c, needs) : identifyKey(c, needs);
};

/** @throws SeedError cross_site_request or not_authenticated */
export const identifySession: Identify = async (c, needs) => {
  const session = await liveSession(c, needs);
  await noteSessionUse(needs.store.db, session, needs.store.clock.now());
  return keyOfSession(session, needs);
};

/** The session of the cookie, also put in the context. @throws SeedError cross_site_request, not_authenticated */
export async function liveSession(
  c: Context<HttpEnv>,
  { store, keys, trustedProxies, sessions }: AuthenticateNeeds,
): Promise<Session> {
  const cookie = sessionCookie(c, trustedProxies);
  const token = c.req.header('authorization') === undefined ? cookie.read() : undefined;
  if (token === undefined) throw notSignedIn('nobody is signed in');
  refuseCrossSite(c, trustedProxies);
  // What its owner alone may see stays in no cache of a browser.
  c.header('Cache-Control', 'no-store');
  const session = isSessionToken(token) ? await keys.session(hashSessionToken(token)) : null;
  const now = store.clock.now();
  const isLive =
    session !== null && session.expiresAt > now && session.lastUsedAt.getTime() + sessions.idleMs > now.getTime();
  if (!isLive) throw notSignedIn('the session is over');
  c.set('session', session);
  c.set('secret', token);
  return session;
}

/** @throws SeedError invalid_key */
export async function keyOfSession(
  { secretHash, scopes }: Session,
  { keys }: AuthenticateNeeds,
): Promise<PresentedKey> {
  const presented = await keys.presentedKey(secretHash);
  if (!presented) throw new SeedError('invalid_key', 'the key of the session is not there any more');
  return scopes ? withScopes(presented, scopes) : presented;
}

const notSignedIn = (message: string) =>
  new SeedError('not_authenticated', message, { hint: 'Sign in with a key.' });

export const sessionCookie = (c: Context<HttpEnv>, trustedProxies: readonly string[]) =>
  ownCookie(c, trustedProxies, { name: 'seed_session', sameSite: 'Strict' });

/** A page of another origin can send it only with a CORS preflight, which is never answered. */
const HEADER = 'Seed-Dashboard';

/** @throws SeedError cross_site_request */
export function refuseCrossSite(c: Context<HttpEnv>, trustedProxies: readonly string[]): void {
  const isRead = c.req.method === 'GET' || c.req.method === 'HEAD';
  const site = c.req.header('sec-fetch-site');
  // `none`: a person has opened the address, which only ever reads.
  if (site !== undefined && site !== 'same-origin' && !(isRead && site === 'none')) {
    throw crossSite(`the request comes from another page (Sec-Fetch-Site: ${site})`);
  }
  const from = c.req.header('origin');
  const own = publicOrigin(c, trustedProxies);
  if (from !== undefined && from !== own) {
    throw crossSite(
      `the request comes from a page of ${from}, and this is ${own}`,
      'Behind a proxy that ends TLS, put its address into SEED_TRUSTED_PROXIES and let it send X-Forwarded-Proto and Host.',
    );
  }
  if (!isRead && c.req.header(HEADER) !== '1') {
    throw crossSite(
      `the request has no header "${HEADER}: 1"`,
      'Programs present a key in the Authorization header instead of a cookie.',
    );
  }
}

const crossSite = (message: string, hint?: string) =>
  new SeedError('cross_site_request', message, hint === undefined ? {} : { hint });
