// Tokens by client credentials, from a server on this machine.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createClientTokens } from './client-token.ts';
import type { Platform } from './platform.ts';

const asked: { authorization: string | undefined; form: Record<string, string> }[] = [];
let answer: (form: Record<string, string>, authorization: string | undefined) => [number, object];
const server = createServer(async (request, response) => {
  const form = Object.fromEntries(new URLSearchParams(await text(request)));
  const { authorization } = request.headers;
  asked.push({ authorization, form });
  const [status, body] = answer(form, authorization);
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
});
let url: string;
beforeAll(async () => {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked.length = 0;
  answer = () => [200, { access_token: `t${asked.length}`, token_type: 'Bearer', expires_in: 3600 }];
});

const platform: Platform = {
  title: 'Shop',
  baseUrl: 'http://127.0.0.1',
  credential: { kind: 'bearer' },
  secret: 'id:se:cret',
  secretSetting: 'SEED_PACK_SHOP_TOKEN',
  sendCaller: false,
};

it('a token is asked for once for each client and its scopes, and again when it is refused', async () => {
  const tokens = createClientTokens(url);
  const ask = (scopes: string[]) => tokens.tokenFor(platform, 'id:se:cret', scopes);
  expect(await Promise.all([ask(['a', 'b']), ask(['a', 'b'])])).toEqual(['t1', 't1']);
  expect(asked).toEqual([
    {
      authorization: `Basic ${Buffer.from('id:se%3Acret').toString('base64')}`,
      form: { grant_type: 'client_credentials', scope: 'a b' },
    },
  ]);
  expect(await ask([])).toBe('t2');
  tokens.forget('t1');
  expect(await ask(['a', 'b'])).toBe('t3');
});

it('one that has ended is not shown again', async () => {
  answer = () => [200, { access_token: `t${asked.length}`, expires_in: 31 }];
  const tokens = createClientTokens(url);
  const ask = () => tokens.tokenFor(platform, 'id:se:cret', []);
  expect(await ask()).toBe('t1');
  await expect.poll(ask, { timeout: 10_000 }).toBe('t2');
});

it('a server that takes the client in the body alone gets it there', async () => {
  answer = ({ client_secret }) =>
    client_secret === 'se:cret' ? [200, { access_token: 'x' }] : [401, { error: 'invalid_client' }];
  expect(await createClientTokens(url).tokenFor(platform, 'id:se:cret', [])).toBe('x');
  expect(asked[1]).toEqual({
    authorization: undefined,
    form: { grant_type: 'client_credentials', client_id: 'id', client_secret: 'se:cret' },
  });
});

it('a refusal is told in its words, without secrets', async () => {
  answer = () => [400, { error: 'invalid_scope', error_description: 'not for se:cret' }];
  await expect(createClientTokens(url).tokenFor(platform, 'id:se:cret', ['x'])).rejects.toMatchObject({
    code: 'platform_unavailable',
    message: 'Shop gives no token (400: invalid_scope, not for [removed])',
  });
});
