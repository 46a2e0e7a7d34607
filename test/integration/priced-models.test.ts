// Limits in US dollars and models that nobody knows the price of: refused when the task is accepted, or when the
// limit comes.
import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { llmSettings } from '../fixtures/llm-settings.ts';
import { completion, type LlmUpstream, startLlmUpstream } from '../fixtures/llm-upstream.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

const pricesFile = join(tmpdir(), `seed-prices-${randomUUID()}.json`);
let upstream: LlmUpstream;
let server: TestServer;
beforeAll(async () => {
  upstream = await startLlmUpstream();
  upstream.behave(completion('hello'));
  const models = { priced: { input: 1, output: 1 } };
  await writeFile(pricesFile, JSON.stringify({ models, compute: { vcpuSecond: 0, gbSecond: 0 } }));
  const llm = llmSettings({ baseUrl: upstream.baseUrl, defaultModels: ['priced', 'dear'] });
  server = await startTestServer({ llm, pricesFile });
});
afterAll(async () => {
  await server?.stop();
  await upstream?.close();
  await rm(pricesFile, { force: true });
});

const post = (body: object, key?: string) =>
  server.call('POST', '/api/v1/tasks/run', {
    body: { instruction: 'hi', ...body },
    ...(key !== undefined && { key }),
  });

async function started(body: object, key?: string) {
  const runner = server.runner();
  await runner.appear();
  const posted = await post(body, key);
  expect(posted.status).toBe(202);
  // Those that other tests only posted come before it.
  for (;;) {
    const lease = await runner.lease();
    if (lease.taskId === posted.body.task.id) return lease;
  }
}

function expectRefusal({ status, body }: Awaited<ReturnType<typeof post>>, bound: string) {
  expect([status, body.error.code]).toEqual([400, 'unpriced_model']);
  expect(body.error.message).toContain('what the model "dear" costs is not known');
  expect(body.error.message).toContain(bound);
  expect(body.error.hint).toContain('SEED_PRICES_FILE');
}

describe('a task whose model has no price is refused', () => {
  it('with a budget in US dollars, and not with one of tokens or calls', async () => {
    expectRefusal(await post({ model: 'dear', budget: { usd: 5, calls: 10 } }), '0 of 5 US dollars of this task');
    expect((await post({ model: 'dear', budget: { tokens: 10, calls: 10 } })).status).toBe(202);
    expect((await post({ model: 'priced', budget: { usd: 5 } })).status).toBe(202);
    expect((await post({ model: 'scripted', budget: { usd: 5 } })).status).toBe(202);
  });

  it('also when it is only a fallback', async () => {
    expectRefusal(await post({ budget: { usd: 5 } }), 'of this task');
    expect((await post({})).status).toBe(202);
  });

  it.each([
    [{ spendPerDay: 3 }, '0 of 3 US dollars a day of the key "limited"'],
    [{ spendPerMonth: 4 }, '0 of 4 US dollars a month of the key "limited"'],
  ])('with a key that has %j', async (limit, bound) => {
    const { secret } = await server.newKey(['tasks:*'], { name: 'limited', ...limit });
    expectRefusal(await post({ model: 'dear' }, secret), bound);
    expect((await post({ model: 'priced' }, secret)).status).toBe(202);
    const tokens = await server.newKey(['tasks:*'], { tokensPerDay: 1_000 });
    expect((await post({ model: 'dear' }, tokens.secret)).status).toBe(202);
  });

  it('when a task above it has such a budget', async () => {
    const { taskId, taskKey } = await started({ model: 'priced', budget: { usd: 5 }, scopes: ['tasks:*'] });
    expectRefusal(await post({ model: 'dear' }, taskKey), '0 of 5 US dollars of this task');
    const child = await post({ model: 'priced' }, taskKey);
    expect(child.body.task.parentTaskId).toBe(taskId);
  });
});

it('a limit that comes later is kept at the next call', async () => {
  const { id, secret } = await server.newKey(['tasks:*'], { name: 'late' });
  const lease = await started({ model: 'dear' }, secret);
  const ask = () =>
    server.call('POST', '/llm/v1/chat/completions', {
      key: lease.taskKey,
      body: { model: 'dear', messages: [{ role: 'user', content: 'hi' }] },
    });
  expect((await ask()).status).toBe(200);
  const asked = upstream.requests.length;
  expect((await server.call('PATCH', `/api/v1/keys/${id}`, { body: { spendPerDay: 1 } })).status).toBe(200);
  const { status, body } = await ask();
  expect([status, body.error.code]).toEqual([400, 'unpriced_model']);
  expect(upstream.requests).toHaveLength(asked);
});

it('an upstream that tells what every call cost needs no price list', async () => {
  const openRouter = await startTestServer({
    llm: llmSettings({ openRouterKey: 'sk-or-v1-none' }),
    pricesFile,
  });
  try {
    const { status } = await openRouter.call('POST', '/api/v1/tasks/run', {
      body: { instruction: 'hi', model: 'some/model', budget: { usd: 1 } },
    });
    expect(status).toBe(202);
  } finally {
    await openRouter.stop();
  }
});
