// The platform's own login against a real OpenID provider: which tokens are taken, and what they are worth.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type OidcProvider, startOidcProvider } from '../fixtures/oidc-provider.ts';
import { oidcSettingsOf } from '../fixtures/oidc-settings.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

let provider: OidcProvider;
let server: TestServer;
let acme: string;

beforeAll(async () => {
  provider = await startOidcProvider();
  provider.people.set('ada', { account: 'Acme', roles: ['reader'], email: 'ada@example.com', name: 'Ada' });
  server = await startTestServer({ oidc: oidcSettingsOf(provider) });
  acme = (await server.call('POST', '/api/v1/accounts', { body: { name: 'Acme' } })).body.account.id;
});
afterAll(async () => {
  await server.stop();
  await provider.stop();
});

const whoami = (token: string) => server.call('GET', '/api/v1/whoami', { key: token });

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
