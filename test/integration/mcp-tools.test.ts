// /mcp with the official client, in both revisions: what is listed for whom, and calls of each kind of tool.
import { setImmediate } from 'node:timers/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectClient, LEGACY, MODERN } from '../fixtures/mcp-client.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

async function toolNames(key: string, query = ''): Promise<string[]> {
  await using client = await connectClient(server.url, key, { query });
  return (await client.listTools()).tools.map(({ name }) => name);
}

/** Without when each was last used: a function writes that behind each answer. */
const unused = (list: { items: object[] }) => ({
  ...list,
  items: list.items.map((key) => ({ ...key, lastUsedAt: null })),
});

const textOf = (result: { content?: unknown }) => (result.content as { text: string }[])[0]?.text ?? '';

describe.each([MODERN, LEGACY])('revision %s', (revision) => {
  const connect = (key = server.adminKey) => connectClient(server.url, key, { revision });

  it('introduces itself', async () => {
    await using client = await connect();
    expect(client.getServerVersion()).toMatchObject({ name: 'seed', title: 'Seed' });
    expect(client.getInstructions()).toContain('runTask');
    expect(client.getNegotiatedProtocolVersion()).toBe(revision);
  });

  it('a read command answers what REST answers, as structured content and as text', async () => {
    const { secret } = await server.newKey(['keys:read']);
    await using client = await connect(secret);
    const rest = await server.call('GET', '/api/v1/keys?limit=2', { key: secret });
    const result = await client.callTool({ name: 'keys_list', arguments: { limit: 2 } });
    expect(result.isError).toBeFalsy();
    expect(unused(result.structuredContent as { items: object[] })).toEqual(unused(rest.body));
    expect(textOf(result)).toContain(rest.body.items[0].id);
  });

  it('a write and a destructive command change what they say', async () => {
    await using client = await connect();
    const made = await client.callTool({
      name: 'keys_create',
      arguments: { name: `by mcp ${revision}`, scopes: ['keys:read'] },
    });
    const { key } = made.structuredContent as { key: { id: string } };
    const revoked = await client.callTool({ name: 'keys_revoke', arguments: { id: key.id } });
    expect(revoked.structuredContent).toMatchObject({ key: { id: key.id, status: 'revoked' } });
    const { body } = await server.call('GET', `/api/v1/keys/${key.id}`);
    expect(body.key.status).toBe('revoked');
  });

  it.each([
    ['keys_get', { id: 'nonsense' }, /^invalid_input: id: .+\. GET \/openapi\.json describes every field\.$/],
    ['keys_get', { id: '..' }, /^invalid_input: id cannot be "\.\."\.$/],
    ['keys_list', { limt: 2 }, /^invalid_input: unknown field: limt\./],
    ['getTask', { id: crypto.randomUUID() }, /^not_found: there is no task .+\. seed tasks list shows the ids\.$/],
    ['runTask', { instruction: 'x', wait: 601 }, /^invalid_input: wait is no whole number from 0 to 600\.$/],
    ['runTask', { instruction: 'x', scopes: ['nothing:read'] }, /^unknown_scope: /],
  ])('%s with %o is a tool error that says what to do', async (name, input, text) => {
    await using client = await connect();
    const result = await client.callTool({ name, arguments: input });
    expect(result.isError).toBe(true);
    expect(textOf(result)).toMatch(text);
    expect(result.structuredContent).toBeUndefined();
  });

  it('null is what a model sends for what it leaves out, and JSON text for a list', async () => {
    await using client = await connect();
    const made = await client.callTool({
      name: 'keys_create',
      arguments: { name: `loose ${revision}`, scopes: '["keys:read"]', expiresIn: null, allowedCidrs: null },
    });
    expect(made.isError, textOf(made)).toBeFalsy();
    expect(made.structuredContent).toMatchObject({ key: { scopes: ['keys:read'] } });
    const refused = await client.callTool({
      name: 'keys_create',
      arguments: { name: null, scopes: ['keys:read'] },
    });
    expect(textOf(refused)).toMatch(/^invalid_input: name: /);
  });

  it('no input schema has references', async () => {
    await using client = await connect();
    const { tools } = await client.listTools();
    expect(tools.length).toBeGreaterThan(20);
    for (const { name, inputSchema } of tools)
      expect(JSON.stringify(inputSchema), name).not.toMatch(/"\$(ref|defs)"/);
  });

  it('a command beyond the key is refused with the scope it needs', async () => {
    const { secret } = await server.newKey(['keys:read']);
    await using client = await connect(secret);
    const result = await client.callTool({ name: 'keys_revoke', arguments: { id: crypto.randomUUID() } });
    expect(result.isError).toBe(true);
    expect(textOf(result)).toMatch(/^missing_scope: "keys revoke" needs the scope keys:write/);
  });

  it('a tool that does not exist is an error of the protocol', async () => {
    await using client = await connect();
    await expect(client.callTool({ name: 'keys_eat', arguments: {} })).rejects.toMatchObject({
      code: -32602,
    });
  });
});

it('a key sees the tools that its scopes allow, and no others', async () => {
  const keys = await server.newKey(['keys:read']);
  const writer = await server.newKey(['tasks:write']);
  const reader = await server.newKey(['tasks:read']);
  expect(await toolNames(keys.secret)).toEqual(['keys_list', 'keys_get', 'keys_check']);
  expect(await toolNames(writer.secret)).toEqual([
    'runTask',
    'stopTask',
    'tasks_continue',
    'tasks_message',
    'tasks_batch',
    'batches_pause',
    'batches_resume',
    'batches_stop',
    'batches_retry',
    'templates_list',
    'templates_get',
    'templates_versions',
    'models_list',
    'models_test',
  ]);
  expect(await toolNames(reader.secret)).toEqual([
    'getTask',
    'getTaskEvents',
    'tasks_ledger',
    'tasks_list',
    'batches_list',
    'batches_get',
    'batches_rows',
    'tasks_artifacts_list',
  ]);
});

it('?tools=core lists the tools for tasks and approvals only', async () => {
  expect(await toolNames(server.adminKey, '?tools=core')).toEqual([
    'runTask',
    'getTask',
    'stopTask',
    'getTaskEvents',
    'listApprovals',
    'getApproval',
    'decideApproval',
  ]);
  const { status, body } = await server.call('POST', '/mcp?tools=some', { body: {} });
  expect([status, body.error.code]).toEqual([400, 'invalid_input']);
});

it('each command is listed once, with title, description, schemas, and annotations from its effect', async () => {
  await using client = await connectClient(server.url, server.adminKey);
  const { tools } = await client.listTools();
  const { body } = await server.call('GET', '/api/v1/commands');
  const scoped = body.commands.filter(
    ({ name, scope, output }: { name: string; scope: string | null; output: string }) =>
      scope !== null && output !== 'file' && (output !== 'stream' || name === 'tasks events'),
  );
  expect(tools).toHaveLength(scoped.length);
  for (const tool of tools) {
    expect(tool).toMatchObject({
      title: expect.any(String),
      description: expect.any(String),
      inputSchema: { type: 'object', additionalProperties: false },
      outputSchema: { type: 'object' },
    });
  }
  const annotations = Object.fromEntries(tools.map((tool) => [tool.name, tool.annotations]));
  const hints = (readOnlyHint: boolean, destructiveHint: boolean, idempotentHint: boolean) => ({
    readOnlyHint,
    destructiveHint,
    idempotentHint,
    openWorldHint: false,
  });
  expect(annotations['keys_list']).toEqual(hints(true, false, true));
  expect(annotations['keys_create']).toEqual(hints(false, false, false));
  expect(annotations['keys_update']).toEqual(hints(false, false, true));
  expect(annotations['keys_revoke']).toEqual(hints(false, true, true));
  expect(annotations['runTask']).toEqual(hints(false, true, false));
  expect(annotations['stopTask']).toEqual(hints(false, true, true));
  const run = tools.find(({ name }) => name === 'runTask')?.inputSchema.properties ?? {};
  expect(Object.keys(run)).toEqual(expect.arrayContaining(['instruction', 'scopes', 'timeout', 'budget', 'wait']));
});

it('every schema is one that a validator takes', async () => {
  await using client = await connectClient(server.url, server.adminKey);
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  for (const { name, inputSchema, outputSchema } of (await client.listTools()).tools) {
    expect(() => ajv.compile(inputSchema as object), name).not.toThrow();
    expect(() => ajv.compile(outputSchema as object), name).not.toThrow();
    // The server, in this process, closes idle connections: who holds one is to hear of it.
    await setImmediate();
  }
});

it('calls go through REST: audit and rate limit count them', async () => {
  const { id, secret } = await server.newKey(['keys:*', 'audit:read'], { requestsPerMinute: 3 });
  await using client = await connectClient(server.url, secret);
  await client.callTool({ name: 'keys_revoke', arguments: { id: crypto.randomUUID() } });
  const audit = await client.callTool({ name: 'audit_list', arguments: { keyId: id } });
  expect(audit.structuredContent).toMatchObject({
    items: [{ command: 'keys revoke', code: 'not_found', address: '127.0.0.1' }],
  });
  await client.callTool({ name: 'keys_list', arguments: {} });
  const refused = await client.callTool({ name: 'keys_list', arguments: {} });
  expect(textOf(refused)).toMatch(/^rate_limited: .+ Try again in \d+ s\.$/);
});
