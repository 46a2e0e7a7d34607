// Other pages in the browser of somebody who is signed in: whatever they make it send is refused, and does
// nothing.
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OWN_PAGE, outcome, signIn, withCookie } from '../fixtures/dashboard-session.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';
import { tableContents } from '../fixtures/table-contents.ts';

let server: TestServer;
let database: Client;
let call: ReturnType<typeof withCookie>;
beforeAll(async () => {
  server = await startTestServer({ trustedProxies: ['127.0.0.1'] });
  database = new Client({ connectionString: server.databaseUrl });
  await database.connect();
  call = withCookie(server, await signIn(server, server.adminKey));
});
afterAll(async () => {
  await database?.end();
  await server?.stop();
});

type Headers = Record<string, string>;
const OWN = 'own';
/** `own` stands for the server's own origin. */
const sent = (headers: Headers): Headers =>
  headers['origin'] === OWN ? { ...headers, origin: new URL(server.url).origin } : headers;
const newKey = { body: { name: 'by a page', scopes: ['keys:read'] } };

const ALLOWED: Headers[] = [
  OWN_PAGE,
  { ...OWN_PAGE, origin: OWN },
  { ...OWN_PAGE, 'sec-fetch-site': 'same-origin' },
  { ...OWN_PAGE, origin: OWN, 'sec-fetch-site': 'same-origin' },
];
const REFUSED: Headers[] = [
  {},
  { 'seed-dashboard': '0' },
  { 'seed-dashboard': 'true' },
  { origin: OWN, 'sec-fetch-site': 'same-origin' },
  { ...OWN_PAGE, origin: 'https://evil.example.com' },
  { ...OWN_PAGE, origin: 'null' },
  { ...OWN_PAGE, origin: 'http://127.0.0.1:1' },
  { ...OWN_PAGE, origin: 'http://127.0.0.1' },
  { ...OWN_PAGE, 'sec-fetch-site': 'cross-site' },
  { ...OWN_PAGE, 'sec-fetch-site': 'same-site' },
  { ...OWN_PAGE, 'sec-fetch-site': 'none' },
  { ...OWN_PAGE, origin: OWN, 'sec-fetch-site': 'cross-site' },
  { ...OWN_PAGE, origin: 'https://evil.example.com', 'sec-fetch-site': 'same-origin' },
];

describe('what changes something', () => {
  it.each(ALLOWED)('is done with %j', async (headers) => {
    expect(outcome(await call('POST', '/api/v1/keys', { ...newKey, headers: sent(headers) }))).toEqual([201]);
    const body = { key: server.adminKey };
    expect(outcome(await call('POST', '/session', { body, headers: sent(headers) }))).toEqual([200]);
  });

  it.each(REFUSED)('is refused with %j', async (headers) => {
    const { body } = await server.call('GET', '/api/v1/whoami');
    const unwatched = ['audit', 'calls', 'keys.last_used_at'];
    const before = await tableContents(database, unwatched);
    for (const [method, path, options] of [
      ['POST', '/api/v1/keys', newKey],
      ['PATCH', `/api/v1/keys/${body.key.id}`, { body: { name: 'renamed' } }],
      ['POST', '/session', { body: { key: server.adminKey } }],
      ['DELETE', '/session', {}],
      ['DELETE', '/session?everywhere=true', {}],
    ] as const) {
      const answer = await call(method, path, { ...options, headers: sent(headers) });
      expect([path, ...outcome(answer)]).toEqual([path, 403, 'cross_site_request']);
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
    expect(await tableContents(database, unwatched)).toEqual(before);
  });
});

describe('what only reads', () => {
  it.each([{}, { 'sec-fetch-site': 'same-origin' }, { 'sec-fetch-site': 'none' }, { origin: OWN }] as Headers[])(
    'is answered with %j',
    async (headers) => {
      for (const path of ['/api/v1/keys', '/session'])
        expect(outcome(await call('GET', path, { headers: sent(headers) }))).toEqual([200]);
    },
  );

  it.each([
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'nonsense' },
    { origin: 'https://evil.example.com' },
    { ...OWN_PAGE, 'sec-fetch-site': 'cross-site' },
  ] as Headers[])('is refused with %j', async (headers) => {
    for (const path of ['/api/v1/keys', '/api/v1/commands', '/session', '/api/v1/nothing'])
      expect(outcome(await call('GET', path, { headers }))).toEqual([403, 'cross_site_request']);
  });
});

it('a program with a key is asked for none of that', async () => {
  const headers = { origin: 'https://tool.example.com', 'sec-fetch-site': 'cross-site' };
  expect(outcome(await server.call('POST', '/api/v1/keys', { ...newKey, headers }))).toEqual([201]);
});

it('no page of another origin may ask or read', async () => {
  const preflight = {
    origin: 'https://evil.example.com',
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'seed-dashboard',
  };
  for (const path of ['/session', '/api/v1/keys', '/']) {
    for (const method of ['OPTIONS', 'GET', 'POST']) {
      const { headers } = await call(method, path, { headers: preflight });
      const cors = [...headers.keys()].filter((name) => name.startsWith('access-control-'));
      expect([path, method, ...cors]).toEqual([path, method]);
    }
  }
});

it('behind a proxy its origin is that of TLS, and no other', async () => {
  const host = new URL(server.url).host;
  const tls = { ...OWN_PAGE, 'x-forwarded-proto': 'https' };
  const own = withCookie(server, await signIn(server, server.adminKey, tls));
  const ask = async (origin: string) =>
    outcome(await own('POST', '/api/v1/keys', { ...newKey, headers: { ...tls, origin } }));
  expect(await ask(`https://${host}`)).toEqual([201]);
  expect(await ask(`http://${host}`)).toEqual([403, 'cross_site_request']);
});
