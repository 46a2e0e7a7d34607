// Calls that wait for a person over MCP, with the official clients: held and told, decided by tools, and by a form
// that the Tasks extension puts before the client's person.
import type { Client } from '@modelcontextprotocol/client';
import { resultFromTaskOutcome } from '@modelcontextprotocol/ext-tasks/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Approval } from '../../src/protocol/approval.ts';
import { LIMITS } from '../../src/protocol/limits.ts';
import {
  callTool as call,
  connectClient,
  LEGACY,
  MODERN,
  rawRequest,
  type ToolResult,
  taskSession,
} from '../fixtures/mcp-client.ts';
import { startTestServer, type TestRunner, type TestServer } from '../fixtures/server.ts';

let server: TestServer;
let runner: TestRunner;
beforeAll(async () => {
  server = await startTestServer();
  runner = server.runner();
});
afterAll(() => server.stop());

const victim = async () => (await server.newKey(['keys:read'], { name: 'victim' })).id;
const statusOf = async (id: string) => (await server.call('GET', `/api/v1/keys/${id}`)).body.key.status;
const approvalOf = async (id: string): Promise<Approval> =>
  (await server.call('GET', `/api/v1/approvals/${id}`)).body.approval;
const pending = async (): Promise<Approval[]> =>
  (await server.call('GET', '/api/v1/approvals?state=pending')).body.items;
const decide = (id: string, decision: 'approve' | 'deny', body: object = {}) =>
  server.call('POST', `/api/v1/approvals/${id}/${decision}`, { body });

const webhook = async (): Promise<string> => {
  const body = { url: 'https://example.com/hook' };
  return (await server.call('POST', '/api/v1/webhooks', { body })).body.webhook.id;
};
const deleted = async (id: string) => (await server.call('GET', `/api/v1/webhooks/${id}`)).status === 404;

/** The id of the approval that the client is told it waits for. */
function told() {
  const { promise, resolve } = Promise.withResolvers<string>();
  const onprogress = ({ message = '' }: { message?: string }) => resolve(message);
  return { message: promise, onprogress };
}

describe.each([MODERN, LEGACY])('revision %s', (revision) => {
  let buyer: string;
  beforeAll(async () => {
    const more = { name: `buyer ${revision}`, approval: { effects: ['destructive'] } };
    buyer = (await server.newKey(['keys:*'], more)).secret;
  });

  it('a call that is approved while it is held is answered as if nothing had been between', async () => {
    await using client = await connectClient(server.url, buyer, { revision });
    // So that the client checks what it gets against the tool's schema.
    await client.listTools();
    const id = await victim();
    const { message, onprogress } = told();
    const calling = call(client, 'keys_revoke', { id }, { onprogress });
    expect(await message).toMatch(/^waits for a person's yes: /);
    const [asked] = await pending();
    expect((await decide(asked?.id ?? '', 'approve')).status).toBe(200);
    const result = await calling;
    expect(result.isError).toBeFalsy();
    expect(result.structuredContent).toMatchObject({ key: { id, status: 'revoked' } });
    expect(await statusOf(id)).toBe('revoked');
  });

  it('one that is denied is an error with what the person said', async () => {
    await using client = await connectClient(server.url, buyer, { revision });
    const id = await victim();
    const { message, onprogress } = told();
    const calling = call(client, 'keys_revoke', { id }, { onprogress });
    await message;
    const [asked] = await pending();
    await decide(asked?.id ?? '', 'deny', { message: 'not that one' });
    const result = await calling;
    expect(result.isError).toBe(true);
    expect(result.content[0]?.text).toMatch(/^approval_denied: .*not that one/);
    expect(await statusOf(id)).toBe('active');
  });

  it('a client that gives up waiting finds it again with getApproval', async () => {
    await using client = await connectClient(server.url, buyer, { revision });
    const id = await victim();
    const { message, onprogress } = told();
    const gaveUp = new AbortController();
    const calling = call(client, 'keys_revoke', { id }, { onprogress, signal: gaveUp.signal });
    await message;
    gaveUp.abort();
    await expect(calling).rejects.toThrow();
    const [asked] = await pending();
    const found = await call(client, 'getApproval', { id: asked?.id });
    expect(found.structuredContent.approval).toMatchObject({ state: 'pending', mayDecide: false });
    expect(found.content[0]?.text).toContain(`getApproval with {"id":"${asked?.id}","wait":50}`);
    const waiting = call(client, 'getApproval', { id: asked?.id, wait: 50 });
    await decide(asked?.id ?? '', 'approve');
    expect((await waiting).content[0]?.text).toContain('It was done');
    expect(await statusOf(id)).toBe('revoked');
    const late = await call(client, 'getApproval', { id: asked?.id, wait: 51 });
    expect([late.isError, late.content[0]?.text]).toEqual([
      true,
      'invalid_input: wait is no whole number from 0 to 50.',
    ]);
  });

  it('who may decide has the tools for it, and who asks has not', async () => {
    const decider = (await server.newKey(['approvals:write'], { name: 'decider' })).secret;
    await using asking = await connectClient(server.url, buyer, { revision });
    await using deciding = await connectClient(server.url, decider, { revision });
    const names = async (client: Client) => (await client.listTools()).tools.map(({ name }) => name);
    expect(await names(asking)).toContain('getApproval');
    expect(await names(asking)).not.toContain('decideApproval');
    expect(await names(deciding)).toEqual(['listApprovals', 'getApproval', 'decideApproval', 'approvals_link']);
    const id = await victim();
    const asked = await server.call('POST', `/api/v1/keys/${id}/revoke`, { key: buyer });
    const listed = await call(deciding, 'listApprovals', { state: 'pending' });
    expect(listed.structuredContent.items).toMatchObject([{ id: asked.body.approval.id, mayDecide: true }]);
    const input = { id: asked.body.approval.id, decision: 'approve', message: 'as agreed' };
    const own = await call(asking, 'decideApproval', input);
    expect(own.content[0]?.text).toMatch(/^missing_scope: /);
    expect((await call(deciding, 'decideApproval', { ...input, decision: 'yes' })).isError).toBe(true);
    const decided = await call(deciding, 'decideApproval', input);
    expect(decided.structuredContent.approval).toMatchObject({
      state: 'approved',
      message: 'as agreed',
      decidedBy: { keyName: 'decider', via: 'mcp' },
    });
    const again = await call(deciding, 'decideApproval', { ...input, decision: 'deny' });
    expect(again.content[0]?.text).toMatch(/^approval_decided: /);
    await expect.poll(() => statusOf(id)).toBe('revoked');
  });
});

describe('runTask of a task that waits', () => {
  const clients: { waitSecondsDefault: number } = LIMITS.mcp;
  const { waitSecondsDefault } = clients;
  beforeEach(() => {
    clients.waitSecondsDefault = 2;
  });
  afterEach(() => {
    clients.waitSecondsDefault = waitSecondsDefault;
  });

  it('hands it back before clients give up, however long it was told to wait, with what to decide', async () => {
    expect(waitSecondsDefault).toBeLessThanOrEqual(50);
    const starter = await server.newKey(['tasks:*', 'keys:*', 'approvals:write'], {
      name: 'patient',
      approval: { effects: ['destructive'] },
    });
    await using client = await connectClient(server.url, starter.secret);
    const input = { instruction: 'tidy', scopes: ['keys:write'], wait: 600 };
    const running = call(client, 'runTask', input);
    const lease = await runner.lease();
    const asked = await server.call('POST', `/api/v1/keys/${await victim()}/revoke`, { key: lease.taskKey });
    const report = (what: string, more = {}) =>
      runner.post(`/tasks/${lease.taskId}/${what}`, { leaseId: lease.leaseId, ...more });
    expect((await report('waiting')).status).toBe(204);
    const startedAt = performance.now();
    const { structuredContent, content, isError } = await running;
    expect(performance.now() - startedAt).toBeGreaterThan(1_500);
    expect(isError).toBeFalsy();
    expect(structuredContent.task).toMatchObject({ id: lease.taskId, status: 'waiting_for_approval' });
    expect(content[0]?.text).toContain(`Approval ${asked.body.approval.id} waits for a person's yes`);
    expect(content[0]?.text).toContain(`call getTask with {"id":"${lease.taskId}"`);
    await server.call('POST', `/api/v1/tasks/${lease.taskId}/stop`);
  });
});

describe('with the Tasks extension and elicitation', () => {
  const BOTH = { extensions: { 'io.modelcontextprotocol/tasks': {} }, elicitation: {} };
  /** A key whose tasks ask, and that may decide itself or not. */
  const starter = (selfApprove: boolean) =>
    server.newKey(['tasks:*', 'webhooks:*', 'approvals:write'], {
      name: `starter ${selfApprove}`,
      approval: { effects: ['destructive'], selfApprove },
    });
  /** A task of the key that is at work, and asks to delete a webhook. */
  const asking = async (key: string) => {
    const hook = await webhook();
    const body = { instruction: 'tidy up', scopes: ['webhooks:write'] };
    expect((await server.call('POST', '/api/v1/tasks/run', { key, body })).status).toBe(202);
    const lease = await runner.lease();
    const asked = await server.call('DELETE', `/api/v1/webhooks/${hook}`, { key: lease.taskKey });
    expect(asked.status).toBe(202);
    return { lease, hook, approval: asked.body.approval as Approval };
  };
  const getTask = async (key: string, taskId: string, capabilities: object = BOTH) =>
    (await rawRequest(server.url, key, 'tasks/get', { taskId }, undefined, capabilities)).result;
  const update = (key: string, taskId: string, inputResponses: object) =>
    rawRequest(server.url, key, 'tasks/update', { taskId, inputResponses }, undefined, BOTH);

  it('the client asks its person, whose answer decides, and the task ends', async () => {
    const { secret } = await starter(true);
    await using client = await connectClient(server.url, secret);
    const shown: unknown[] = [];
    const onInputRequest = async (request: unknown) => {
      shown.push(request);
      return { action: 'accept', content: { decision: 'approve', message: 'go' } } as never;
    };
    const session = taskSession(client, server.url, secret, { capabilities: BOTH, onInputRequest });
    const hook = await webhook();
    const execution = await session.callTool('runTask', { instruction: 'tidy', scopes: ['webhooks:write'] });
    const settled = execution.settle();
    const lease = await runner.lease();
    const asked = await server.call('DELETE', `/api/v1/webhooks/${hook}`, { key: lease.taskKey });
    await expect.poll(() => deleted(hook), { timeout: 10_000 }).toBe(true);
    expect(shown).toHaveLength(1);
    const { message } = (shown[0] as { params: { message: string } }).params;
    expect(message).toContain(`"id": "${hook}"`);
    expect(await approvalOf(asked.body.approval.id)).toMatchObject({
      state: 'approved',
      message: 'go',
      decidedBy: { via: 'mcp', isSelf: true },
    });
    await runner.settle(lease, { stdout: 'tidy' });
    const { outcome } = await settled;
    const result = resultFromTaskOutcome(outcome) as unknown as ToolResult;
    expect(result.content[0]?.text).toContain('tidy');
    await session.close();
  });

  it('is asked only of whose answer would count, and who can show a form', async () => {
    const own = await starter(false);
    const other = await server.newKey(['tasks:*', 'approvals:write'], { name: 'other' });
    const reader = await server.newKey(['tasks:*'], { name: 'reader' });
    const { lease, approval } = await asking(own.secret);
    expect((await getTask(own.secret, lease.taskId)).status).toBe('working');
    expect((await getTask(reader.secret, lease.taskId)).status).toBe('working');
    const { elicitation: _, ...tasksOnly } = BOTH;
    expect((await getTask(other.secret, lease.taskId, tasksOnly)).status).toBe('working');
    expect((await getTask(other.secret, lease.taskId, { ...tasksOnly, elicitation: { url: {} } })).status).toBe(
      'working',
    );
    const seen = await getTask(other.secret, lease.taskId);
    expect(seen).toMatchObject({ status: 'input_required', taskId: lease.taskId });
    expect(Object.keys(seen.inputRequests)).toEqual([approval.id]);
    const { method, params } = seen.inputRequests[approval.id];
    expect(method).toBe('elicitation/create');
    expect(params.requestedSchema.required).toEqual(['decision']);
    // The same as long as it waits: a client takes another of the same name for a fault.
    expect(await getTask(other.secret, lease.taskId)).toEqual(seen);

    const refused = await update(own.secret, lease.taskId, {
      [approval.id]: { action: 'accept', content: { decision: 'approve' } },
    });
    expect(refused.error).toBeUndefined();
    expect((await approvalOf(approval.id)).state).toBe('pending');
    await runner.settle(lease, { stdout: '' });
  });

  it('cancel leaves it waiting, nonsense is refused, decline denies, and late answers are ignored', async () => {
    const own = await starter(false);
    const { secret } = await server.newKey(['tasks:*', 'approvals:write'], { name: 'another' });
    const { lease, hook, approval } = await asking(own.secret);
    const answer = (response: unknown) => update(secret, lease.taskId, { [approval.id]: response });
    expect((await answer({ action: 'cancel' })).error).toBeUndefined();
    expect((await update(secret, lease.taskId, { nothing: { action: 'accept' } })).error).toBeUndefined();
    expect((await answer({ action: 'accept', content: { decision: 'maybe' } })).error?.code).toBe(-32602);
    expect((await getTask(secret, lease.taskId)).status).toBe('input_required');
    expect((await answer({ action: 'decline' })).error).toBeUndefined();
    expect(await approvalOf(approval.id)).toMatchObject({
      state: 'denied',
      decidedBy: { keyName: 'another', via: 'mcp' },
    });
    expect((await answer({ action: 'accept', content: { decision: 'approve' } })).error).toBeUndefined();
    expect((await getTask(secret, lease.taskId)).status).toBe('working');
    expect(await deleted(hook)).toBe(false);
    await runner.settle(lease, { stdout: '' });
  });
});
