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

const list = { jsonrpc: '2.0', id: 7, method: 'resources/templates/list', params: {} };
const ask = (accept: string | undefined, body: object = list) =>
  fetch(`${server.url}/mcp`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${server.adminKey}`,
      'content-type': 'application/json',
      ...(accept !== undefined && { accept }),
    },
    body: JSON.stringify(body),
  });

it.each([
  'application/json',
  'application/json;charset=utf-8, text/html;q=0.5',
  'application/*',
  'text/event-stream;q=0, */*',
])('who accepts %s has an answer that is JSON', async (accept) => {
  const answer = await ask(accept);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json']);
  expect(await answer.json()).toMatchObject({ id: 7, result: { resourceTemplates: expect.any(Array) } });
});

it.each(['*/*', 'text/event-stream', 'application/json, text/event-stream', ''])(
  'who accepts %j is answered',
  async (accept) => {
    const answer = await ask(accept === '' ? undefined : accept);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('"resourceTemplates"');
  },
);

it('a batch is answered as a list where JSON alone is accepted', async () => {
  const answer = await ask('application/json', [list, { ...list, id: 8 }] as object);
  const results = (await answer.json()) as { id: number }[];
  expect(results.map(({ id }) => id).sort()).toEqual([7, 8]);
});

it('who accepts neither is told so', async () => {
  expect((await ask('text/html')).status).toBe(406);
});

it('a field that is given twice is refused', async () => {
  const raw =
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"keys_list","arguments":{"limit":1,"limit":2}}}';
  const { status, body } = await server.call('POST', '/mcp', {
    raw,
    headers: { accept, 'content-type': 'application/json' },
  });
  expect([status, body.error]).toEqual([
    400,
    { code: -32600, message: 'Invalid Request: "limit" is given twice' },
  ]);
});

it.each([MODERN, LEGACY])(
  'a cursor that is none of the list is a wrong parameter, revision %s',
  async (revision) => {
    await using client = await connectClient(server.url, server.adminKey, { revision });
    for (const cursor of ['nonsense', '', 'AAAA', '\u0000', 'x'.repeat(5000)])
      for (const method of ['listTools', 'listResources'] as const)
        await expect(client[method]({ cursor }), `${method} ${cursor}`).rejects.toMatchObject({ code: -32602 });
  },
);
