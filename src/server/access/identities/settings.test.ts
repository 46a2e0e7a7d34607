// What the settings of the platform's own login may be, and what a start says of those that they may not.
import { afterEach, expect, it, vi } from 'vitest';
import { oidcSettings } from './settings.ts';

afterEach(() => vi.unstubAllEnvs());

const WHOLE = { ISSUER: 'https://login.example.com/', AUDIENCE: 'seed', ACCOUNT_CLAIM: 'account' };
function read(settings: Record<string, string | undefined>) {
  for (const [name, value] of Object.entries({ ...WHOLE, ...settings })) vi.stubEnv(`SEED_OIDC_${name}`, value);
  return oidcSettings();
}

it('without an issuer there are keys alone', () => {
  expect(read({ ISSUER: undefined, AUDIENCE: undefined, ACCOUNT_CLAIM: undefined })).toBeNull();
});

it('what is not said is as little as can be', () => {
  expect(read({})).toEqual({
    issuer: 'https://login.example.com/',
    audiences: ['seed'],
    accountClaim: 'account',
    scopesClaim: 'scope',
    scopes: new Map(),
    skewSeconds: 30,
    client: null,
  });
});

it('all of them', () => {
  const SCOPES = '{"admin": ["*", "approvals:write"], "reader": "keys:read  tasks:read", "none": []}';
  const more = { AUDIENCE: 'a, b', SCOPES_CLAIM: 'realm_access.roles', SCOPES, CLOCK_SKEW_SECONDS: '0' };
  expect(read({ ...more, CLIENT_ID: 'dashboard', CLIENT_SECRET: 'secret' })).toMatchObject({
    audiences: ['a', 'b'],
    scopesClaim: 'realm_access.roles',
    scopes: new Map([
      ['admin', ['*', 'approvals:write']],
      ['reader', ['keys:read', 'tasks:read']],
      ['none', []],
    ]),
    skewSeconds: 0,
    client: { id: 'dashboard', secret: 'secret' },
  });
});

it.each(['http://localhost:8080/realms/x', 'http://127.0.0.1:1', 'http://127.9.0.1', 'http://[::1]:1/'])(
  'an issuer of this machine needs no TLS: %s',
  (ISSUER) => {
    expect(read({ ISSUER })).toMatchObject({ issuer: ISSUER });
  },
);

it.each([
  ['no audience', { AUDIENCE: undefined }, /SEED_OIDC_AUDIENCE is not set/],
  ['an empty audience', { AUDIENCE: ' , ' }, /SEED_OIDC_AUDIENCE is not set/],
  ['no claim of the account', { ACCOUNT_CLAIM: undefined }, /SEED_OIDC_ACCOUNT_CLAIM is not set/],
  [
    'a setting without the issuer',
    { ISSUER: undefined },
    /SEED_OIDC_AUDIENCE is set, and SEED_OIDC_ISSUER is not/,
  ],
  ['no address', { ISSUER: 'login.example.com' }, /not the address of an issuer/],
  ['another protocol', { ISSUER: 'ftp://login.example.com' }, /not the address of an issuer/],
  ['a query', { ISSUER: 'https://login.example.com/?x' }, /not the address of an issuer/],
  ['a fragment', { ISSUER: 'https://login.example.com/#x' }, /not the address of an issuer/],
  ['a password', { ISSUER: 'https://a:b@login.example.com/' }, /holds a name or password/],
  ['no TLS', { ISSUER: 'http://login.example.com' }, /not an https address/],
  ['no TLS, and a name that begins like this machine', { ISSUER: 'http://127.0.0.1.example.com' }, /not an https/],
  ['a secret of no client', { CLIENT_SECRET: 'x' }, /SEED_OIDC_CLIENT_ID is not/],
  ['a map that is no JSON', { SCOPES: 'admin=*' }, /not an object/],
  ['a map that is a list', { SCOPES: '["*"]' }, /not an object/],
  ['a value twice', { SCOPES: '{"a": "keys:read", "a": "*"}' }, /has "a" twice/],
  ['what is no scope', { SCOPES: '{"a": ["keys"]}' }, /"keys" of "a" is no scope/],
  ['a number for a scope', { SCOPES: '{"a": 7}' }, /7 of "a" is no scope/],
  ['clocks too far apart', { CLOCK_SKEW_SECONDS: '301' }, /SEED_OIDC_CLOCK_SKEW_SECONDS/],
])('a start is refused with %s', (_, settings, message) => {
  expect(() => read(settings)).toThrow(expect.objectContaining({ code: 'invalid_settings' }));
  expect(() => read(settings)).toThrow(message);
});
