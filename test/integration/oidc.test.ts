// The platform's own login against a real OpenID provider: which tokens are taken, and what they are worth.
import { SignJWT } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LIMITS } from '../../src/protocol/limits.ts';
import { type OidcProvider, startOidcProvider, type TokenOptions } from '../fixtures/oidc-provider.ts';
import { oidcSettingsOf } from '../fixtures/oidc-settings.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

let provider: OidcProvider;
let server: TestServer;
let acme: string;
let twins: string[];

beforeAll(async () => {
  provider = await startOidcProvider();
  provider.people.set('ada', { account: 'Acme', roles: ['reader'], email: 'ada@example.com', name: 'Ada' });
  const { audience } = provider;
  server = await startTestServer({ oidc: oidcSettingsOf(provider, { audiences: [audience, 'second'] }) });
  const account = async (name: string) =>
    (await server.call('POST', '/api/v1/accounts', { body: { name } })).body.account.id as string;
  acme = await account('Acme');
  twins = [await account('Twin'), await account('Twin')];
});
afterAll(async () => {
  await server.stop();
  await provider.stop();
});

const whoami = (token: string) => server.call('GET', '/api/v1/whoami', { key: token });
const now = () => Math.floor(Date.now() / 1000);

it('takes a token as a key, and makes its subject an identity of the account', async () => {
  const { status, body } = await whoami(await provider.token());
  expect(status).toBe(200);
  expect(body.account).toEqual({ id: acme, name: 'Acme', operator: false });
  expect(body.key).toMatchObject({
    name: 'ada@example.com',
    scopes: ['keys:read'],
    status: 'active',
    expiresAt: null,
    identity: { issuer: provider.issuer, subject: 'ada', name: 'ada@example.com' },
  });
});

const TAKEN: [string, TokenOptions][] = [
  ['RS256', {}],
  ['PS256', { alg: 'PS256' }],
  ['ES256', { alg: 'ES256' }],
  ['EdDSA', { alg: 'EdDSA' }],
  ['the audience in a list with others', { audience: ['other', 'https://seed.test'] }],
  ['the second audience', { audience: 'second' }],
  ['the plain type', { header: { typ: 'JWT' } }],
  ['the long form of its type', { header: { typ: 'application/AT+JWT' } }],
  ['no type', { header: { typ: undefined } }],
  ['no iat', { claims: { iat: undefined } }],
  ['an iat within the skew', { claims: { iat: now() + 20 } }],
  ['an nbf within the skew', { claims: { nbf: now() + 20 } }],
  ['an end within the skew', { expiresIn: -10 }],
  ['the account by its id', { claims: { account: 'id' } }],
  ['the account by its id in capitals', { claims: { account: 'ID' } }],
  ['the account as the only one of a list', { claims: { account: ['Acme'] } }],
  ['the account as the only name of an object', { claims: { account: { Acme: { id: 1 } } } }],
];
it.each(TAKEN)('takes a token with %s', async (_, { claims, ...options }) => {
  const byId: Record<string, string> = { id: acme, ID: acme.toUpperCase() };
  const account = byId[String(claims?.['account'])];
  const { status, body } = await whoami(
    await provider.token({ ...options, claims: { ...claims, ...(account && { account }) } }),
  );
  expect([status, body.account?.id]).toEqual([200, acme]);
});

const INVALID: [string, TokenOptions, RegExp][] = [
  ['of another issuer', { issuer: 'https://elsewhere.example.com' }, /another issuer/],
  ['of the issuer with more in its path', { issuer: 'http://127.0.0.1/x' }, /another issuer/],
  ['without an issuer', { claims: { iss: undefined } }, /another issuer/],
  ['for another audience', { audience: 'https://other.test' }, /another service/],
  ['for a longer audience', { audience: 'https://seed.test/more' }, /another service/],
  ['without an end', { claims: { exp: undefined } }, /no "exp"/],
  ['with an end in words', { claims: { exp: 'tomorrow' } }, /wrong kind of "exp"/],
  ['of the future', { claims: { iat: now() + 3_600 } }, /in the future/],
  ['with an iat in words', { claims: { iat: 'now' } }, /wrong kind of "iat"/],
  ['not valid yet', { claims: { nbf: now() + 3_600 } }, /not valid yet/],
  ['with an nbf in words', { claims: { nbf: 'now' } }, /wrong kind of "nbf"/],
  ['without a subject', { claims: { sub: undefined } }, /no "sub"/],
  ['with an empty subject', { claims: { sub: '' } }, /wrong kind of "sub"/],
  ['with a number as its subject', { claims: { sub: 7 } }, /wrong kind of "sub"/],
  ['with a control character in its subject', { claims: { sub: 'a\u0000b' } }, /wrong kind of "sub"/],
  ['with a subject that is too long', { claims: { sub: 'x'.repeat(256) } }, /wrong kind of "sub"/],
  ['signed by nobody', { alg: 'none' }, /signed with "none"/],
  ['signed with the public key as a secret', { alg: 'HS256' }, /signed with "HS256"/],
  ['signed by another under the same kid', { forged: true }, /signature is wrong/],
  ['signed with an unknown key', { forged: true, header: { kid: 'unknown' } }, /does not have/],
  ['of a wrong type', { header: { typ: 'logout+jwt' } }, /no access token/],
  ['that says where its key is', { header: { jku: 'https://evil.example.com/keys' } }, /where its key is/],
  ['bound to a key of its owner', { claims: { cnf: { jkt: 'x' } } }, /bound to a key/],
  [
    'about an event',
    { claims: { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } } },
    /events/,
  ],
];
it.each(INVALID)('refuses a token %s', async (_, options, why) => {
  const { status, body, headers } = await whoami(await provider.token(options));
  expect([status, body.error.code]).toEqual([401, 'invalid_token']);
  expect(body.error.message).toMatch(why);
  expect(headers.get('www-authenticate')).toBe('Bearer realm="seed", error="invalid_token"');
});

it('refuses a token with an unsound form', async () => {
  const token = await provider.token();
  const [header = '', payload = '', signature = ''] = token.split('.');
  const text = Buffer.from(payload, 'base64url').toString();
  const twice = Buffer.from(text.replace('{', '{"account":"default",')).toString('base64url');
  const codes = async (...tokens: string[]) =>
    Promise.all(tokens.map(async (odd) => (await whoami(odd)).body.error?.code));
  expect(
    await codes(
      `${header}.${twice}.${signature}`,
      `${header}.${Buffer.from('[]').toString('base64url')}.${signature}`,
      `${header}.${Buffer.from('no').toString('base64url')}.${signature}`,
      `${header}.${payload}.`,
      `${header}.${payload}.${signature.slice(0, -4)}`,
      // What no token looks like is judged as a key.
      `${header}.${payload}`,
      `${token}.more`,
      `${header}.${payload}.${signature}=`,
      'x'.repeat(600),
      // Longer than any is taken.
      `${header}.${payload}.${'x'.repeat(LIMITS.tokenLength)}`,
    ),
  ).toEqual([...Array(5).fill('invalid_token'), ...Array(4).fill('invalid_key'), 'not_authenticated']);
});

it('an end that is over is told apart', async () => {
  const { status, body, headers } = await whoami(await provider.token({ expiresIn: -60 }));
  expect([status, body.error.code]).toEqual([401, 'token_expired']);
  expect(headers.get('www-authenticate')).toContain('error="invalid_token"');
});

const NO_ACCOUNT: [string, unknown, RegExp][] = [
  ['none', undefined, /no account, or several/],
  ['an unknown name', 'Nobody', /no account "Nobody"/],
  ['an unknown id', '00000000-0000-4000-8000-000000000000', /no account/],
  ['a name in other letters', 'acme', /no account "acme"/],
  ['a pattern', '%', /no account/],
  ['two', ['Acme', 'default'], /no account, or several/],
  ['an object of two', { Acme: {}, default: {} }, /no account, or several/],
  ['an empty text', ' ', /no account, or several/],
  ['a number', 7, /no account, or several/],
  ['a name that two have', 'Twin', /several accounts "Twin"/],
];
it.each(NO_ACCOUNT)('refuses a token whose account is %s, and makes nothing of it', async (_, account, why) => {
  const { status, body } = await whoami(await provider.token({ subject: 'new', claims: { account } }));
  expect([status, body.error.code]).toEqual([403, 'unknown_account']);
  expect(body.error.message).toMatch(why);
  const accounts = await server.call('GET', '/api/v1/accounts?limit=100');
  expect(accounts.body.items).toHaveLength(4);
});

it('a name that two accounts have is told apart by the id; two accounts make two identities', async () => {
  const idIn = async (account: string) =>
    (await whoami(await provider.token({ claims: { account } }))).body.key.id as string;
  const ids = await Promise.all([...twins, acme].map(idIn));
  expect(new Set(ids).size).toBe(3);
  expect(await idIn('Acme')).toBe(ids[2]);
});

it('a renamed account has its old name no more, also for a token that was taken before', async () => {
  const id = (await server.call('POST', '/api/v1/accounts', { body: { name: 'Before' } })).body.account.id;
  const token = await provider.token({ claims: { account: 'Before' } });
  expect((await whoami(token)).status).toBe(200);
  await server.call('PATCH', `/api/v1/accounts/${id}`, { body: { name: 'After' } });
  expect((await whoami(token)).body.error.code).toBe('unknown_account');
});

const SCOPES: [string, unknown, string[]][] = [
  ['no claim', undefined, []],
  ['values that the map has not', ['guest', '*', 'keys:write'], []],
  ['a list', ['reader', 'approver'], ['approvals:write', 'keys:read']],
  ['a text with spaces', 'reader  approver guest', ['approvals:write', 'keys:read']],
  [
    'an object',
    { reader: true, approver: {}, 'key-admin': false, worker: null },
    ['approvals:write', 'keys:read'],
  ],
  ['what is named', 'key-admin', ['keys:read', 'keys:write']],
  ['names of every object', ['__proto__', 'constructor', 'toString'], []],
  ["operators' scopes outside the operator's account", 'operator', []],
];
it.each(SCOPES)('gives the scopes of %s', async (_, roles, scopes) => {
  expect((await whoami(await provider.token({ claims: { roles } }))).body.key.scopes).toEqual(scopes);
});

it('a star gives all but what has to be named, and the same in the operator’s account', async () => {
  const scopesIn = async (account: string, roles: string[]) =>
    (await whoami(await provider.token({ claims: { account, roles } }))).body.key.scopes as string[];
  for (const account of ['Acme', 'default']) {
    const scopes = await scopesIn(account, ['admin']);
    expect(scopes).toEqual(expect.arrayContaining(['keys:read', 'tasks:write', 'audit:read']));
    for (const named of ['*', 'keys:write', 'approvals:write', 'accounts:write', 'accounts:read', 'packs:write'])
      expect(scopes).not.toContain(named);
  }
  expect(await scopesIn('default', ['operator'])).toEqual(['accounts:read', 'accounts:write']);
});

it('a token without a kid is tried with the keys that fit', async () => {
  expect((await whoami(await provider.token({ header: { kid: undefined } }))).status).toBe(200);
  const forged = await provider.token({ forged: true, header: { kid: undefined } });
  expect((await whoami(forged)).body.error.code).toBe('invalid_token');
});

it('no token is as good as a key where none is of the settings', async () => {
  const secret = new TextEncoder().encode('s'.repeat(32));
  const token = await new SignJWT({ account: 'Acme' }).setProtectedHeader({ alg: 'HS256' }).sign(secret);
  await using other = await startTestServerWithout();
  for (const key of [token, await provider.token()]) {
    const answer = await other.call('GET', '/api/v1/whoami', { key });
    expect([answer.status, answer.body.error.code]).toEqual([401, 'invalid_key']);
  }
});

async function startTestServerWithout() {
  const other = await server.sibling({ oidc: null });
  return { ...other, [Symbol.asyncDispose]: other.stop };
}
