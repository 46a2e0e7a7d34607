// The second way to say who one is: the cookie of the dashboard. It stands for the secret that was signed in with, so all that
// holds for that secret at this moment holds for the session.
import type { Context } from 'hono';
import { SeedError } from '../../protocol/errors.ts';
import type { HttpEnv } from '../http/http-types.ts';
import { type AuthenticateNeeds, type Identify, identifyKey } from './authenticate.ts';
import type { PresentedKey } from './presented-key.ts';
import { refuseCrossSite } from './refuse-cross-site.ts';
import { sessionCookie } from './session-cookie.ts';
import { hashSessionToken, isSessionToken } from './session-token.ts';
import { noteSessionUse, type Session } from './sessions.ts';

/** By the Authorization header wherever there is one, and only without it by the session. */
export const identifyKeyOrSession: Identify = (c, needs) => {
  const hasSession =
    c.req.header('authorization') === undefined &&
    sessionCookie(c, needs.trustedProxies).read() !== undefined;
  return hasSession ? identifySession(c, needs) : identifyKey(c, needs);
};

/** @throws SeedError cross_site_request or not_authenticated */
export const identifySession: Identify = async (c, needs) => {
  const session = await liveSession(c, needs);
  await noteSessionUse(needs.store.db, session, needs.store.clock.now());
  return keyOfSession(session, needs);
};

/**
 * The session of the request's cookie, from then on also in the context.
 * @throws SeedError cross_site_request, or not_authenticated when there is none or it is over
 */
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
    session !== null &&
    session.expiresAt > now &&
    session.lastUsedAt.getTime() + sessions.idleMs > now.getTime();
  if (!isLive) throw notSignedIn('the session is over');
  c.set('session', session);
  c.set('secret', token);
  return session;
}

/** @throws SeedError invalid_key */
export async function keyOfSession(
  { secretHash }: Session,
  { keys }: AuthenticateNeeds,
): Promise<PresentedKey> {
  const presented = await keys.presentedKey(secretHash);
  if (!presented) throw new SeedError('invalid_key', 'the key of the session is not there any more');
  return presented;
}

const notSignedIn = (message: string) =>
  new SeedError('not_authenticated', message, { hint: 'Sign in with a key.' });
