// A task at its budget that asks for more: its call of the model is answered with an approval, a yes raises the
// budget in the same transaction, and a no ends the task as ever. So with a spend limit of one of its keys.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Approval } from '../../src/protocol/approval.ts';
import type { Key } from '../../src/protocol/key.ts';
import type { Lease } from '../../src/protocol/runner.ts';
import type { Task } from '../../src/protocol/task.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

let server: TestServer;
let poster: string;
beforeAll(async () => {
  server = await startTestServer();
  poster = (await server.newKey(['tasks:*', 'keys:read'])).secret;
});
afterAll(() => server?.stop());

const ASKS = { wait: 300_000, budget: 'ask' };

async function start(body: object, key = poster): Promise<Lease> {
  const runner = server.runner();
  await runner.appear();
  const posted = await server.call('POST', '/api/v1/tasks/run', { key, body: { instruction: 'hi', ...body } });
  expect([posted.status, posted.body.error]).toEqual([202, undefined]);
  const lease = await runner.lease();
  expect(lease.taskId).toBe(posted.body.task.id);
  return lease;
}
const ask = async ({ taskKey }: Lease) => {
  const body = { model: 'scripted', max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] };
  const { status, headers } = await server.call('POST', '/llm/v1/chat/completions', { key: taskKey, body });
  return { status, asked: headers.get('seed-approval') };
};
const WENT = { status: 200, asked: null };
const REFUSED = { status: 402, asked: null };
const taskOf = async ({ taskId }: Lease): Promise<Task> =>
  (await server.call('GET', `/api/v1/tasks/${taskId}`)).body.task;
const seen = async (id: string | null, key: string, wait = 0): Promise<Approval> =>
  (await server.call('GET', `/api/v1/approvals/${id}`, { key, headers: { prefer: `wait=${wait}` } })).body
    .approval;
const decide = (id: string | null, how: 'approve' | 'deny') =>
  server.call('POST', `/api/v1/approvals/${id}/${how}`, { body: {} });

it('is raised by a yes, and asks again when that is used up; a no is the end', async () => {
  const lease = await start({ budget: { calls: 1 }, approval: ASKS });
  expect(await ask(lease)).toEqual(WENT);
  const { status, asked } = await ask(lease);
  expect([status, asked]).toEqual([402, expect.any(String)]);
  expect(await ask(lease)).toEqual({ status, asked });
  const held = seen(asked, lease.taskKey, 25);
  expect(await seen(asked, server.adminKey)).toMatchObject({
    kind: 'budget',
    state: 'pending',
    task: lease.taskId,
    command: null,
    budget: { current: 1, requested: 2, unit: 'calls' },
    summary: 'Raise the budget of this task from 1 to 2 calls',
    reason: expect.stringContaining('1 of 1 calls'),
  });
  expect(await taskOf(lease)).toMatchObject({ status: 'running', waitMs: 300_000, budget: { calls: 1 } });
  expect((await decide(asked, 'approve')).status).toBe(200);
  expect(await held).toMatchObject({ state: 'approved', ranAt: expect.any(String), error: null });
  expect(await taskOf(lease)).toMatchObject({ budget: { calls: 2 } });
  expect((await decide(asked, 'approve')).body.error.code).toBe('approval_decided');
  expect(await ask(lease)).toEqual(WENT);

  const second = await ask(lease);
  expect(second).toEqual({ status: 402, asked: expect.any(String) });
  expect(second.asked).not.toBe(asked);
  expect((await seen(second.asked, lease.taskKey)).budget).toEqual({ current: 2, requested: 4, unit: 'calls' });
  await decide(second.asked, 'deny');
  expect(await ask(lease)).toEqual(REFUSED);
  const end = async () => (await taskOf(lease)).error?.code;
  await expect.poll(end, { timeout: 20_000, interval: 250 }).toBe('budget_exceeded');
}, 40_000);

it('may be that of a task above, which is raised once for all who asked', async () => {
  const parent = await start({ budget: { calls: 1, usd: 5 }, approval: ASKS });
  const children = [await start({}, parent.taskKey), await start({}, parent.taskKey)];
  expect(await ask(parent)).toEqual(WENT);
  const asked = await Promise.all(children.map(ask));
  for (const [index, { asked: id }] of asked.entries()) {
    const approval = await seen(id, children[index]?.taskKey ?? '');
    expect(approval.summary).toBe(`Raise the budget of the task ${parent.taskId} above it from 1 to 2 calls`);
    await decide(id, 'approve');
  }
  expect((await taskOf(parent)).budget).toEqual({ calls: 2, usd: 5, tokens: null });
  await server.call('POST', `/api/v1/tasks/${parent.taskId}/stop`);
});

it.each([
  ['no setting', {}],
  ['a setting that says nothing of budgets', { approval: { wait: 300_000 } }],
])('nobody is asked with %s', async (_, more) => {
  const lease = await start({ budget: { calls: 1 }, ...more });
  expect([await ask(lease), await ask(lease)]).toEqual([WENT, REFUSED]);
  await server.call('POST', `/api/v1/tasks/${lease.taskId}/stop`);
});

it("a key's setting counts where the task has none, and the end of the task withdraws what it asks", async () => {
  const key = (await server.newKey(['tasks:*'], { approval: ASKS })).secret;
  const lease = await start({ budget: { tokens: 1 } }, key);
  await ask(lease);
  const { asked } = await ask(lease);
  expect(await seen(asked, server.adminKey)).toMatchObject({
    budget: { current: 1, requested: 2, unit: 'tokens' },
  });
  await server.call('POST', `/api/v1/tasks/${lease.taskId}/stop`);
  expect(await seen(asked, server.adminKey)).toMatchObject({ state: 'cancelled' });
  expect((await decide(asked, 'approve')).body.error.code).toBe('approval_decided');
});

const aLimitedKey = (tokensPerDay: number, more: object = {}) =>
  server.newKey(['tasks:*', 'approvals:write'], { tokensPerDay, approval: ASKS, ...more });
const keyOf = async (id: string): Promise<Key> => (await server.call('GET', `/api/v1/keys/${id}`)).body.key;
async function spent(lease: Lease) {
  await ask(lease);
  const { status, asked } = await ask(lease);
  expect([status, asked]).toEqual([402, expect.any(String)]);
  const { budget, ...approval } = await seen(asked, server.adminKey);
  return { asked, approval, budget: budget ?? { current: 0, requested: 0, unit: '' } };
}

it('a spend limit of a key is raised for the rest of the day, once, by who may spend as much', async () => {
  const selfApprove = { approval: { ...ASKS, selfApprove: true } };
  const { id, secret } = await aLimitedKey(1, selfApprove);
  const parent = await start({}, secret);
  const leases = [parent, await start({}, parent.taskKey)] as const;
  const first = await spent(leases[0]);
  const { current, requested } = first.budget;
  expect(first.budget).toEqual({ current: 1, requested: expect.any(Number), unit: 'tokens' });
  expect(first.approval).toMatchObject({ kind: 'budget', reason: expect.stringContaining('of 1 tokens a day') });
  const until = `${new Date(Date.now() + 86_400_000).toISOString().slice(0, 10)}T00:00:00.000Z`;
  expect(first.approval.summary).toMatch(
    new RegExp(`^Raise tokensPerDay of the key "[^"]+" from ${current} to ${requested} tokens until ${until}`),
  );
  const second = await ask(leases[1]);
  expect([(await keyOf(id)).raised, second]).toEqual([[], { status: 402, asked: expect.any(String) }]);

  const poor = (await server.newKey(['approvals:*'], { tokensPerDay: requested - 1 })).secret;
  for (const key of [secret, poor]) {
    expect((await seen(first.asked, key)).mayDecide).toBe(false);
    const path = `/api/v1/approvals/${first.asked}/approve`;
    const { body } = await server.call('POST', path, { key, body: {} });
    expect(body.error).toMatchObject({ code: 'not_allowed', message: expect.stringContaining('tokensPerDay') });
  }
  const twice = await Promise.all([decide(first.asked, 'approve'), decide(first.asked, 'approve')]);
  expect(twice.map(({ status }) => status).sort()).toEqual([200, 409]);
  await decide(second.asked, 'approve');
  expect(await keyOf(id)).toMatchObject({
    tokensPerDay: 1,
    raised: [{ limit: 'tokensPerDay', to: requested, until }],
  });
  expect(await ask(leases[1])).toEqual(WENT);

  // Whoever sets the limit ends the raise, and a yes to what was asked about another limit changes nothing.
  const again = await spent(leases[0]);
  expect(again.budget.current).toBe(requested);
  await server.call('PATCH', `/api/v1/keys/${id}`, { body: { tokensPerDay: 2 } });
  expect((await decide(again.asked, 'approve')).body.approval.result).toEqual({ budget: 2 });
  expect(await keyOf(id)).toMatchObject({ tokensPerDay: 2, raised: [] });
  const last = await spent(leases[0]);
  expect(last.budget.current).toBe(2);
  await decide(last.asked, 'deny');
  expect(await ask(leases[0])).toEqual(REFUSED);
  const end = async () => (await taskOf(leases[0])).error?.code;
  await expect.poll(end, { timeout: 20_000, interval: 250 }).toBe('budget_exceeded');
}, 40_000);

it('nobody decides on a spend limit in time: the task ends', async () => {
  const lease = await start({}, (await aLimitedKey(1, { approval: { ...ASKS, wait: 1_000 } })).secret);
  const { asked } = await spent(lease);
  expect(await seen(asked, lease.taskKey, 25)).toMatchObject({ state: 'expired' });
  expect(await ask(lease)).toEqual(REFUSED);
  await server.call('POST', `/api/v1/tasks/${lease.taskId}/stop`);
});
