// The issuer of tokens as they are in the world: it exchanges its keys, is away, has another time, or says odd things.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createRegistry } from '../../src/command/registry.ts';
import { openIdentities } from '../../src/server/access/identities/identities.ts';
import { Issuer } from '../../src/server/access/identities/issuer.ts';
import { type OidcProvider, startOidcProvider } from '../fixtures/oidc-provider.ts';
import { oidcSettingsOf } from '../fixtures/oidc-settings.ts';
import { openTestStore, silent, type TestStore } from '../fixtures/store.ts';

const DISCOVERY = '/.well-known/openid-configuration';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let provider: OidcProvider;
let test: TestStore;
beforeAll(async () => {
  provider = await startOidcProvider();
  test = await openTestStore();
  provider.people.set('ada', { account: test.account.id, roles: 'reader' });
});
afterAll(async () => {
  await test.close();
  await provider.stop();
});

/** As a server that has just started, whose time passes as the test says. */
function startedServer(issuer: string = provider.issuer, { audience } = provider) {
  const passed = { ms: 0 };
  const identities = openIdentities({
    settings: oidcSettingsOf({ issuer, audience }),
    // The tokens of the provider are of this time.
    store: { ...test.store, clock: { now: () => new Date() } },
    keys: test.keys,
    registry: () => createRegistry([]),
    secretsKey: 's',
    log: silent,
    nowMs: () => passed.ms,
  });
  const outcome = async (token: string) =>
    identities.presented(token).then(
      ({ key }) => key.identity?.subject,
      (error) => error.code,
    );
  return { identities, outcome, passed };
}

describe('keys that are exchanged', () => {
  it('a new key is taken at once, while the old one is published as well and when it is not', async () => {
    const { outcome } = startedServer();
    const first = await provider.token();
    expect(await outcome(first)).toBe('ada');
    await provider.rotateKeys({ keepOld: true });
    expect([await outcome(await provider.token()), await outcome(first)]).toEqual(['ada', 'ada']);
    await provider.rotateKeys();
    expect(await outcome(await provider.token())).toBe('ada');
    // It was seen that it is not published any more.
    expect(await outcome(first)).toBe('invalid_token');
  });

  it('a withdrawn key is worth nothing after five minutes, nor what was taken with it before', async () => {
    const { outcome, passed } = startedServer();
    const token = await provider.token();
    expect(await outcome(token)).toBe('ada');
    await provider.rotateKeys();
    passed.ms += 4 * MINUTE;
    expect(await outcome(token)).toBe('ada');
    passed.ms += 2 * MINUTE;
    expect(await outcome(token)).toBe('invalid_token');
  });

  it('a key under the name of the one before is taken, too', async () => {
    const { outcome } = startedServer();
    const token = await provider.token();
    const jwks = await (await fetch(`${provider.issuer}/jwks`)).text();
    await provider.rotateKeys();
    const own = (await (await fetch(`${provider.issuer}/jwks`)).json()) as { keys: { kid: string }[] };
    const renamed = {
      keys: JSON.parse(jwks).keys.map((key: object, at: number) => ({
        ...own.keys[at],
        kid: (key as { kid: string }).kid,
      })),
    };
    provider.answerInstead = (path) => (path === '/jwks' ? Response.json(renamed) : null);
    expect(await outcome(await provider.token({ header: { kid: renamed.keys[0].kid } }))).toBe('ada');
    provider.answerInstead = (path) => (path === '/jwks' ? new Response(jwks) : null);
    expect(await outcome(token)).toBe('ada');
    provider.answerInstead = null;
  });

  it('is asked for unknown keys six times at once, then every ten seconds, however many tokens come', async () => {
    const { outcome, passed, identities } = startedServer();
    const unknown = () => provider.token({ forged: true, header: { kid: crypto.randomUUID() } });
    const tokens = await Promise.all(Array.from({ length: 12 }, unknown));
    expect(await outcome(await provider.token())).toBe('ada');
    const asked = () => provider.requests.get(DISCOVERY) ?? 0;
    const before = asked();
    for (const token of tokens.slice(0, 6)) expect(await outcome(token)).toBe('invalid_token');
    expect(asked() - before).toBe(6);
    for (const token of tokens.slice(6, 9)) expect(await outcome(token)).toBe('unavailable');
    await expect(identities.presented(tokens[6] ?? '')).rejects.toMatchObject({ retryAfterSeconds: 10 });
    expect(asked() - before).toBe(6);
    // Others are not kept from coming.
    expect(await outcome(await provider.token())).toBe('ada');
    passed.ms += 10_000;
    expect(await outcome(tokens[9] ?? '')).toBe('invalid_token');
    expect(await outcome(tokens[10] ?? '')).toBe('unavailable');
    expect(asked() - before).toBe(7);
  });

  it('is asked once for all tokens that come at once', async () => {
    const { outcome } = startedServer();
    const before = provider.requests.get(DISCOVERY) ?? 0;
    const tokens = await Promise.all(Array.from({ length: 8 }, () => provider.token()));
    expect(new Set(await Promise.all(tokens.map(outcome)))).toEqual(new Set(['ada']));
    expect((provider.requests.get(DISCOVERY) ?? 0) - before).toBe(1);
  });
});

it('a token that was taken is taken again without a query of its own, and only for as long as it lasts', async () => {
  let queries = 0;
  const store = {
    ...test.store,
    clock: { now: () => new Date(clock.time) },
    get db() {
      queries += 1;
      return test.store.db;
    },
  };
  const clock = { time: Date.now() };
  const identities = openIdentities({
    settings: oidcSettingsOf(provider, { skewSeconds: 0 }),
    store,
    keys: test.keys,
    registry: () => createRegistry([]),
    secretsKey: 's',
    log: silent,
  });
  const token = await provider.token({ expiresIn: 60 });
  await identities.presented(token);
  const [queriesBefore, requestsBefore] = [queries, provider.requests.get('/jwks')];
  expect(queriesBefore).toBeGreaterThan(0);
  for (let call = 0; call < 20; call++) await identities.presented(token);
  expect([queries, provider.requests.get('/jwks')]).toEqual([queriesBefore, requestsBefore]);
  clock.time += 61_000;
  await expect(identities.presented(token)).rejects.toMatchObject({ code: 'token_expired' });
});

describe('an issuer that is away', () => {
  it('whose keys are known lets in for a day, and then nobody is told to be unsound', async () => {
    const { outcome, passed } = startedServer();
    const [known, later] = [await provider.token(), await provider.token()];
    const forged = await provider.token({ forged: true });
    const unknown = await provider.token({ forged: true, header: { kid: 'unknown' } });
    expect(await outcome(known)).toBe('ada');
    await provider.stop();
    passed.ms += 23 * HOUR;
    expect([await outcome(known), await outcome(later)]).toEqual(['ada', 'ada']);
    expect([await outcome(forged), await outcome(unknown)]).toEqual(['invalid_token', 'unavailable']);
    passed.ms += 2 * HOUR;
    expect([await outcome(known), await outcome(later)]).toEqual(['unavailable', 'unavailable']);
    await provider.restart();
    passed.ms += 2_000;
    expect(await outcome(known)).toBe('ada');
    expect(await outcome(forged)).toBe('invalid_token');
  });

  it('that was never heard is asked by the first token after it is back', async () => {
    const { outcome, passed, identities } = startedServer();
    const token = await provider.token();
    await provider.stop();
    expect(await outcome(token)).toBe('unavailable');
    await expect(identities.presented(token)).rejects.toMatchObject({ status: 503, retryAfterSeconds: 2 });
    await expect(identities.metadata()).rejects.toMatchObject({ code: 'unavailable' });
    // What is not its own is known without it.
    expect(await outcome(await elsewhere())).toBe('invalid_token');
    await provider.restart();
    passed.ms += 2_000;
    expect(await outcome(token)).toBe('ada');
  });

  it('keeps nobody waiting who can do without it', async () => {
    const { outcome, passed } = startedServer();
    const token = await provider.token();
    expect(await outcome(token)).toBe('ada');
    await provider.stop();
    passed.ms += 6 * MINUTE;
    expect(await outcome(token)).toBe('ada');
    await provider.restart();
    let hung = 0;
    const { promise, resolve } = Promise.withResolvers<Response>();
    provider.answerInstead = () => {
      hung += 1;
      return promise;
    };
    passed.ms += 3_000;
    expect(await outcome(token)).toBe('ada');
    await vi.waitFor(() => expect(hung).toBe(1));
    expect(await outcome(token)).toBe('ada');
    provider.answerInstead = null;
    resolve(new Response(null, { status: 500 }));
  });

  async function elsewhere(): Promise<string> {
    const claims = Buffer.from(JSON.stringify({ iss: 'https://elsewhere.example.com' })).toString('base64url');
    return `${Buffer.from('{"alg":"RS256"}').toString('base64url')}.${claims}.AAAA`;
  }
});

describe('a clock that is apart', () => {
  it.each([
    ['20 s ahead', 20, 'ada'],
    ['an hour ahead', 3_600, 'invalid_token'],
    ['20 s behind', -20, 'ada'],
    ['an hour behind', -3_600, 'token_expired'],
  ])('of an issuer %s', async (_, clockSkewSeconds, expected) => {
    await using other = await startOidcProvider({ clockSkewSeconds });
    other.people.set('ada', { account: test.account.id });
    const { outcome } = startedServer(other.issuer, other);
    expect(await outcome(await other.token())).toBe(expected);
  });
});

describe('what the issuer says of itself', () => {
  const known = async (url = provider.issuer) => {
    const issuer = new Issuer({ url, log: silent, nowMs: () => 0, withinMs: 1_000 });
    return issuer.known().then(
      (found) => found.issuer,
      (error) => error.code,
    );
  };
  const discovered = async () => (await (await fetch(provider.issuer + DISCOVERY)).json()) as object;
  const instead = async (at: string, make: (body: object) => Response | Promise<Response>) => {
    const body = await discovered();
    provider.answerInstead = (path) => (path === at ? make(body) : null);
  };

  it.each([
    [
      'another issuer',
      DISCOVERY,
      (body: object) => Response.json({ ...body, issuer: 'https://evil.example.com' }),
    ],
    [
      'an issuer within it',
      DISCOVERY,
      (body: object) => Response.json({ ...body, issuer: `${provider.issuer}/x` }),
    ],
    ['no issuer', DISCOVERY, (body: object) => Response.json({ ...body, issuer: undefined })],
    ['no keys’ address', DISCOVERY, (body: object) => Response.json({ ...body, jwks_uri: undefined })],
    [
      'keys without TLS elsewhere',
      DISCOVERY,
      (body: object) => Response.json({ ...body, jwks_uri: 'http://10.0.0.1/jwks' }),
    ],
    ['keys in a file', DISCOVERY, (body: object) => Response.json({ ...body, jwks_uri: 'file:///etc/passwd' })],
    ['another address', DISCOVERY, () => Response.redirect('http://127.0.0.1:9/', 302)],
    ['a failure', DISCOVERY, () => new Response('no', { status: 500 })],
    ['no JSON', DISCOVERY, () => new Response('<html>')],
    ['too much', DISCOVERY, (body: object) => Response.json({ ...body, more: 'x'.repeat(600_000) })],
    ['another address of its keys', '/jwks', () => Response.redirect('http://127.0.0.1:9/', 302)],
    ['no answer', DISCOVERY, () => new Promise<Response>(() => {})],
    ['an answer without an end', '/jwks', () => new Response(new ReadableStream())],
    ['no list of keys', '/jwks', () => Response.json({ keys: {} })],
    ['too many keys', '/jwks', () => Response.json({ keys: [], more: 'x'.repeat(600_000) })],
  ])('is not believed with %s', async (_, path, make) => {
    await instead(path, make);
    expect(await known()).toBe('unavailable');
    provider.answerInstead = null;
  });

  it('is believed with a slash more or less than in the settings, and tokens have to be as it is there', async () => {
    expect(await known(`${provider.issuer}/`)).toBe(provider.issuer);
    await instead(DISCOVERY, (body) => Response.json({ ...body, issuer: `${provider.issuer}/` }));
    expect(await known()).toBe(`${provider.issuer}/`);
    const { outcome } = startedServer();
    expect(await outcome(await provider.token({ issuer: `${provider.issuer}/` }))).toBe('ada');
    expect(await outcome(await provider.token())).toBe('invalid_token');
    provider.answerInstead = null;
  });

  it('keys that are for something else, or of no kind that is taken, let nobody in', async () => {
    const own = (await (await fetch(`${provider.issuer}/jwks`)).json()) as { keys: { kid: string }[] };
    const { outcome } = startedServer();
    const secret = { kty: 'oct', k: Buffer.from('secret').toString('base64url'), kid: 'secret' };
    const keys = [secret, ...own.keys.map((key: object) => ({ ...key, use: 'enc' }))];
    provider.answerInstead = (path) => (path === '/jwks' ? Response.json({ keys }) : null);
    expect(await outcome(await provider.token())).toBe('invalid_token');
    provider.answerInstead = null;
  });
});
