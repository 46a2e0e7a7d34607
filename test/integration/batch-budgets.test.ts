// The budget that all tasks of a batch draw on, in front of an upstream that counts: two servers, many calls.
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lease } from '../../src/protocol/runner.ts';
import { type BatchCalls, batchCalls } from '../fixtures/batches.ts';
import { llmSettings } from '../fixtures/llm-settings.ts';
import { completion, type LlmUpstream, startLlmUpstream } from '../fixtures/llm-upstream.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';
import { expectSumsToAgree } from '../fixtures/sums.ts';

const TOKENS = 18;
const COST = 0.0011;

let upstream: LlmUpstream;
let server: TestServer;
let sibling: Awaited<ReturnType<TestServer['sibling']>>;
let batches: BatchCalls;

beforeAll(async () => {
  upstream = await startLlmUpstream();
  upstream.behave(completion('hello', { prompt_tokens: 11, completion_tokens: 7, cost: COST }));
  const pricesFile = join(tmpdir(), `seed-prices-${randomUUID()}.json`);
  const models = { m: { input: 20, output: 100 } };
  await writeFile(pricesFile, JSON.stringify({ models, compute: { vcpuSecond: 0.01, gbSecond: 0 } }));
  const llm = llmSettings({ baseUrl: upstream.baseUrl, defaultModels: ['m'] });
  server = await startTestServer({ llm, pricesFile });
  sibling = await server.sibling();
  batches = batchCalls(server);
});
afterAll(async () => {
  await sibling?.stop();
  await server?.stop();
  await upstream?.close();
});

const ask = (lease: Lease, at: Pick<TestServer, 'call'>) =>
  at.call('POST', '/llm/v1/chat/completions', {
    key: lease.taskKey,
    body: { model: lease.model, messages: [{ role: 'user', content: 'hi' }], max_tokens: 7 },
  });
const rows = (count: number) => Array.from({ length: count }, (_, n) => ({ n }));

it('is passed by at most one call, however many tasks call at once; then the batch is paused', async () => {
  const before = upstream.requests.length;
  const budget = { usd: 0.02 };
  const { id } = await batches.make({ instruction: '{{n}}', rows: rows(6), concurrency: 4, budget });
  const runner = server.runner({ slots: 9, freeSlots: 9 });
  const leases: Lease[] = [];
  while (leases.length < 4) leases.push(await runner.lease());
  const calls = Array.from({ length: 80 }, (_, n) => ask(leases[n % 4] as Lease, n % 2 ? server : sibling));
  const statuses = (await Promise.all(calls)).map(({ status }) => status);
  const answered = statuses.filter((status) => status === 200).length;
  expect(answered).toBe(upstream.requests.length - before);
  expect(answered).toBe(Math.ceil(budget.usd / COST));
  for (const lease of leases) await runner.settle(lease);
  const paused = await batches.become(id, { status: 'paused', pauseReason: { code: 'budget_exceeded' } });
  expect(paused).toMatchObject({
    counts: { pending: 2, failed: 4 },
    used: { calls: answered, tokens: answered * TOKENS },
    pauseReason: { message: expect.stringContaining('0.02 US dollars of its batch are used') },
  });
  expect(paused.used.usd).toBeCloseTo(answered * COST, 9);
  expect((await batches.rows(id, '&status=failed'))[0]).toMatchObject({ error: { code: 'budget_exceeded' } });
  await expectSumsToAgree(server.databaseUrl);

  expect((await batches.act(id, 'resume')).status).toBe(200);
  await batches.become(id, { status: 'paused', pauseReason: { code: 'budget_exceeded' }, counts: { pending: 2 } });
  await batches.act(id, 'resume', { budget: { usd: 1 } });
  await batches.act(id, 'retry');
  while ((await batches.get(id)).counts.completed < 6) {
    const lease = await runner.lease();
    expect((await ask(lease, sibling)).status).toBe(200);
    await runner.settle(lease, { usage: { cpuSeconds: 1, peakMemoryBytes: 1e6, wallMs: 1_000 } });
  }
  const ended = await batches.become(id, { status: 'completed', counts: { completed: 6, failed: 0 } });
  // Its sandboxes' seconds count, too, and what the first attempts took is not forgotten.
  expect(ended.used.calls).toBe(answered + 6);
  expect(ended.used.usd).toBeCloseTo((answered + 6) * COST + 6 * 0.01, 9);
});

it('a budget of a task bounds that one alone', async () => {
  const { id, task } = await batches.make({ instruction: '{{n}}', rows: rows(2), taskBudget: { calls: 1 } });
  expect(task.budget).toEqual({ calls: 1 });
  const runner = server.runner({ slots: 9, freeSlots: 9 });
  for (const lease of [await runner.lease(), await runner.lease()]) {
    expect((await ask(lease, server)).status).toBe(200);
    expect((await ask(lease, server)).status).toBe(402);
    await runner.settle(lease);
  }
  await batches.become(id, { status: 'completed', counts: { failed: 2 }, used: { calls: 2 } });
});

it('what a task of a batch starts counts towards the budget of the batch', async () => {
  const { id } = await batches.make({ instruction: '{{n}}', rows: rows(1), budget: { calls: 2 } });
  const runner = server.runner({ slots: 9, freeSlots: 9 });
  const parent = await runner.lease();
  const body = { instruction: 'below' };
  const child = await server.call('POST', '/api/v1/tasks/run', { body, key: parent.taskKey });
  expect(child.body.task).toMatchObject({ parentTaskId: parent.taskId, batch: null });
  const below = await runner.lease();
  expect((await ask(below, server)).status).toBe(200);
  expect((await ask(parent, server)).status).toBe(200);
  expect((await ask(below, server)).body.error).toMatchObject({ code: 'budget_exceeded' });
  await runner.settle(parent);
  await batches.become(id, { status: 'completed', used: { calls: 2 } });
});

it('one in US dollars needs a price of the model', async () => {
  const body = { instruction: 'x', rows: rows(1), budget: { usd: 1 }, model: 'unpriced/model' };
  const { body: answer } = await server.call('POST', '/api/v1/tasks/batch', { body });
  expect(['unpriced_model', 'unknown_model']).toContain(answer.error.code);
});
