// The official inspector of MCP as it is: `--cli`, a process a request, and `mcpdo`, which keeps a connection and
// answers what the server asks.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/protocol/limits.ts';
import { type Inspector, inspector } from '../fixtures/mcp-clients/inspector.ts';
import { PROMPT } from '../fixtures/mcp-clients/node-client.ts';
import { startWorker } from '../fixtures/mcp-clients/worker.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

const SEED = new URL('../../bin/seed', import.meta.url).pathname;
/** A tool that has answered with an error. */
const TOOL_ERROR = 5;

const undo = new AsyncDisposableStack();
let server: TestServer;
let person: string;
let found: Inspector | { why: string };

beforeAll(async () => {
  server = await startTestServer();
  undo.defer(() => server.stop());
  undo.use(startWorker(server));
  const key = await server.newKey(['tasks:*', 'webhooks:*', 'approvals:write'], {
    name: 'a client with a person',
    approval: { effects: ['destructive'], selfApprove: true },
  });
  person = key.secret;
  const home = await mkdtemp(join(tmpdir(), 'seed-inspector-'));
  undo.defer(() => rm(home, { recursive: true, force: true }));
  found = await inspector(home);
}, 240_000);
afterAll(() => undo.disposeAsync());

const newWebhook = async (): Promise<string> => {
  const answer = await server.call('POST', '/api/v1/webhooks', { body: { url: 'https://example.com/hook' } });
  return answer.body.webhook.id;
};
const isGone = async (id: string) => (await server.call('GET', `/api/v1/webhooks/${id}`)).status === 404;

/** How it is told where the server is, and as whom it comes. */
function target(transport: string, mode: string): string[] {
  if (transport === 'http')
    return [`${server.url}/mcp`, '--header', `Authorization: Bearer ${server.adminKey}`, '--protocol-era', mode];
  return [SEED, 'mcp', '-e', `SEED_API_URL=${server.url}`, '-e', `SEED_API_KEY=${server.adminKey}`];
}

describe.each([
  ['http', 'modern'],
  ['stdio', 'legacy'],
])('--cli over %s, %s', (transport, mode) => {
  it('lists all pages, reads, writes, is told what is wrong, and runs a task', { timeout: 120_000 }, async (t) => {
    if ('why' in found) return t.skip(found.why);
    const { cli } = found;
    const ask = async (...args: string[]) => cli([...target(transport, mode), '--method', ...args]);
    const call = (tool: string, input: object) =>
      ask('tools/call', '--tool-name', tool, '--tool-args-json', JSON.stringify(input));
    const { tools } = (await ask('tools/list')).answer.result;
    expect(tools.length).toBeGreaterThan(LIMITS.mcp.toolsPage);
    const { prompts } = (await ask('prompts/list')).answer.result;
    expect(prompts.map(({ name }: { name: string }) => name)).toContain(PROMPT);
    const prompt = (await ask('prompts/get', '--prompt-name', PROMPT)).answer.result;
    expect(prompt.messages[0].content.text).toContain('Audit our API key usage');
    const url = 'https://example.com/inspector';
    const written = await call('webhooks_create', { url });
    expect(written.answer.result.structuredContent.webhook.url).toBe(url);
    const read = (await call('webhooks_list', {})).answer.result.structuredContent;
    expect(read.items.map((each: { url: string }) => each.url)).toContain(url);
    const wrong = await call('webhooks_create', { url: 5 });
    expect([wrong.code, wrong.answer.result.content[0].text]).toEqual([
      TOOL_ERROR,
      expect.stringMatching(/^invalid_input: url: /),
    ]);
    const ran = (await call('runTask', { instruction: 'say hi' })).answer.result;
    expect(ran.content[0].text).toMatch(/ completed\.\n\nhi$/);
    const { resources } = (await ask('resources/list')).answer.result;
    const transcript = await ask(
      'resources/read',
      '--uri',
      `seed://tasks/${ran.structuredContent.task.id}/transcript`,
    );
    expect(transcript.answer.result.contents[0].text).toContain('"status":"completed"');
    expect(resources.length).toBeGreaterThan(0);
  });
});

describe('mcpdo', () => {
  it('answers what a task and a call ask, and cancels a task', { timeout: 120_000 }, async (t) => {
    if ('why' in found) return t.skip(found.why);
    const { mcpdo } = found;
    const url = `${server.url}/mcp`;
    const ask = async (...args: string[]) => (await mcpdo(['--connection', url, ...args])).answer;
    const call = (tool: string, input: object) => ask('tools/call', tool, JSON.stringify(input));
    await mcpdo(['connect', url, '--header', `Authorization: Bearer ${person}`, '--era', 'modern']);
    try {
      const [first, second] = [await newWebhook(), await newWebhook()];
      const { elicitationPending: ofTask } = await call('runTask', {
        instruction: `delete ${first}`,
        scopes: ['webhooks:write'],
      });
      expect(ofTask.message).toContain(`"id": "${first}"`);
      const answered = await ask('elicitation/respond', ofTask.elicitationId, 'decision:=approve', 'message:=go');
      expect(answered.content[0].text).toMatch(/ completed\.\n\nthe webhook is approved: go$/);
      const { elicitationPending: ofCall } = await call('webhooks_delete', { id: second });
      expect(ofCall.message).toContain('This call waits for your yes.');
      await ask('elicitation/respond', ofCall.elicitationId, 'decision:=approve');
      expect(await Promise.all([first, second].map(isGone))).toEqual([true, true]);

      await mcpdo(['disconnect', url]);
      // One connection does one thing after another.
      const other = `${url}?tools=core`;
      for (const each of [url, other])
        await mcpdo(['connect', each, '--header', `Authorization: Bearer ${server.adminKey}`, '--era', 'modern']);
      // It may say that it was cancelled or not: it ends, which is what counts.
      const ended = call('runTask', { instruction: 'never end' }).then(
        () => true,
        () => true,
      );
      const atWork = async () => (await server.call('GET', '/api/v1/tasks?status=running')).body.items[0]?.id;
      await expect.poll(atWork, { timeout: 20_000 }).toEqual(expect.any(String));
      const task = await atWork();
      await mcpdo(['--connection', other, 'tasks/cancel', task]);
      expect(await ended).toBe(true);
      expect((await server.call('GET', `/api/v1/tasks/${task}`)).body.task.status).toBe('stopped');
    } finally {
      await mcpdo(['daemon', 'stop']);
    }
  });
});
