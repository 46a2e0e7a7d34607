// Signing in to the dashboard at a real OpenID provider, as a browser does it but without one: what the session is
// worth, for how long, and what ends on the page for signing in instead.
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { outcome, signIn as signInWithKey, withCookie } from '../fixtures/dashboard-session.ts';
import {
  DASHBOARD_CLIENT,
  type OidcProvider,
  SECRET_CLIENT,
  startOidcProvider,
} from '../fixtures/oidc-provider.ts';
import { oidcSettingsOf } from '../fixtures/oidc-settings.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

let provider: OidcProvider;
let server: TestServer;
/** How far Seed's clock is ahead of the provider's. */
let aheadMs = 0;
const clock = { now: () => new Date(Date.now() + aheadMs) };
/** Of the account that the identities are in. */
let admin: string;
let database: Client;
beforeAll(async () => {
  provider = await startOidcProvider();
  for (const name of ['ada', 'bob', 'carol'])
    provider.people.set(name, { account: 'Acme', roles: ['reader'], email: `${name}@example.com` });
  const client = { id: DASHBOARD_CLIENT, secret: null };
  const settings = { oidc: oidcSettingsOf(provider, { client }), trustedProxies: ['127.0.0.1'] };
  server = await startTestServer(settings, undefined, clock);
  admin = (await server.call('POST', '/api/v1/accounts', { body: { name: 'Acme' } })).body.secret;
  database = new Client({ connectionString: server.databaseUrl });
  await database.connect();
});
afterAll(async () => {
  await database?.end();
  await server?.stop();
  await provider?.stop();
});
afterEach(() => {
  provider.answerInstead = null;
  aheadMs = 0;
});

/** What a browser keeps, for this server alone. */
type Jar = Map<string, string>;
type Headers = Record<string, string>;

/** Nobody is to be refused for what others failed at. */
let people = 0;
const fromAnywhere = (): Headers => ({ 'x-forwarded-for': `2001:db8:${(people++).toString(16)}::1` });

/** Opens an address of Seed in a browser. @returns where it leads, and all that was set */
async function open(jar: Jar, url: string | URL, headers: Headers = {}, from = server.url) {
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  const answer = await fetch(new URL(url, from), {
    redirect: 'manual',
    headers: { ...fromAnywhere(), ...headers, cookie },
  });
  const set = answer.headers.getSetCookie();
  for (const one of set) {
    const [name = '', value = ''] = one.split(';', 1)[0]?.split('=') ?? [];
    if (/max-age=0/i.test(one)) jar.delete(name);
    else jar.set(name, value);
  }
  return { status: answer.status, location: answer.headers.get('location') ?? '', set, headers: answer.headers };
}

async function begun(jar: Jar, query = '', headers: Headers = {}, from = server.url): Promise<string> {
  const { status, location } = await open(jar, `/session/oidc${query}`, headers, from);
  expect(status).toBe(303);
  return location;
}

async function signIn(subject: string, { query = '', jar = new Map() as Jar } = {}) {
  const back = await provider.approve(await begun(jar, query), subject);
  return { jar, back, ...(await open(jar, back)) };
}

/** Why it came to nothing, as the page for signing in is told. */
function problemIn(location: string): string | null {
  const url = new URL(location, server.url);
  expect(url.pathname).toBe('/sign-in');
  expect(url.searchParams.get('request')).toMatch(/^[\w-]+$/);
  return url.searchParams.get('problem');
}

const sessionIn = (jar: Jar) => withCookie(server, `seed_session=${jar.get('seed_session')}`);
const sessions = async () => (await database.query('select count(*)::int as count from sessions')).rows[0].count;

describe('signing in', () => {
  it('asks the provider with PKCE, state and nonce, each time others, which the browser keeps from scripts', async () => {
    const jar: Jar = new Map();
    const { status, location, set, headers } = await open(jar, '/session/oidc?to=/keys');
    expect(status).toBe(303);
    const url = new URL(location);
    expect(url.origin + url.pathname).toBe(`${provider.issuer}/auth`);
    const sent = Object.fromEntries(url.searchParams);
    expect(sent).toEqual({
      response_type: 'code',
      client_id: DASHBOARD_CLIENT,
      redirect_uri: `${server.url}/session/oidc/callback`,
      scope: 'openid profile email',
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    });
    expect(set).toEqual([
      expect.stringMatching(/^seed_sign_in=[\w-]+; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/),
    ]);
    expect(headers.get('cache-control')).toBe('no-store');
    const again = new URL(await begun(new Map())).searchParams;
    for (const name of ['state', 'nonce', 'code_challenge']) expect(again.get(name)).not.toBe(sent[name]);
  });

  it('begins a session of the identity, and leads to where one was going', async () => {
    const { jar, status, location, set, headers } = await signIn('ada', { query: '?to=/keys?q=a%2520b' });
    expect([status, location]).toEqual([303, '/keys?q=a%20b']);
    expect(set.join('\n')).toMatch(/^seed_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/m);
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect([...jar.keys()]).toEqual(['seed_session']);
    const { body } = await sessionIn(jar)('GET', '/session');
    expect(body).toMatchObject({
      account: { name: 'Acme', operator: false },
      key: { name: 'ada@example.com', scopes: ['keys:read'], identity: { subject: 'ada' } },
    });
    expect(outcome(await sessionIn(jar)('GET', '/api/v1/keys'))).toEqual([200]);
    expect(outcome(await sessionIn(jar)('POST', '/api/v1/keys', { body: { name: 'a', scopes: [] } }))).toEqual([
      403,
      'missing_scope',
    ]);
  });

  it('is the same identity as that of a token, and is in the audit log', async () => {
    const { jar } = await signIn('ada');
    const { id } = (await sessionIn(jar)('GET', '/session')).body.key;
    const byToken = await server.call('GET', '/api/v1/whoami', { key: await provider.token({ subject: 'ada' }) });
    expect(byToken.body.key.id).toBe(id);
    const { rows } = await database.query("select * from audit where command = 'session begin' and key_id = $1", [
      id,
    ]);
    expect(rows[0]).toMatchObject({ status: 303, code: null });
    expect(rows[0].session_id).not.toBeNull();
  });

  it('keeps neither a token nor a code: not in the database, not in an address, not in the browser', async () => {
    const { jar, back, location } = await signIn('ada');
    const code = back.searchParams.get('code') ?? 'none';
    const { rows } = await database.query(
      'select row(sessions.*)::text as row from sessions union all select row(audit.*)::text from audit',
    );
    for (const text of [JSON.stringify(rows), location, JSON.stringify([...jar])]) {
      expect(text).not.toContain(code);
      expect(text).not.toContain('eyJ');
    }
  });

  it('has the scopes of the token that was signed in with, whatever later ones say', async () => {
    provider.people.set('dora', { account: 'Acme', roles: ['reader'] });
    const early = await signIn('dora');
    provider.people.set('dora', { account: 'Acme', roles: ['worker'] });
    const late = await signIn('dora');
    const scopesIn = async (jar: Jar) => (await sessionIn(jar)('GET', '/api/v1/whoami')).body.key.scopes;
    expect(await scopesIn(early.jar)).toEqual(['keys:read']);
    expect(await scopesIn(late.jar)).toContain('tasks:write');
    expect(await scopesIn(early.jar)).toEqual(['keys:read']);
  });

  it('ends within a second when the identity is switched off, and comes to nothing from then on', async () => {
    const { jar } = await signIn('bob');
    const { id } = (await sessionIn(jar)('GET', '/session')).body.key;
    await server.call('PATCH', `/api/v1/keys/${id}`, { key: admin, body: { enabled: false } });
    await expect
      .poll(async () => outcome(await sessionIn(jar)('GET', '/session')), { timeout: 1_000, interval: 50 })
      .toEqual([401, 'key_disabled']);
    expect(problemIn((await signIn('bob')).location)).toBe('key_disabled');
  });

  it('lasts its own life and no longer', async () => {
    const { jar } = await signIn('carol');
    const { expiresAt } = (await sessionIn(jar)('GET', '/session')).body.session;
    const lifeMs = Date.parse(expiresAt) - clock.now().getTime();
    expect(lifeMs).toBeGreaterThan(12 * HOUR_MS - MINUTE_MS);
    expect(lifeMs).toBeLessThanOrEqual(12 * HOUR_MS);
    const page = sessionIn(jar);
    for (const hours of [1.9, 3.8, 5.7, 7.6, 9.5, 11.4]) {
      aheadMs = hours * HOUR_MS;
      expect(outcome(await page('GET', '/session'))).toEqual([200]);
    }
    aheadMs = 12 * HOUR_MS + MINUTE_MS;
    expect(outcome(await page('GET', '/session'))).toEqual([401, 'not_authenticated']);
  });

  it('stands beside other sign-ins of the same browser', async () => {
    const jar: Jar = new Map();
    const first = await begun(jar, '?to=/keys');
    const second = await begun(jar, '?to=/commands');
    expect((await open(jar, await provider.approve(first, 'ada'))).location).toBe('/keys');
    expect((await open(jar, await provider.approve(second, 'ada'))).location).toBe('/commands');
    expect([...jar.keys()]).toEqual(['seed_session']);
  });

  it('asks for another login when it is asked to', async () => {
    const url = new URL(await begun(new Map(), '?again=true'));
    expect(url.searchParams.get('prompt')).toBe('login');
  });

  it('over TLS and below a path, as a trusted proxy says, keeps its cookies to that', async () => {
    const jar: Jar = new Map();
    const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-prefix': '/seed' };
    const { location, set } = await open(jar, '/session/oidc', headers);
    const host = new URL(server.url).host;
    expect(new URL(location).searchParams.get('redirect_uri')).toBe(`https://${host}/seed/session/oidc/callback`);
    expect(set[0]).toMatch(
      /^__Secure-seed_sign_in=[\w-]+; Max-Age=600; Path=\/seed; HttpOnly; Secure; SameSite=Lax$/,
    );
    const over = await open(jar, '/session/oidc/callback?error=access_denied&state=a', headers);
    expect(over.location).toMatch(/^\/seed\/sign-in\?problem=/);
  });

  it('below a path leads to a page below it', async () => {
    const jar: Jar = new Map();
    const headers = { 'x-forwarded-prefix': '/seed' };
    const back = await provider.approve(await begun(jar, '?to=/keys', headers), 'ada');
    expect(back.pathname).toBe('/seed/session/oidc/callback');
    const { location, set } = await open(jar, back, headers);
    expect(location).toBe('/seed/keys');
    expect(set.join('\n')).toMatch(/^seed_session=[\w-]{43}; Path=\/seed; HttpOnly; SameSite=Strict$/m);
  });

  it.each([
    '//elsewhere.example/',
    'https://elsewhere.example/',
    '/\\elsewhere.example',
    '/%09/elsewhere.example',
    '/a/..//elsewhere.example',
    '/session/oidc',
    'javascript:alert(1)',
  ])('never leads elsewhere: %s', async (to) => {
    const { location } = await signIn('ada', { query: `?to=${encodeURIComponent(decodeURIComponent(to))}` });
    expect(location).toBe('/');
  });

  it('takes no page that is named twice', async () => {
    expect((await signIn('ada', { query: '?to=/keys&to=//elsewhere.example' })).location).toBe('/');
  });
});

describe('what comes to nothing', () => {
  it('is told by the provider: the person says no', async () => {
    const jar: Jar = new Map();
    const begin = await begun(jar, '?to=/keys');
    const state = new URL(begin).searchParams.get('state');
    const back = `/session/oidc/callback?error=access_denied&error_description=${encodeURIComponent('<b>Call 555</b>')}&state=${state}`;
    const { status, location } = await open(jar, back);
    expect(status).toBe(303);
    expect(problemIn(location)).toBe('cancelled');
    expect(location).not.toContain('555');
    expect(new URL(location, server.url).searchParams.get('to')).toBe('/keys');
    expect([...jar.keys()]).toEqual([]);
  });

  it('is an answer that comes a second time', async () => {
    const { jar, back, location } = await signIn('ada');
    expect(location).toBe('/');
    const before = await sessions();
    expect(problemIn((await open(jar, back)).location)).toBe('over');
    expect(await sessions()).toBe(before);
  });

  it('is a code that was used already, although the browser has kept its cookie', async () => {
    const jar: Jar = new Map();
    const back = await provider.approve(await begun(jar), 'ada');
    const kept = new Map(jar);
    expect((await open(jar, back)).location).toBe('/');
    expect(problemIn((await open(kept, back)).location)).toBe('over');
  });

  it('is one of another browser: whoever sends a link with a code signs nobody in', async () => {
    const attackers: Jar = new Map();
    const back = await provider.approve(await begun(attackers), 'ada');
    const victims: Jar = new Map();
    await begun(victims);
    const { location, set } = await open(victims, back);
    expect(problemIn(location)).toBe('over');
    expect(set.join()).not.toContain('seed_session');
  });

  it('is a code of one sign-in with the state of another: PKCE and the nonce see it', async () => {
    const attackers: Jar = new Map();
    const code = (await provider.approve(await begun(attackers), 'ada')).searchParams.get('code') ?? '';
    const victims: Jar = new Map();
    const back = await provider.approve(await begun(victims), 'bob');
    back.searchParams.set('code', code);
    expect(problemIn((await open(victims, back)).location)).toBe('over');
  });

  it('is one that was begun too long ago', async () => {
    const jar: Jar = new Map();
    const back = await provider.approve(await begun(jar), 'ada');
    aheadMs = 10 * MINUTE_MS + 1_000;
    expect(problemIn((await open(jar, back)).location)).toBe('over');
  });

  it('is a cookie that is gone', async () => {
    const back = await provider.approve(await begun(new Map()), 'ada');
    expect(problemIn((await open(new Map(), back)).location)).toBe('over');
  });

  it.each([
    ['no code', '', 'provider_refused'],
    ['two codes', '&code=a&code=b', 'provider_refused'],
    ['another issuer', '&code=a&iss=https://elsewhere.example', 'provider_refused'],
    ['an unknown error', '&error=constructor', 'provider_refused'],
    ['trouble of the provider', '&error=temporarily_unavailable', 'provider_away'],
    ['a code that the provider never gave', '&code=a', 'over'],
  ])('is an answer with %s', async (_, rest, problem) => {
    const jar: Jar = new Map();
    const state = new URL(await begun(jar)).searchParams.get('state');
    expect(problemIn((await open(jar, `/session/oidc/callback?state=${state}${rest}`)).location)).toBe(problem);
  });

  type Instead = OidcProvider['answerInstead'];
  const tokenEndpoint =
    (answer: () => Response): Instead =>
    (path) =>
      path === '/token' ? answer() : null;

  it.each<[string, Response, string]>([
    ['that fails', new Response('oops', { status: 500 }), 'provider_away'],
    ['that has too much to do', Response.json({ error: 'slow_down' }, { status: 429 }), 'provider_away'],
    [
      'that does not know the dashboard',
      Response.json({ error: 'invalid_client' }, { status: 401 }),
      'provider_refused',
    ],
    ['that answers no JSON', new Response('<html>'), 'provider_refused'],
    ['that answers without an ID token', Response.json({ access_token: 'a' }), 'provider_refused'],
    ['whose ID token is none', Response.json({ id_token: 'a.b.c' }), 'invalid_token'],
    ['that leads elsewhere', Response.redirect('http://127.0.0.1:1/', 307), 'provider_away'],
    ['that answers without end', new Response('x'.repeat(300_000)), 'provider_refused'],
  ])('is an answer of the provider %s', async (_, answer, problem) => {
    const jar: Jar = new Map();
    const back = await provider.approve(await begun(jar), 'ada');
    provider.answerInstead = tokenEndpoint(() => answer.clone());
    const { location, set } = await open(jar, back);
    expect(problemIn(location)).toBe(problem);
    expect(set.join()).not.toContain('seed_session');
  });

  it.each<[string, (own: Record<string, unknown>) => Promise<string>, string]>([
    ['without the nonce', async () => provider.token({ audience: DASHBOARD_CLIENT }), 'invalid_token'],
    [
      'for the API instead of the dashboard',
      ({ nonce }) => provider.token({ claims: { nonce } }),
      'invalid_token',
    ],
    [
      'signed by somebody else',
      ({ nonce }) => provider.token({ audience: DASHBOARD_CLIENT, forged: true, claims: { nonce } }),
      'invalid_token',
    ],
    [
      'that has expired',
      ({ nonce }) => provider.token({ audience: DASHBOARD_CLIENT, expiresIn: -600, claims: { nonce } }),
      'token_expired',
    ],
    [
      'of an account that is not there',
      ({ nonce }) => provider.token({ audience: DASHBOARD_CLIENT, claims: { nonce, account: 'Nobody' } }),
      'unknown_account',
    ],
  ])('is an ID token %s', async (_, make, problem) => {
    const jar: Jar = new Map();
    const begin = await begun(jar);
    const back = await provider.approve(begin, 'ada');
    const idToken = await make({ nonce: new URL(begin).searchParams.get('nonce') });
    provider.answerInstead = tokenEndpoint(() => Response.json({ id_token: idToken }));
    const { location, set } = await open(jar, back);
    expect(problemIn(location)).toBe(problem);
    expect(set.join()).not.toContain('seed_session');
  });

  it('is a provider that is away before one goes there, and while one is', async () => {
    const jar: Jar = new Map();
    const back = await provider.approve(await begun(jar), 'ada');
    await provider.stop();
    expect(problemIn((await open(jar, back)).location)).toBe('provider_away');
    // A server that has never heard of it.
    const other = await server.sibling();
    expect(problemIn((await open(new Map(), '/session/oidc', {}, other.url)).location)).toBe('provider_away');
    await other.stop();
    await provider.restart();
    expect((await signIn('ada')).location).toBe('/');
  });

  it('is one too many from an address, which the answers of the provider are not counted for', async () => {
    const from = { 'x-forwarded-for': '203.0.113.77' };
    const problems: (string | null)[] = [];
    for (let attempt = 0; attempt < 12; attempt += 1)
      problems.push(problemIn((await open(new Map(), '/session/oidc/callback?state=a&code=b', from)).location));
    expect(new Set(problems)).toEqual(new Set(['over', 'rate_limited']));
  });
});

describe('signing out', () => {
  it('ends the session, and tells a page where one signs out of the provider', async () => {
    const { jar } = await signIn('ada');
    const page = sessionIn(jar);
    expect((await page('DELETE', '/session')).status).toBe(204);
    expect(outcome(await page('GET', '/session'))).toEqual([401, 'not_authenticated']);
    const { body } = await page('GET', '/session/oidc/sign-out');
    const url = new URL(body.url);
    expect(url.origin + url.pathname).toBe(`${provider.issuer}/session/end`);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: DASHBOARD_CLIENT,
      post_logout_redirect_uri: `${server.url}/sign-in`,
    });
    expect((await fetch(url)).status).toBe(200);
  });

  it('everywhere ends all sessions of the identity', async () => {
    const [one, other] = [await signIn('ada'), await signIn('ada')];
    expect((await sessionIn(one.jar)('DELETE', '/session?everywhere=true')).status).toBe(204);
    expect(outcome(await sessionIn(other.jar)('GET', '/session'))).toEqual([401, 'not_authenticated']);
  });

  it('is told to no page of another site', async () => {
    const headers = { 'sec-fetch-site': 'cross-site' };
    const answer = await server.call('GET', '/session/oidc/sign-out', { key: null, headers });
    expect(outcome(answer)).toEqual([403, 'cross_site_request']);
  });
});

describe('other ways', () => {
  it('are told to whoever is not signed in', async () => {
    const { body } = await server.call('GET', '/session/ways', { key: null });
    expect(body).toEqual({ provider: { name: new URL(provider.issuer).host } });
  });

  it('stay: a key signs in as before', async () => {
    const cookie = await signInWithKey(server, server.adminKey);
    expect((await withCookie(server, cookie)('GET', '/session')).body.key.identity).toBeNull();
  });

  it('are the only ones without a client at the provider', async () => {
    const other = await server.sibling({ oidc: oidcSettingsOf(provider) });
    expect((await other.call('GET', '/session/ways', { key: null })).body).toEqual({ provider: null });
    expect(problemIn((await open(new Map(), '/session/oidc', {}, other.url)).location)).toBe('not_found');
    await other.stop();
  });

  it('can be a client with a secret, and scopes that only the access token has', async () => {
    const { id, secret } = SECRET_CLIENT;
    const scopes = new Map([['keys:read', ['keys:read']]]);
    const oidc = oidcSettingsOf(provider, { client: { id, secret }, scopesClaim: 'scope', scopes });
    const other = await server.sibling({ oidc });
    const jar: Jar = new Map();
    const begin = await begun(jar, '', {}, other.url);
    expect(new URL(begin).searchParams.get('scope')).toBe('openid profile email keys:read');
    const { location } = await open(jar, await provider.approve(begin, 'ada'));
    expect(location).toBe('/');
    const { body } = await sessionIn(jar)('GET', '/session');
    expect(body.key).toMatchObject({ scopes: ['keys:read'], identity: { subject: 'ada' } });
    await other.stop();
  });
});
