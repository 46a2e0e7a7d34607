// Who gets to /mcp: keys, web pages, sizes; and what a client without a key is told.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LIMITS } from '../../src/protocol/limits.ts';
import { connectClient, LEGACY, MODERN } from '../fixtures/mcp-client.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ mcpAllowedOrigins: ['https://console.example.com'] });
});
afterAll(() => server.stop());

const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: LEGACY, capabilities: {}, clientInfo: { name: 'test', version: '1' } },
};
const accept = 'application/json, text/event-stream';

const initialize = (headers: Record<string, string> = {}, key: string | null = server.adminKey) =>
  server.call('POST', '/mcp', { key, body: INITIALIZE, headers: { accept, ...headers } });

it('without a key the answer says where to read how to get in', async () => {
  const { status, headers, body } = await initialize({}, null);
  expect([status, body.error.code]).toEqual([401, 'not_authenticated']);
  const challenge = headers.get('www-authenticate');
  const url = /^Bearer resource_metadata="(.+)"$/.exec(challenge ?? '')?.[1];
  expect(url).toBe(`${server.url}/.well-known/oauth-protected-resource/mcp`);
  const metadata = await (await fetch(url ?? '')).json();
  expect(metadata).toEqual({
    resource: `${server.url}/mcp`,
    resource_name: 'Seed',
    bearer_methods_supported: ['header'],
    resource_documentation: `${server.url}/docs`,
  });
});

it.each([MODERN, LEGACY])('a wrong key is refused and a revoked one, revision %s', async (revision) => {
  const { id, secret } = await server.newKey(['keys:read']);
  await (await connectClient(server.url, secret, { revision })).close();
  await server.call('POST', `/api/v1/keys/${id}/revoke`);
  for (const key of [secret, `${secret.slice(0, -1)}x`, 'nonsense', null]) {
    await expect(connectClient(server.url, key, { revision })).rejects.toThrow(/Unauthorized|401|API key|key/);
  }
  const refused = await server.call('GET', `/api/v1/audit?keyId=${id}&outcome=refused`);
  expect(refused.body.items[0]).toMatchObject({ code: 'key_revoked', command: null });
});

it('a key that may be used from elsewhere only is refused', async () => {
  const { secret } = await server.newKey(['keys:read'], { allowedCidrs: ['10.0.0.0/8'] });
  const { status, body } = await initialize({}, secret);
  expect([status, body.error.code]).toEqual([403, 'address_not_allowed']);
});

it('pages of other origins are refused, those listed and of this machine are not', async () => {
  const foreign = await initialize({ origin: 'https://evil.example.com' });
  expect([foreign.status, foreign.body.error.code]).toEqual([403, 'origin_not_allowed']);
  expect((await initialize({ origin: 'https://console.example.com' })).status).toBe(200);
  expect((await initialize({ origin: 'http://localhost:6274' })).status).toBe(200);
});

it('a foreign page does not even learn whether its key is right', async () => {
  const { status } = await initialize({ origin: 'https://evil.example.com' }, null);
  expect(status).toBe(403);
});

it('a body that is too large is refused unread', async () => {
  const { status, body } = await server.call('POST', '/mcp', {
    raw: ' '.repeat(LIMITS.bodyBytes + 1),
    headers: { accept },
  });
  expect([status, body.error.code]).toEqual([413, 'body_too_large']);
});

it('there is no session to take up with GET', async () => {
  expect((await server.call('GET', '/mcp', { headers: { accept: 'text/event-stream' } })).status).toBe(405);
});
