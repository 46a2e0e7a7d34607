// Reports: every figure is the one that the rows give, whatever they are grouped by, and nobody's hold another's
// rows.
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GREATEST, MEASURES, type Row, rowsOf, type Span } from '../fixtures/expected-reports.ts';
import { insertMeteredRows } from '../fixtures/metered-rows.ts';
import { type AnyBody, startTestServer, type TestServer } from '../fixtures/server.ts';

let server: TestServer;
let database: Client;
let accountId: string;
let billing: { id: string; secret: string };
let shop: { id: string; secret: string };
let stranger: { account: { id: string }; key: { id: string }; secret: string };

// In this month clocks change in many places; months are those of UTC.
const MONTH = { from: new Date('2025-03-01T00:00:00Z'), to: new Date('2025-04-01T00:00:00Z') };
const DAY_MS = 86_400_000;

beforeAll(async () => {
  server = await startTestServer();
  database = new Client({ connectionString: server.databaseUrl });
  await database.connect();
  billing = await server.newKey(['keys:read'], { name: 'billing' });
  shop = await server.newKey(['keys:read'], { name: 'shop' });
  stranger = (await server.call('POST', '/api/v1/accounts', { body: { name: 'other' } })).body;
  accountId = (await database.query('select account_id from keys where id = $1', [billing.id])).rows[0].account_id;
  const own = { accountId, keyIds: [billing.id, shop.id] };
  const other = { accountId: stranger.account.id, keyIds: [stranger.key.id] };
  await insertMeteredRows(database, { ...own, ...MONTH, rows: 400, seed: 1 });
  // The months around it begin and end a millisecond from it.
  await insertMeteredRows(database, {
    ...own,
    from: MONTH.to,
    to: new Date('2025-05-01'),
    rows: 40,
    seed: 2,
  });
  await insertMeteredRows(database, {
    ...own,
    from: new Date('2025-02-01'),
    to: MONTH.from,
    rows: 40,
    seed: 3,
  });
  await insertMeteredRows(database, { ...other, ...MONTH, rows: 40, seed: 4 });
  // A key that is revoked keeps its name and its figures.
  await server.call('POST', `/api/v1/keys/${shop.id}/revoke`);
});
afterAll(async () => {
  await database?.end();
  await server?.stop();
});

const obs = async (path: string, key = server.adminKey): Promise<AnyBody> =>
  (await server.call('GET', `/api/v1/obs/${path}`, { key })).body;

const REPORTS = {
  requests: ['key', 'command', 'day', 'task'],
  usage: ['key', 'model', 'day', 'task'],
  costs: ['key', 'model', 'day', 'task'],
  errors: ['code', 'command', 'model', 'key', 'day', 'task'],
};
const COMBINATIONS = Object.entries(REPORTS).flatMap(([report, all]) => all.map((by) => [report, by] as const));

async function expectReport(report: string, by: string, query: string, span: Span): Promise<void> {
  const rows = await rowsOf(database, accountId, report, span);
  const measure = MEASURES[report] as (rows: Row[]) => Row;
  const expected = [...Map.groupBy(rows, (row) => row[by] as string)].map(([group, members]) => ({
    group,
    ...(by === 'key' ? { name: group === shop.id ? 'shop' : 'billing' } : {}),
    ...measure(members),
  }));
  const { items, ...rest } = await obs(`${report}?by=${by}&${query}`);
  const byName = (a: Row, b: Row) => (a['group'] < b['group'] ? -1 : 1);
  expect(items.toSorted(byName)).toEqual(expected.toSorted(byName));
  expect(rest).toEqual({
    nextCursor: null,
    from: span.from.toISOString(),
    to: span.to.toISOString(),
    missingBefore: null,
    totals: measure(rows),
    cut: 0,
  });
  const order = items.map((item: Row) => (by === 'day' ? item['group'] : -item[GREATEST[report] ?? '']));
  expect(order).toEqual(by === 'day' ? order.toSorted() : order.toSorted((a: number, b: number) => a - b));
}

describe.each(COMBINATIONS)('%s by %s', (report, by) => {
  it('is what the rows of a month in UTC give', () => expectReport(report, by, 'month=2025-03', MONTH));

  it('is what the rows of a span give', () => {
    const from = new Date(MONTH.from.getTime() + DAY_MS / 2);
    const to = new Date('2025-03-20T00:00:00Z');
    return expectReport(report, by, `since=${from.toISOString()}&until=2025-03-20`, { from, to });
  });

  it('is what the rows of one key give', () =>
    expectReport(report, by, `month=2025-03&keyId=${shop.id}`, { ...MONTH, keyId: shop.id }));
});

describe('what is cut', () => {
  it.each(COMBINATIONS)('of %s by %s is counted, and the totals are those of all', async (report, by) => {
    const all = await obs(`${report}?by=${by}&month=2025-03`);
    const some = await obs(`${report}?by=${by}&month=2025-03&limit=1`);
    expect(some).toEqual({ ...all, items: all.items.slice(0, 1), cut: all.items.length - 1 });
  });

  it('is what lies beyond 1,000 groups', async () => {
    const { body } = await server.call('POST', '/api/v1/accounts', { body: { name: 'many' } });
    const many = { accountId: body.account.id, keyIds: [body.key.id], rows: 8_000, seed: 5 };
    await insertMeteredRows(database, { ...many, ...MONTH });
    const { items, cut, totals } = await obs('usage?by=task&month=2025-03', body.secret);
    expect([items.length, cut]).toEqual([1_000, 600]);
    expect(totals).toMatchObject({ tasks: 1_600, modelCalls: 8_000 });
    const all = await obs('costs?by=model&month=2025-03', body.secret);
    expect((await obs('costs?by=task&month=2025-03', body.secret)).totals).toEqual(all.totals);
  });
});

it('sums all up on one screen, as the reports do', async () => {
  const summary = await obs('summary?month=2025-03');
  const [requests, usage, costs, errors] = await Promise.all(
    ['requests', 'usage?by=key', 'costs', 'errors'].map((path) =>
      obs(`${path}${path.includes('?') ? '&' : '?'}month=2025-03`),
    ),
  );
  const { rows } = await database.query(
    'select status, count(*)::int as tasks from tasks where account_id = $1 and created_at >= $2 and created_at < $3 group by 1',
    [accountId, MONTH.from, MONTH.to],
  );
  const none = { running: 0, waiting_for_approval: 0 };
  const { total, llm, compute } = costs.totals;
  expect(summary).toEqual({
    from: MONTH.from.toISOString(),
    to: MONTH.to.toISOString(),
    missingBefore: null,
    requests: {
      total: requests.totals.requests,
      refused: requests.totals.refused,
      failed: requests.totals.failed,
    },
    tasks: { total: 80, ...none, ...Object.fromEntries(rows.map(({ status, tasks }) => [status, tasks])) },
    modelCalls: { total: usage.totals.modelCalls, failed: errors.totals.modelCalls },
    tokens: {
      input: usage.totals.inputTokens,
      output: usage.totals.outputTokens,
      cached: usage.totals.cachedTokens,
      reasoning: usage.totals.reasoningTokens,
    },
    sandboxes: { vcpuSeconds: usage.totals.vcpuSeconds, gbSeconds: usage.totals.gbSeconds },
    cost: { total, llm, compute },
    busiestCommands: requests.items.map((item: Row) => ({
      command: item['group'],
      requests: item['requests'],
      refused: item['refused'],
      failed: item['failed'],
    })),
    dearestKeys: costs.items.map((item: Row) => ({
      key: item['group'],
      name: item['name'],
      cost: item['total'],
      modelCalls: item['modelCalls'],
    })),
    commonestErrors: errors.items
      .slice(0, 5)
      .map((item: Row) => ({ code: item['group'], errors: item['errors'], lastAt: item['lastAt'] })),
  });
  const ofShop = await obs(`summary?month=2025-03&keyId=${shop.id}`);
  expect(ofShop.dearestKeys.map(({ key }: Row) => key)).toEqual([shop.id]);
  expect(ofShop.cost.total).toBe(costs.items.find(({ group }: Row) => group === shop.id).total);
});

it('tells the requests of each day of each key, in one answer', async () => {
  const rows = await rowsOf(database, accountId, 'requests', MONTH);
  const { items } = await obs('requests?by=key&month=2025-03&daily=true');
  expect(items.map(({ group }: Row) => group).sort()).toEqual([billing.id, shop.id].sort());
  for (const { group, daily, requests } of items) {
    const ofDay = (day: number) =>
      rows.filter((row) => row['key'] === group && row['created_at'].getUTCDate() === day).length;
    expect(daily).toEqual(Array.from({ length: 31 }, (_, index) => ofDay(index + 1)));
    expect(daily.reduce((sum: number, count: number) => sum + count, 0)).toBe(requests);
  }
  expect((await obs('requests?by=key&month=2025-03')).items[0]).not.toHaveProperty('daily');
  expect((await obs('requests?by=key&since=101d&daily=true')).error.code).toBe('invalid_input');
});

it('counts requests of this moment, with those refused and failed', async () => {
  const caller = await server.newKey(['keys:*'], { name: 'caller' });
  const call = (method: string, path: string, body?: object) =>
    server.call(method, `/api/v1${path}`, { key: caller.secret, ...(body && { body }) });
  await call('GET', '/keys');
  await call('GET', '/keys');
  await call('GET', '/audit');
  await call('POST', '/keys', { name: '' });
  await call('GET', `/keys/${server.adminKey}`);
  const byCaller = async () =>
    (await obs('requests?by=key&since=1h')).items.find(({ group }: Row) => group === caller.id);
  // A report ends before the millisecond in which it is asked for.
  await expect.poll(byCaller).toMatchObject({
    name: 'caller',
    requests: 5,
    refused: 1,
    failed: 2,
  });
  const errors = await obs(`errors?since=1h&keyId=${caller.id}`);
  expect(errors.items.map((item: Row) => [item['group'], item['errors']])).toEqual([
    ['invalid_input', 2],
    ['missing_scope', 1],
  ]);
});

describe('what is asked for', () => {
  it('needs the scope', async () => {
    for (const report of ['summary', 'requests', 'usage', 'costs', 'errors'])
      expect((await obs(report, billing.secret)).error.code).toBe('missing_scope');
  });

  it.each([
    ['costs?month=2026-13', /2026-11/],
    ['costs?month=2026-11&since=1d', /leave out since and until/],
    ['costs?since=1d&until=2d', /since is not before until/],
    ['costs?since=x', /a time is written/],
    ['costs?limit=0', /limit/],
    ['costs?limit=1001', /limit/],
    ['summary?by=key', /unknown field: by/],
    // What makes no sense is refused with what does.
    ['costs?by=command', /"key"\|"model"\|"day"\|"task"/],
    ['usage?by=command', /"key"\|"model"\|"day"\|"task"/],
    ['requests?by=model', /"key"\|"command"\|"day"\|"task"/],
    ['errors?by=colour', /"code"\|"command"\|"model"\|"key"\|"day"\|"task"/],
  ])('%s is refused with what is possible', async (path, message) => {
    const { error } = await obs(path);
    expect(error.code).toBe('invalid_input');
    expect(error.message).toMatch(message);
  });

  it('is nothing for an account that did nothing', async () => {
    const { body } = await server.call('POST', '/api/v1/accounts', { body: { name: 'empty' } });
    const costs = await obs('costs?month=2025-03', body.secret);
    expect(costs).toMatchObject({ items: [], cut: 0, totals: { total: 0, modelCalls: 0 } });
    expect((await obs('errors?month=2025-03', body.secret)).totals).toMatchObject({
      errors: 0,
      lastAt: null,
    });
    expect((await obs('requests?month=2025-03', body.secret)).totals).toMatchObject({ medianMs: 0 });
    expect((await obs('summary?month=2025-03', body.secret)).cost.total).toBe(0);
  });
});

it('says when rows of the range may be deleted already', async () => {
  const keeping = await startTestServer({ retention: { calls: 90, events: null } });
  try {
    const ask = async (query: string) => (await keeping.call('GET', `/api/v1/obs/costs?${query}`)).body;
    const asked = Date.now();
    const { missingBefore } = await ask('since=100d');
    expect(Math.abs(Date.parse(missingBefore) - (asked - 90 * DAY_MS))).toBeLessThan(60_000);
    expect((await ask('since=89d')).missingBefore).toBeNull();
  } finally {
    await keeping.stop();
  }
});
