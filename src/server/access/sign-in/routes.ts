// /session/oidc: signing in to the dashboard at the platform's own provider, by authorization code with PKCE
// (OpenID Connect Core, section 3.1). Whatever happens there ends on a page of the dashboard.
import { hash } from 'node:crypto';
import { type Context, Hono } from 'hono';
import type { Logger } from '../../../lib/log.ts';
import { isOwnPath } from '../../../lib/own-path.ts';
import { SeedError } from '../../../protocol/errors.ts';
import type { ProviderSignOut, SignInProblem, SignInWays } from '../../../protocol/sign-in.ts';
import type { AuditedRoute } from '../../http/gate.ts';
import type { HttpEnv } from '../../http/http-types.ts';
import { clientAddress, prefixIn, publicBase } from '../../http/request-headers.ts';
import { type AuditTrail, audited } from '../audit-trail.ts';
import { type AuthenticateNeeds, authenticate, type Identities } from '../authenticate.ts';
import { openSession } from '../open-session.ts';
import { ownCookie } from '../own-cookie.ts';
import type { PresentedKey } from '../presented-key.ts';
import type { SignInRates } from '../rate-limits.ts';
import { refuseCrossSite } from '../session-cookie.ts';
import { type Exchanged, exchangeCode } from './exchange.ts';
import { SignInFailure } from './failure.ts';
import { newPending, PENDING_MS, type Pending, readPending, writePending } from './pending.ts';

const BEGIN: AuditedRoute = { name: 'session begin', effect: 'write' };

interface SignInNeeds extends AuthenticateNeeds {
  audit: AuditTrail;
  signInLimits: SignInRates;
  log: Logger;
}

/** Those who come by the platform's own login, where the dashboard is a client of it. */
type Provider = Identities & { client: NonNullable<Identities['client']> };

/** Which ways to sign in there are, for a page that nobody is signed in to yet. */
export function waysRoute({ identities }: Pick<SignInNeeds, 'identities'>): Hono<HttpEnv> {
  return new Hono<HttpEnv>().get('/', (c) => {
    const provider = withClient(identities);
    c.header('Cache-Control', 'no-store');
    return c.json({ provider: provider && { name: new URL(provider.issuer).host } } satisfies SignInWays);
  });
}

export function signInRoutes(parts: SignInNeeds): Hono<HttpEnv> {
  const { store, trustedProxies, log } = parts;
  const app = new Hono<HttpEnv>();
  app.use(async (c, next) => {
    // The address of a page here can have a code in it.
    c.header('Referrer-Policy', 'no-referrer');
    c.header('Cache-Control', 'no-store');
    c.set('address', clientAddress(c, trustedProxies));
    await next();
  });
  app.get('/', (c) => orTell(c, only(c, 'to'), () => begin(c)));
  app.get('/callback', async (c) => {
    const pending = take(c);
    const counted = () => audited(c, parts.audit, BEGIN, () => comeBack(c, pending));
    return orTell(c, pending?.to, counted);
  });
  app.get('/sign-out', async (c) => {
    refuseCrossSite(c, trustedProxies);
    return c.json({ url: await signOutUrl(c) } satisfies ProviderSignOut);
  });
  return app;

  async function begin(c: Context<HttpEnv>): Promise<Response> {
    const provider = providerOf(parts);
    const endpoint = given((await metadataOf(provider)).authorizationEndpoint);
    const pending = newPending(only(c, 'to'), store.clock.now());
    const { cookie, others } = all(c);
    cookie.set(writePending([...others, pending]));
    const url = new URL(endpoint);
    const fields = {
      response_type: 'code',
      client_id: provider.client.id,
      redirect_uri: redirectUri(c),
      scope: ['openid', 'profile', 'email', ...(provider.requestableScopes ?? [])].join(' '),
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: hash('sha256', pending.verifier, 'base64url'),
      code_challenge_method: 'S256',
      // Whom Seed does not let in is not sent back to it as the same person at once.
      ...(c.req.query('again') === 'true' && { prompt: 'login' }),
    };
    for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value);
    return c.redirect(url.href, 303);
  }

  async function comeBack(c: Context<HttpEnv>, pending: Pending | null): Promise<Response> {
    const provider = providerOf(parts);
    const succeeded = await parts.signInLimits.attempt(c.get('address') ?? null);
    try {
      if (pending === null) throw new SignInFailure('over', 'no sign-in of this browser waits for this answer');
      const { issuer, tokenEndpoint } = await metadataOf(provider);
      const code = codeIn(c, issuer);
      const { nonce, verifier } = pending;
      const { client } = provider;
      const used = { code, verifier, redirectUri: redirectUri(c) };
      const tokens = await exchangeCode({ ...used, client, tokenEndpoint: given(tokenEndpoint) });
      const identify = () => presentedBy(provider, tokens, nonce);
      const actor = await authenticate(c, parts, { counted: true, identify });
      await openSession(c, parts, actor, { secretHash: null, scopes: actor.key.scopes });
      succeeded();
      return c.redirect(prefixIn(c) + pending.to, 303);
    } catch (error) {
      // Where the provider or the database is away, or a person changed their mind, nobody has failed.
      const isCancelled = error instanceof SignInFailure && error.problem === 'cancelled';
      if (isCancelled || (error instanceof SeedError && error.code === 'unavailable')) succeeded();
      throw error;
    }
  }

  /** Ends the pending sign-in that the answer is for, whatever comes of it: no answer is taken twice. */
  function take(c: Context<HttpEnv>): Pending | null {
    const { cookie, others } = all(c);
    const state = only(c, 'state');
    const pending = others.find((one) => one.state === state) ?? null;
    const rest = others.filter((one) => one !== pending);
    if (rest.length > 0) cookie.set(writePending(rest));
    else if (cookie.read() !== undefined) cookie.clear();
    return pending;
  }

  function all(c: Context<HttpEnv>) {
    // Lax: the browser comes back from another site, and brings it.
    const attributes = { sameSite: 'Lax', maxAge: PENDING_MS / 1000 } as const;
    const cookie = ownCookie(c, trustedProxies, { name: 'seed_sign_in', ...attributes });
    return { cookie, others: readPending(cookie.read(), store.clock.now()) };
  }

  function redirectUri(c: Context<HttpEnv>): string {
    return `${publicBase(c, trustedProxies)}/session/oidc/callback`;
  }

  async function signOutUrl(c: Context<HttpEnv>): Promise<string | null> {
    const provider = providerOf(parts);
    const { endSessionEndpoint } = await metadataOf(provider);
    if (endSessionEndpoint === null) return null;
    // OpenID Connect RP-Initiated Logout, section 2. No ID token is kept to show: the provider asks the person.
    const url = new URL(endSessionEndpoint);
    url.searchParams.set('client_id', provider.client.id);
    url.searchParams.set('post_logout_redirect_uri', `${publicBase(c, trustedProxies)}/sign-in`);
    return url.href;
  }

  /** Leads to the page for signing in, which says what happened and what to do next. */
  async function orTell(c: Context<HttpEnv>, to: unknown, answer: () => Promise<Response>): Promise<Response> {
    try {
      return await answer();
    } catch (error) {
      const requestId = c.get('requestId');
      const isKnown = error instanceof SeedError;
      const problem: SignInProblem =
        error instanceof SignInFailure ? error.problem : isKnown ? error.code : 'internal';
      const level = isKnown && problem !== 'provider_refused' && problem !== 'provider_away' ? 'info' : 'warn';
      log[level]({ requestId, problem, err: error }, 'signing in at the provider came to nothing');
      // In words of the dashboard's own: an address cannot make it say anything else.
      const search = new URLSearchParams({
        problem,
        ...(isOwnPath(to) && to !== '/' && { to }),
        request: requestId,
      });
      return c.redirect(`${prefixIn(c)}/sign-in?${search}`, 303);
    }
  }
}

/** @throws SeedError not_found: people sign in with keys alone */
function providerOf({ identities }: Pick<SignInNeeds, 'identities'>): Provider {
  const provider = withClient(identities);
  if (provider) return provider;
  throw new SeedError('not_found', 'this Seed has no provider to sign in at', {
    hint: 'Sign in with a key; an operator sets SEED_OIDC_ISSUER and SEED_OIDC_CLIENT_ID.',
  });
}

function withClient(identities: Identities | null): Provider | null {
  const isOne = (one: Identities): one is Provider => one.client !== null;
  return identities && isOne(identities) ? identities : null;
}

async function metadataOf(provider: Provider) {
  try {
    return await provider.metadata();
  } catch (cause) {
    throw new SignInFailure('provider_away', 'the provider does not tell its endpoints', { cause });
  }
}

/**
 * Whom the ID token names. What they may do can stand in the access token alone, as the claim `scope` does: it is
 * then taken from there, if that is one for this Seed and the same person's.
 */
async function presentedBy(
  provider: Provider,
  { idToken, accessToken }: Exchanged,
  nonce: string,
): Promise<PresentedKey> {
  const person = await provider.presented(idToken, { audience: provider.client.id, nonce });
  if (person.key.scopes.length > 0 || accessToken === null || !provider.takes(accessToken)) return person;
  const same = await provider.presented(accessToken).catch((error) => {
    if (error instanceof SeedError && error.code !== 'unavailable') return null;
    throw error;
  });
  return same?.key.id === person.key.id ? same : person;
}

/** @throws SignInFailure when the provider does not tell it */
function given(endpoint: string | null): string {
  if (endpoint !== null) return endpoint;
  throw new SignInFailure('provider_refused', 'the provider has no endpoint for signing in with a code');
}

/** What a query says once and no more (RFC 6749, section 3.1). */
function only(c: Context, name: string): string | undefined {
  const [value, ...more] = c.req.queries(name) ?? [];
  return more.length === 0 ? value : undefined;
}

/** @throws SignInFailure when the provider's answer has none, or is that of another provider */
function codeIn(c: Context, issuer: string): string {
  // RFC 9207: an answer that another provider made is not taken for this one's.
  const iss = c.req.queries('iss');
  if (iss !== undefined && (iss.length !== 1 || iss[0] !== issuer))
    throw new SignInFailure('provider_refused', 'the answer is that of another provider');
  const error = only(c, 'error');
  if (error !== undefined) {
    const problem = CAME_TO_NOTHING.get(error) ?? 'provider_refused';
    throw new SignInFailure(problem, `the provider answered ${JSON.stringify(error.slice(0, 100))}`);
  }
  const code = only(c, 'code');
  if (code !== undefined && code !== '') return code;
  throw new SignInFailure('provider_refused', 'the answer has neither a code nor an error');
}

/** RFC 6749, section 4.1.2.1, and OpenID Connect Core, section 3.1.2.6. */
const CAME_TO_NOTHING: ReadonlyMap<string, SignInProblem> = new Map([
  ['access_denied', 'cancelled'],
  ['login_required', 'cancelled'],
  ['consent_required', 'cancelled'],
  ['interaction_required', 'cancelled'],
  ['account_selection_required', 'cancelled'],
  ['server_error', 'provider_away'],
  ['temporarily_unavailable', 'provider_away'],
]);
