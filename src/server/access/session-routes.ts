// /session: signing in to the dashboard with a key, who is signed in, signing out.
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import type { Actor } from '../../command/call.ts';
import { hashKeySecret } from '../../lib/key-secret.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { SignedIn } from '../../protocol/session.ts';
import type { AuditedRoute } from '../http/gate.ts';
import type { HttpEnv } from '../http/http-types.ts';
import type { Inbox } from '../http/inbox.ts';
import { inputReader } from '../http/read-input.ts';
import { clientAddress } from '../http/request-headers.ts';
import { type AuditTrail, audited } from './audit-trail.ts';
import { type AuthenticateNeeds, authenticate, keyOfSecret, presenterOf } from './authenticate.ts';
import { openSession } from './open-session.ts';
import type { SignInRates } from './rate-limits.ts';
import { identifySession, keyOfSession, liveSession, refuseCrossSite, sessionCookie } from './session-cookie.ts';
import { endSession, endSessionsOfKey, type Session } from './sessions.ts';

const BEGIN: AuditedRoute = { name: 'session begin', effect: 'write' };
const SHOW: AuditedRoute = { name: null, effect: 'read' };
const END: AuditedRoute = { name: 'session end', effect: 'write' };

const SignIn = z.object({ key: z.string() });

export interface SessionRoutesNeeds extends AuthenticateNeeds {
  audit: AuditTrail;
  signInLimits: SignInRates;
  inbox: Inbox;
}

export function sessionRoutes(parts: SessionRoutesNeeds): Hono<HttpEnv> {
  const { store, audit, trustedProxies, signInLimits } = parts;
  const app = new Hono<HttpEnv>();
  const readSignIn = inputReader({ http: 'POST /session', input: SignIn });
  app.post('/', (c) => audited(c, audit, BEGIN, () => signIn(c)));
  app.get('/', (c) =>
    audited(c, audit, SHOW, async () => {
      const actor = await authenticate(c, parts, { counted: true, identify: identifySession });
      return c.json(signedIn(c.get('session') as Pick<Session, 'expiresAt'>, actor));
    }),
  );
  app.delete('/', (c) => audited(c, audit, END, () => signOut(c)));
  return app;

  async function signIn(c: Context<HttpEnv>): Promise<Response> {
    const address = clientAddress(c, trustedProxies);
    c.set('address', address);
    c.header('Cache-Control', 'no-store');
    refuseCrossSite(c, trustedProxies);
    const succeeded = await signInLimits.attempt(address);
    await using delivery = parts.inbox.open();
    const { key: secret } = (await readSignIn(c, delivery)) as z.output<typeof SignIn>;
    const identify = () => keyOfSecret(secret, parts.keys);
    const actor = await authenticate(c, parts, { counted: true, identify }).catch((error) => {
      // While keys cannot be looked up, nobody has failed.
      if (error.code === 'unavailable') succeeded();
      throw error;
    });
    succeeded();
    const session = await openSession(c, parts, actor, { secretHash: hashKeySecret(secret), scopes: null });
    return c.json(signedIn(session, actor));
  }

  /** Also with a key that is worth nothing any more. */
  async function signOut(c: Context<HttpEnv>): Promise<Response> {
    c.set('address', clientAddress(c, trustedProxies));
    // Before the cookie is cleared: no other page is to sign anybody out.
    refuseCrossSite(c, trustedProxies);
    const everywhere = isAskedFor('everywhere', c);
    const session = await liveSession(c, parts).finally(() => sessionCookie(c, trustedProxies).clear());
    c.set('presented', presenterOf(await keyOfSession(session, parts)));
    c.set('target', everywhere ? session.keyId : session.id);
    if (everywhere) await endSessionsOfKey(store.db, session.keyId);
    else await endSession(store.db, session.id);
    return c.body(null, 204);
  }
}

function signedIn({ expiresAt }: Pick<Session, 'expiresAt'>, actor: Actor): SignedIn {
  const { key, accountId: id, accountName: name, operator } = actor;
  return { session: { expiresAt: expiresAt.toISOString() }, account: { id, name, operator }, key };
}

/** @throws SeedError invalid_input */
function isAskedFor(flag: string, c: Context): boolean {
  const given = Object.entries(c.req.queries());
  if (given.length === 0) return false;
  const [[name, values] = []] = given;
  if (given.length === 1 && name === flag && values?.length === 1 && values[0] === 'true') return true;
  throw new SeedError('invalid_input', `the query can be "${flag}=true" and nothing else`);
}
