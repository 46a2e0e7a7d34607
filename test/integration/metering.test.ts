// Metering: every call of a model and every sandbox is a row, and what a task cost is the sum of its rows.
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { computeCost, modelCost } from '../../src/lib/money.ts';
import type { Lease } from '../../src/protocol/runner.ts';
import { readPrices } from '../../src/server/models/prices.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

let server: TestServer;
let database: Client;
beforeAll(async () => {
  server = await startTestServer();
  database = new Client({ connectionString: server.databaseUrl });
  await database.connect();
});
afterAll(async () => {
  await database?.end();
  await server?.stop();
});

const runner = () => server.runner();
async function startTask(key = server.adminKey): Promise<{ id: string; lease: Lease }> {
  const playing = runner();
  await playing.appear();
  const { body } = await server.call('POST', '/api/v1/tasks/run', {
    key,
    body: { instruction: 'say hello', resources: { memoryMb: 2048 } },
  });
  return { id: body.task.id, lease: await playing.lease() };
}
const askModel = (lease: Lease, stream: boolean) =>
  server.call('POST', '/llm/v1/chat/completions', {
    key: lease.taskKey,
    body: { model: 'scripted', stream, messages: [{ role: 'user', content: 'hello there' }] },
  });
async function rows(table: string, taskId: string) {
  const found = await database.query(`select * from ${table} where task_id = $1 order by created_at`, [taskId]);
  return found.rows;
}

it('what a task cost is the sum of its model calls and of its sandbox, by the price list', async () => {
  const { id, lease } = await startTask();
  const prices = await readPrices(null);
  await Promise.all([askModel(lease, true), askModel(lease, false), askModel(lease, false)]);
  const usage = { cpuSeconds: 1.25, peakMemoryBytes: 1e8, wallMs: 4_000 };
  expect(await runner().settle(lease, { usage })).toBe(204);

  const calls = await rows('model_calls', id);
  expect(calls).toHaveLength(3);
  const admin = (await server.call('GET', '/api/v1/whoami')).body.key;
  for (const call of calls) {
    expect(call).toMatchObject({
      billed_key_id: admin.id,
      asked_model: 'scripted',
      answered_model: 'scripted',
      cost_source: 'prices',
      outcome: 'ok',
    });
    const tokens = {
      inputTokens: Number(call.input_tokens),
      outputTokens: Number(call.output_tokens),
      cachedTokens: 0,
      reasoningTokens: 0,
    };
    expect(Number(call.cost_nano_usd)).toBe(modelCost(prices, 'scripted', tokens, null).nanoUsd);
    expect(Number(call.cost_nano_usd)).toBeGreaterThan(0);
  }
  const [compute, ...more] = await rows('compute', id);
  expect(more).toEqual([]);
  const expected = computeCost(prices, usage, 2048);
  expect(compute).toMatchObject({ vcpu_seconds: 1.25, gb_seconds: 8 });
  expect(Number(compute.cost_nano_usd)).toBe(expected.nanoUsd);

  const sum = (name: string) => calls.reduce((total, call) => total + Number(call[name]), 0);
  const { task } = (await server.call('GET', `/api/v1/tasks/${id}`)).body;
  expect(task).toMatchObject({
    inputTokens: sum('input_tokens'),
    outputTokens: sum('output_tokens'),
    cost: {
      llm: sum('cost_nano_usd') / 1e9,
      compute: expected.nanoUsd / 1e9,
      total: (sum('cost_nano_usd') + expected.nanoUsd) / 1e9,
      currency: 'USD',
    },
  });
});

it('a sandbox is billed once, however often its usage is reported', async () => {
  const { id, lease } = await startTask();
  await server.call('POST', `/api/v1/tasks/${id}/stop`);
  const report = { leaseId: lease.leaseId, usage: { cpuSeconds: 1, peakMemoryBytes: 1, wallMs: 1_000 } };
  for (let time = 0; time < 3; time += 1) await runner().post(`/tasks/${id}/usage`, report);
  expect(await rows('compute', id)).toHaveLength(1);
});

it('a price list that cannot be used stops the start and says why', async () => {
  await expect(readPrices('/nowhere/prices.json')).rejects.toMatchObject({ code: 'invalid_settings' });
  const list = new URL('../../package.json', import.meta.url).pathname;
  await expect(readPrices(list)).rejects.toThrow(/is not sound/);
});

it("an estimate of what a sandbox used is billed as one, and a task's usage says so", async () => {
  const { id, lease } = await startTask();
  const usage = { cpuSeconds: 8, peakMemoryBytes: 0, wallMs: 4_000, estimated: true as const };
  await runner().settle(lease, { usage });
  const { task } = (await server.call('GET', `/api/v1/tasks/${id}`)).body;
  expect(task.usage).toEqual(usage);
  expect(await rows('compute', id)).toMatchObject([{ vcpu_seconds: 8 }]);
});
