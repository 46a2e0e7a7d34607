// Reports: the sums agree with the rows, edges of months are those of UTC, and nobody's figures hold another's rows.
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

let server: TestServer;
let database: Client;
let accountId: string;
let billing: { id: string; secret: string };
let shop: { id: string; secret: string };
const tasks = [randomUUID(), randomUUID()] as const;

beforeAll(async () => {
  server = await startTestServer();
  database = new Client({ connectionString: server.databaseUrl });
  await database.connect();
  billing = await server.newKey(['keys:read'], { name: 'billing' });
  shop = await server.newKey(['keys:read'], { name: 'shop' });
  accountId = (await database.query('select account_id from keys where id = $1', [billing.id])).rows[0]
    .account_id;
  const other = (await server.call('POST', '/api/v1/accounts', { body: { name: 'other' } })).body;
  await modelCall('2026-10-31T23:59:59.999Z', billing.id, tasks[0], 'm', 100, 10, 1_000);
  await modelCall('2026-11-01T00:00:00Z', billing.id, tasks[0], 'm', 200, 20, 2_000);
  await modelCall('2026-11-15T12:00:00Z', billing.id, tasks[0], 'n', 300, 30, 3_000);
  await modelCall('2026-11-30T23:59:59.999Z', shop.id, tasks[1], 'm', 400, 40, 40_000);
  await modelCall('2026-12-01T00:00:00Z', shop.id, tasks[1], 'm', 500, 50, 5_000);
  await modelCall('2026-11-15T12:00:00Z', other.key.id, randomUUID(), 'm', 9, 9, 9_999, other.account.id);
  await database.query('insert into compute values ($1, $2, $3, $4, 1.5, 8, 700)', [
    tasks[0],
    '2026-11-15T12:00:01Z',
    accountId,
    billing.id,
  ]);
});
afterAll(async () => {
  await database?.end();
  await server?.stop();
});

async function modelCall(
  at: string,
  key: string,
  task: string,
  model: string,
  input: number,
  output: number,
  nano: number,
  account = accountId,
): Promise<void> {
  await database.query(
    `insert into model_calls values (gen_random_uuid(), $1, $2, $3, $4, $5, $5, $6, $7, 0, 0, $8, 'prices', 5, 'ok')`,
    [at, account, key, task, model, input, output, nano],
  );
}
const obs = async (path: string, key = server.adminKey) =>
  (await server.call('GET', `/api/v1/obs/${path}`, { key })).body;

it('costs by key, with names, the dearest first, for a month in UTC', async () => {
  expect(await obs('costs?month=2026-11')).toEqual({
    from: '2026-11-01T00:00:00.000Z',
    to: '2026-12-01T00:00:00.000Z',
    nextCursor: null,
    total: 0.0000457,
    cut: 0,
    items: [
      {
        group: shop.id,
        name: 'shop',
        modelCalls: 1,
        inputTokens: 400,
        outputTokens: 40,
        vcpuSeconds: 0,
        llm: 0.00004,
        compute: 0,
        total: 0.00004,
      },
      {
        group: billing.id,
        name: 'billing',
        modelCalls: 2,
        inputTokens: 500,
        outputTokens: 50,
        vcpuSeconds: 1.5,
        llm: 0.000005,
        compute: 0.0000007,
        total: 0.0000057,
      },
    ],
  });
});

it.each([
  ['day', ['2026-11-01', '2026-11-15', '2026-11-30']],
  ['model', ['m', 'n', '(sandbox)']],
  ['task', [tasks[1], tasks[0]]],
])('costs by %s', async (by, groups) => {
  const { items, total } = await obs(`costs?month=2026-11&by=${by}`);
  expect(items.map(({ group }: { group: string }) => group)).toEqual(groups);
  const sum = items.reduce((all: number, item: { total: number }) => all + Math.round(item.total * 1e9), 0);
  expect(sum).toBe(45_700);
  expect(total).toBe(0.0000457);
});

it('counts requests of this moment, with those refused and failed', async () => {
  const caller = await server.newKey(['keys:*'], { name: 'caller' });
  const call = (method: string, path: string, body?: object) =>
    server.call(method, `/api/v1${path}`, { key: caller.secret, ...(body && { body }) });
  await call('GET', '/keys');
  await call('GET', '/keys');
  await call('GET', '/audit');
  await call('POST', '/keys', { name: '' });
  await call('GET', `/keys/${randomUUID()}`);
  const byKey = await obs('requests?by=key&since=1h');
  expect(byKey.items.find(({ group }: { group: string }) => group === caller.id)).toMatchObject({
    name: 'caller',
    requests: 5,
    refused: 1,
    failed: 2,
  });
  const byCommand = await obs('requests?since=1h');
  const sum = byCommand.items.reduce((all: number, item: { requests: number }) => all + item.requests, 0);
  expect(byCommand.total).toBe(sum);
  expect(byCommand.items.map(({ group }: { group: string }) => group)).toContain('audit list');
});

it('is for keys that may, and refuses what makes no sense', async () => {
  expect((await obs('costs', shop.secret)).error.code).toBe('missing_scope');
  for (const query of [
    'month=2026-13',
    'month=2026-11&since=1d',
    'since=1d&until=2d',
    'by=colour',
    'since=x',
  ])
    expect((await obs(`costs?${query}`)).error.code).toBe('invalid_input');
  const { body } = await server.call('POST', '/api/v1/accounts', { body: { name: 'empty' } });
  expect(await obs('costs?month=2026-11', body.secret)).toMatchObject({ items: [], total: 0, cut: 0 });
});
