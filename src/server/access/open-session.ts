// Begins a session of the dashboard for whoever has shown who they are, and gives the browser its cookie. Called
// by both ways of signing in: with a key (session-routes.ts) and at the platform's provider (sign-in/routes.ts).
import type { Context } from 'hono';
import type { Actor } from '../../command/call.ts';
import type { HttpEnv } from '../http/http-types.ts';
import type { AuthenticateNeeds } from './authenticate.ts';
import { sessionCookie } from './session-cookie.ts';
import { beginSession, hashSessionToken, type NewSession, newSessionToken, type Session } from './sessions.ts';

/**
 * @param worth what the session is worth as long as that is: the secret that was signed in with, null for an
 *   identity, and the scopes of a token, null for a key's own
 */
export async function openSession(
  c: Context<HttpEnv>,
  { store, sessions, trustedProxies }: Pick<AuthenticateNeeds, 'store' | 'sessions' | 'trustedProxies'>,
  actor: Actor,
  worth: Pick<NewSession, 'secretHash' | 'scopes'>,
): Promise<Session> {
  const token = newSessionToken();
  const now = store.clock.now();
  const expiresAt = new Date(now.getTime() + sessions.lifeMs);
  const tokenHash = hashSessionToken(token);
  const session = await beginSession(store.db, { ...worth, tokenHash, keyId: actor.key.id, expiresAt }, now);
  c.set('session', session);
  c.set('target', session.id);
  sessionCookie(c, trustedProxies).set(token);
  return session;
}
