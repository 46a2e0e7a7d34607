// The key behind a task is revoked or disabled, or has spent its limit: what its running tasks may still do.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Lease } from '../../src/protocol/runner.ts';
import { type Answer, type AnyBody, startTestServer, type TestServer } from '../fixtures/server.ts';
import { expectSumsToAgree } from '../fixtures/sums.ts';

let server: TestServer;
let sibling: Awaited<ReturnType<TestServer['sibling']>>;
beforeAll(async () => {
  server = await startTestServer();
  sibling = await server.sibling();
});
afterAll(async () => {
  await sibling?.stop();
  await server?.stop();
});

async function start(key: string): Promise<Lease> {
  const runner = server.runner();
  await runner.appear();
  const { status } = await server.call('POST', '/api/v1/tasks/run', { key, body: { instruction: 'hi' } });
  expect(status).toBe(202);
  return runner.lease();
}
const askModel = (lease: Lease, at: Pick<TestServer, 'call'> = server) =>
  at.call('POST', '/llm/v1/chat/completions', {
    key: lease.taskKey,
    body: { model: 'scripted', messages: [{ role: 'user', content: 'hi' }] },
  });
const callCommand = (lease: Lease, at: Pick<TestServer, 'call'>) =>
  at.call('GET', '/api/v1/whoami', { key: lease.taskKey });

describe.each([
  ['revoked', 'POST', '/revoke', undefined, 'key_revoked'],
  ['disabled', 'PATCH', '', { enabled: false }, 'key_disabled'],
] as const)("a caller's key that is %s", (_what, method, path, body, code) => {
  it.each(['command', 'model call'] as const)(
    'stops the next %s of its task within a second, on every server, and of the tasks below it',
    async (what) => {
      const caller = await server.newKey(['tasks:*']);
      const parent = await start(caller.secret);
      const tasks = [parent, await start(parent.taskKey)];
      const calls = tasks.flatMap((lease) => [server, sibling].map((at) => ({ lease, at })));
      const next = ({ lease, at }: (typeof calls)[number]): Promise<Answer<AnyBody>> =>
        what === 'command' ? callCommand(lease, at) : askModel(lease, at);
      for (const call of calls) expect((await next(call)).status).toBe(200);

      const changed = await server.call(method, `/api/v1/keys/${caller.id}${path}`, { body });
      expect(changed.status).toBe(200);
      const refused = async (call: (typeof calls)[number]) => {
        const answer = await next(call);
        expect([answer.status, answer.body.error?.code]).toEqual([401, code]);
      };
      // At once where it was changed; the other server may have to hear of it.
      const [here, there] = [server, sibling].map((at) => calls.filter((call) => call.at === at));
      await Promise.all([
        ...(here ?? []).map(refused),
        ...(there ?? []).map((call) => vi.waitFor(() => refused(call), { timeout: 1_000 })),
      ]);
    },
  );
});

describe('a key that has spent its limit', () => {
  it('is refused new tasks until the next day, and its running task the model', async () => {
    const caller = await server.newKey(['tasks:*'], { tokensPerDay: 1, spendPerMonth: 5 });
    const lease = await start(caller.secret);
    expect((await askModel(lease, sibling)).status).toBe(200);
    const model = await askModel(lease);
    expect([model.status, model.body.error.code]).toEqual([402, 'budget_exceeded']);
    expect(model.body.error.message).toMatch(
      /^this task is out of budget: \d+ of 1 tokens a day of the key "test" are used$/,
    );
    expect((await callCommand(lease, server)).status).toBe(200);

    const child = await server.call('POST', '/api/v1/tasks/run', {
      key: lease.taskKey,
      body: { instruction: 'hi' },
    });
    const next = await sibling.call('POST', '/api/v1/tasks/run', {
      key: caller.secret,
      body: { instruction: 'hi' },
    });
    for (const { status, body, headers } of [child, next]) {
      expect([status, body.error.code]).toEqual([429, 'spend_limit_reached']);
      const seconds = Number(headers.get('retry-after'));
      expect(seconds).toBeGreaterThan(0);
      expect(seconds).toBeLessThanOrEqual(86_400);
    }
    await server.runner().settle(lease);
    const { task } = (await server.call('GET', `/api/v1/tasks/${lease.taskId}`)).body;
    expect(task).toMatchObject({ status: 'failed', error: { code: 'budget_exceeded' } });

    await server.call('PATCH', `/api/v1/keys/${caller.id}`, { body: { tokensPerDay: null } });
    await start(caller.secret);
    await expectSumsToAgree(server.databaseUrl);
  });

  it('hands on no wider limit than its own, and its own to those that name none', async () => {
    const limits = { spendPerDay: 0.1, spendPerMonth: 2.5, tokensPerDay: 1_000 };
    const caller = await server.newKey(['keys:*'], limits);
    const create = (more: object) =>
      server.call('POST', '/api/v1/keys', {
        key: caller.secret,
        body: { name: 'child', scopes: ['keys:read'], ...more },
      });
    expect((await create({})).body.key).toMatchObject(limits);
    expect((await create({ spendPerDay: 0.05 })).body.key).toMatchObject({ ...limits, spendPerDay: 0.05 });
    for (const wider of [{ spendPerDay: 0.11 }, { spendPerMonth: null }, { tokensPerDay: 1_001 }]) {
      const { status, body } = await create(wider);
      expect([status, body.error.code]).toEqual([403, 'not_allowed']);
    }
  });
});
