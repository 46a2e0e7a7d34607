// Asks the person at a client of 2026-07-28 in the middle of a tool's call, with the official client: what clients
// can that know elicitation and not the Tasks extension.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Approval } from '../../src/protocol/approval.ts';
import {
  callTool as call,
  connectClient,
  type FormAnswer,
  type OnForm,
  rawRequest,
} from '../fixtures/mcp-client.ts';
import { startTestServer, type TestRunner, type TestServer } from '../fixtures/server.ts';

let server: TestServer;
let runner: TestRunner;
beforeAll(async () => {
  server = await startTestServer();
  runner = server.runner();
});
afterAll(() => server.stop());

const approvalOf = async (id: string): Promise<Approval> =>
  (await server.call('GET', `/api/v1/approvals/${id}`)).body.approval;
const pending = async (): Promise<Approval[]> =>
  (await server.call('GET', '/api/v1/approvals?state=pending')).body.items;
const webhook = async (): Promise<string> => {
  const body = { url: 'https://example.com/hook' };
  return (await server.call('POST', '/api/v1/webhooks', { body })).body.webhook.id;
};
const deleted = async (id: string) => (await server.call('GET', `/api/v1/webhooks/${id}`)).status === 404;

const FORM = { elicitation: { form: {} } };
const APPROVE: FormAnswer = { action: 'accept', content: { decision: 'approve', message: 'go' } };
const own = (more: object = { selfApprove: true }) =>
  server.newKey(['tasks:*', 'webhooks:*', 'approvals:write'], {
    name: 'with a person',
    approval: { effects: ['destructive'], ...more },
  });
/** A client whose person answers so, and what they were shown. */
async function withPerson(key: string, ...answers: FormAnswer[]) {
  const shown: string[] = [];
  const onForm: OnForm = ({ message }) => {
    shown.push(message);
    const answer = answers.shift();
    if (!answer) throw new Error('the person is asked once more than they answer');
    return answer;
  };
  return { shown, client: await connectClient(server.url, key, { onForm }) };
}
const raw = (key: string, params: object) =>
  rawRequest(server.url, key, 'tools/call', { name: 'webhooks_delete', ...params }, undefined, FORM);

it('a call is done as the person says, once, and answered with its own result', async () => {
  const { secret } = await own();
  const { client, shown } = await withPerson(secret, APPROVE);
  await using _ = client;
  await client.listTools();
  const id = await webhook();
  const result = await call(client, 'webhooks_delete', { id });
  expect(result.structuredContent).toMatchObject({ webhook: { id } });
  expect(shown).toHaveLength(1);
  expect(shown[0]).toContain('This call waits for your yes.');
  expect(shown[0]).toContain(`"id": "${id}"`);
});

it('declined it is denied, and a form that is closed leaves it waiting and says so at once', async () => {
  const { secret } = await own();
  const { client } = await withPerson(secret, { action: 'decline' }, { action: 'cancel' });
  await using _ = client;
  const id = await webhook();
  const declined = await call(client, 'webhooks_delete', { id });
  expect([declined.isError, declined.content[0]?.text]).toEqual([
    true,
    expect.stringMatching(/^approval_denied: /),
  ]);
  const closed = await call(client, 'webhooks_delete', { id });
  expect(closed.structuredContent.approval).toMatchObject({ state: 'pending' });
  expect(closed.content[0]?.text).toContain('Nothing is done yet');
  expect(await deleted(id)).toBe(false);
});

it('a task asks the person at the client that waits for it, and goes on', async () => {
  const { secret } = await own();
  const { client, shown } = await withPerson(secret, APPROVE, { action: 'decline' });
  await using _ = client;
  const ids = [await webhook(), await webhook()];
  const running = call(client, 'runTask', { instruction: 'tidy both', scopes: ['webhooks:write'], wait: 60 });
  const lease = await runner.lease();
  const ask = (id: string) =>
    server.call('DELETE', `/api/v1/webhooks/${id}`, { key: lease.taskKey }).then(({ body }) => body.approval.id);
  const first = await ask(ids[0] ?? '');
  await expect.poll(async () => (await approvalOf(first)).state).toBe('approved');
  const second = await ask(ids[1] ?? '');
  await expect.poll(async () => (await approvalOf(second)).state).toBe('denied');
  expect(await approvalOf(first)).toMatchObject({ message: 'go', decidedBy: { via: 'mcp', isSelf: true } });
  await runner.settle(lease, { stdout: 'half of it' });
  const result = await running;
  expect(result.content[0]?.text).toBe(`Task ${lease.taskId} completed.\n\nhalf of it`);
  expect(shown.map((message) => message.includes(`Task ${lease.taskId} waits for your yes.`))).toEqual([
    true,
    true,
  ]);
  expect(await Promise.all(ids.map(deleted))).toEqual([true, false]);
  const { body } = await server.call('GET', '/api/v1/tasks', { key: secret });
  expect(body.items).toHaveLength(1);
});

it('getTask with wait asks, too', async () => {
  const { secret } = await own();
  const { client, shown } = await withPerson(secret, APPROVE);
  await using _ = client;
  const started = await call(client, 'runTask', { instruction: 'tidy', scopes: ['webhooks:write'], wait: 0 });
  const waiting = call(client, 'getTask', { id: started.structuredContent.task.id, wait: 60 });
  const lease = await runner.lease();
  const id = await webhook();
  await server.call('DELETE', `/api/v1/webhooks/${id}`, { key: lease.taskKey });
  await expect.poll(() => deleted(id)).toBe(true);
  await runner.settle(lease, { stdout: 'tidy' });
  expect((await waiting).structuredContent.task).toMatchObject({ status: 'completed', stdout: 'tidy' });
  expect(shown).toHaveLength(1);
});

it('a client without forms, and a key whose answer does not count, are not asked', async () => {
  const asks = (await own()).secret;
  const bound = (await own({ selfApprove: false })).secret;
  const gaveUp = new AbortController();
  const answers = [
    rawRequest(
      server.url,
      bound,
      'tools/call',
      { name: 'webhooks_delete', arguments: { id: await webhook() } },
      gaveUp.signal,
      FORM,
    ),
    rawRequest(
      server.url,
      asks,
      'tools/call',
      { name: 'webhooks_delete', arguments: { id: await webhook() } },
      gaveUp.signal,
      {},
    ),
  ].map((answer) =>
    answer.then(
      () => 'answered',
      () => 'held',
    ),
  );
  await expect.poll(async () => (await pending()).length).toBeGreaterThanOrEqual(2);
  gaveUp.abort();
  expect(await Promise.all(answers)).toEqual(['held', 'held']);
});

it('a call is made again with its own state only, and asked anew without an answer', async () => {
  const { secret } = await own();
  const input = { id: await webhook() };
  const { result } = await raw(secret, { arguments: input });
  const [approval = ''] = Object.keys(result.inputRequests);
  const { requestState } = result;
  const inputResponses = { [approval]: APPROVE };
  const others = [{ id: await webhook() }, {}];
  for (const other of others)
    expect((await raw(secret, { arguments: other, requestState, inputResponses })).error?.code).toBe(-32602);
  expect((await raw(secret, { arguments: input, requestState: 'made up', inputResponses })).error?.code).toBe(
    -32602,
  );
  const { body: stranger } = await server.call('POST', '/api/v1/accounts', { body: { name: 'stranger' } });
  const foreign = await raw(stranger.secret, { arguments: input, requestState, inputResponses });
  expect(foreign.result.content[0].text).toMatch(/^not_found: /);
  expect((await raw(secret, { arguments: input, requestState })).result).toEqual(result);
  const nonsense = { [approval]: { action: 'accept', content: { decision: 'maybe' } } };
  const refused = (await raw(secret, { arguments: input, requestState, inputResponses: nonsense })).result;
  expect(refused.content[0].text).toMatch(/^invalid_input: /);
  expect((await approvalOf(approval)).state).toBe('pending');
  const done = (await raw(secret, { arguments: input, requestState, inputResponses })).result;
  expect(done.structuredContent).toMatchObject({ webhook: { id: input.id } });
  const late = (await raw(secret, { arguments: input, requestState, inputResponses })).result;
  expect(late).toEqual(done);
});
