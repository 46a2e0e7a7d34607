// Official MCP clients as they are, of three languages, over Streamable HTTP and stdio: each lists, reads, writes,
// runs a task, answers what it asks, gives up and stops.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/protocol/limits.ts';
import { goClient } from '../fixtures/mcp-clients/go-client.ts';
import { PROMPT, seenByNode } from '../fixtures/mcp-clients/node-client.ts';
import { pythonClient } from '../fixtures/mcp-clients/python-client.ts';
import type { ClientInput, Seen } from '../fixtures/mcp-clients/seen.ts';
import { startWorker } from '../fixtures/mcp-clients/worker.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

const SEED = new URL('../../bin/seed', import.meta.url).pathname;
const MODERN = '2026-07-28';
const INVALID_PARAMS = -32602;
/** More than a page of resources holds. */
const TASKS = 21;

const undo = new AsyncDisposableStack();
let server: TestServer;
let home: string;
let worker: string;

beforeAll(async () => {
  server = await startTestServer();
  undo.defer(() => server.stop());
  home = await mkdtemp(join(tmpdir(), 'seed-mcp-clients-'));
  undo.defer(() => rm(home, { recursive: true, force: true }));
  undo.use(startWorker(server));
  const key = await server.newKey(['tasks:*', 'webhooks:*', 'approvals:write'], {
    name: 'a client with a person',
    approval: { effects: ['destructive'], selfApprove: true },
  });
  worker = key.secret;
  const runs = Array.from({ length: TASKS }, () =>
    server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'say hi' }, headers: { prefer: 'wait=60' } }),
  );
  for (const { body } of await Promise.all(runs)) expect(body.task.status).toBe('completed');
}, 60_000);
afterAll(() => undo.disposeAsync());

const newWebhook = async (): Promise<string> => {
  const answer = await server.call('POST', '/api/v1/webhooks', { body: { url: 'https://example.com/hook' } });
  return answer.body.webhook.id;
};

async function inputFor(transport: string, mode: string): Promise<ClientInput> {
  const [lister, webhook] = [server.adminKey, await newWebhook()];
  const place = transport === 'stdio' ? SEED : `${server.url}/mcp`;
  return { server: place, apiUrl: server.url, home, lister, worker, webhook, mode };
}

function expectAllSeen(seen: Seen, { mode, webhook }: ClientInput): void {
  const isModern = mode !== 'legacy';
  expect(seen.revision).toBe(isModern ? MODERN : '2025-11-25');
  expect(seen.tools).toEqual(
    expect.arrayContaining(['runTask', 'getTask', 'stopTask', 'keys_list', 'webhooks_create']),
  );
  expect(new Set(seen.tools).size).toBe(seen.tools.length);
  // Each is more than a page.
  expect(seen.tools.length).toBeGreaterThan(LIMITS.mcp.toolsPage);
  expect(new Set(seen.resources).size).toBe(seen.resources.length);
  expect(new Set(seen.resources.map((uri) => uri.split('/')[3])).size).toBeGreaterThanOrEqual(TASKS);
  expect(seen.templates).toBe(4);
  expect(seen.prompts).toContain(PROMPT);
  expect(seen.prompt).toContain('Audit our API key usage');
  expect([seen.badCursor, seen.unknownTool]).toEqual([INVALID_PARAMS, INVALID_PARAMS]);
  expect(seen.resource).not.toBe('');
  expect(seen.read).toMatch(/^[0-9a-f-]{36}$/);
  expect(seen.written).toBe('https://example.com/hook');
  expect(seen.wrong).toEqual([true, expect.stringMatching(/^invalid_input: /)]);
  expect(seen.ran).toMatch(/^Task [0-9a-f-]{36} completed\.\n\nhi$/);
  expect(seen.progress).toEqual(expect.arrayContaining(['queued', 'running: starting']));
  expect(seen.answered).toMatch(/^Task [0-9a-f-]{36} completed\.\n\nthe webhook is approved: go$/);
  expect(seen.forms).toHaveLength(isModern ? 1 : 0);
  for (const form of seen.forms) expect(form).toContain(`"id": "${webhook}"`);
  expect([seen.givenUp, seen.stopped]).toEqual([true, 'stopped']);
}

const MODES = [
  ['http', MODERN],
  ['http', 'legacy'],
  ['stdio', MODERN],
  ['stdio', 'legacy'],
] as const;

describe.each(MODES)('%s, %s', (transport, mode) => {
  // What differs between them lies in the transport, or in the revision: two of the four tell of both.
  const isTold = (transport === 'http') === (mode === MODERN);

  // The first major knows no later revision.
  const majors: (1 | 2)[] = mode === 'legacy' ? [1, 2] : [2];
  it.each(majors)('the official TypeScript client, major %i', async (major) => {
    const input = await inputFor(transport, mode);
    expectAllSeen(await seenByNode(major, input), input);
  });

  if (!isTold) return;

  it("Python's mcp", { timeout: 300_000 }, async (t) => {
    const client = await pythonClient();
    if ('why' in client) return t.skip(client.why);
    const input = await inputFor(transport, mode);
    expectAllSeen(await client.run(input), input);
  });

  it("Go's go-sdk", { timeout: 300_000 }, async (t) => {
    const client = await goClient();
    if ('why' in client) return t.skip(client.why);
    const input = await inputFor(transport, mode);
    expectAllSeen(await client.run(input), input);
  });
});
