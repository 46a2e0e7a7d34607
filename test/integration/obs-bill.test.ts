// The bill of an account agrees with its rows and with what each task says it cost, and the key at the head of a
// chain of tasks pays for all of it.
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lease } from '../../src/protocol/runner.ts';
import { type AnyBody, startTestServer, type TestServer } from '../fixtures/server.ts';

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

const obs = async (path: string): Promise<AnyBody> => (await server.call('GET', `/api/v1/obs/${path}`)).body;

async function startTask(key: string): Promise<{ id: string; lease: Lease }> {
  const runner = server.runner();
  await runner.appear();
  const { body } = await server.call('POST', '/api/v1/tasks/run', {
    key,
    body: { instruction: 'say hello' },
  });
  return { id: body.task.id, lease: await runner.lease() };
}

async function work(lease: Lease, modelCalls: number): Promise<void> {
  for (let call = 0; call < modelCalls; call += 1) {
    await server.call('POST', '/llm/v1/chat/completions', {
      key: lease.taskKey,
      body: { model: 'scripted', messages: [{ role: 'user', content: 'hello '.repeat(call + 1) }] },
    });
  }
  await server.call('GET', '/api/v1/keys', { key: lease.taskKey });
}

it('task.cost, the rows and the bill agree to the billionth, over a chain of tasks of a key that is revoked', async () => {
  const caller = await server.newKey(['keys:read', 'tasks:write'], { name: 'caller' });
  const bystander = await server.newKey(['keys:read', 'tasks:write'], { name: 'bystander' });
  const parent = await startTask(caller.secret);
  await work(parent.lease, 2);
  const child = await startTask(parent.lease.taskKey);
  await work(child.lease, 3);
  const other = await startTask(bystander.secret);
  await work(other.lease, 1);
  const usage = { cpuSeconds: 1.25, peakMemoryBytes: 1e8, wallMs: 4_321 };
  for (const { lease } of [child, parent, other]) await server.runner().settle(lease, { usage });
  await server.call('POST', `/api/v1/keys/${caller.id}/revoke`);

  const byTask = await obs('costs?by=task&since=1h');
  expect(byTask.items).toHaveLength(3);
  for (const { id } of [parent, child, other]) {
    const { task } = (await server.call('GET', `/api/v1/tasks/${id}`)).body;
    const { rows } = await database.query(
      `select (select sum(cost_nano_usd)::float8 from model_calls where task_id = $1) as llm,
        (select sum(cost_nano_usd)::float8 from compute where task_id = $1) as compute`,
      [id],
    );
    const [{ llm, compute }] = rows;
    expect(llm).toBeGreaterThan(0);
    expect(compute).toBeGreaterThan(0);
    const cost = { llm: llm / 1e9, compute: compute / 1e9, total: (llm + compute) / 1e9 };
    expect(task.cost).toEqual({ ...cost, currency: 'USD' });
    const line = byTask.items.find(({ group }: AnyBody) => group === id);
    expect(line).toMatchObject({ ...cost, inputTokens: task.inputTokens, outputTokens: task.outputTokens });
  }

  const ofTask = (id: string) => byTask.items.find(({ group }: AnyBody) => group === id);
  const sumOf = (name: string, ...ids: string[]) => ids.reduce((all, id) => all + ofTask(id)[name], 0);
  const costs = await obs('costs?since=1h');
  expect(costs.items.map(({ group, name, modelCalls }: AnyBody) => [group, name, modelCalls])).toEqual([
    [caller.id, 'caller', 5],
    [bystander.id, 'bystander', 1],
  ]);
  expect(costs.items[0].total).toBeCloseTo(sumOf('total', parent.id, child.id), 12);
  expect(costs.items[0].inputTokens).toBe(sumOf('inputTokens', parent.id, child.id));
  const bill = await database.query(
    'select ((select sum(cost_nano_usd) from model_calls) + (select sum(cost_nano_usd) from compute))::float8 as nano',
  );
  expect(costs.totals.total).toBe(bill.rows[0].nano / 1e9);
  expect(byTask.totals).toEqual(costs.totals);

  const usageByKey = await obs('usage?since=1h');
  expect(usageByKey.items[0]).toMatchObject({ group: caller.id, tasks: 2, modelCalls: 5, vcpuSeconds: 2.5 });
  const requests = await obs('requests?by=key&since=1h');
  // Two posts of tasks and two lists of keys: by the key itself and by its tasks.
  expect(requests.items.find(({ group }: AnyBody) => group === caller.id)).toMatchObject({ requests: 4 });
});
