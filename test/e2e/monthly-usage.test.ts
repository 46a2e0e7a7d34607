// The brief's finance instruction, word for word and with its scopes, in a real sandbox: the CSV that it answers
// with is compared with the rows, and again after the rows have changed.
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Task } from '../../src/protocol/task.ts';
import { type TestDatabase, testDatabase } from '../fixtures/database.ts';
import { insertMeteredRows } from '../fixtures/metered-rows.ts';
import { csvObjects } from '../fixtures/parse-csv.ts';
import { type Account, addKey, expectOnlyReads, newAccount, runQuietly } from '../fixtures/playbook-accounts.ts';
import { bash, startSeed, type TestSeed } from '../fixtures/seed.ts';

const FINANCE = {
  instruction:
    'Generate a monthly usage report for all API consumers. Calculate per-consumer costs based on their token usage and output a CSV summary.',
  scopes: ['obs:read', 'keys:read'],
};

vi.setConfig({ testTimeout: 300_000 });

let server: TestDatabase;
let database: Client;
let seed: TestSeed;
beforeAll(async () => {
  server = await testDatabase();
  database = new Client({ connectionString: server.databaseUrl });
  await database.connect();
  seed = await startSeed({ DATABASE_URL: server.databaseUrl });
});
afterAll(async () => {
  await seed?.remove();
  await database?.end();
  await server?.drop();
});
const run = (body: object, key: string) => runQuietly(seed, database, body, key);

interface Line {
  requests: number;
  input_tokens: number;
  output_tokens: number;
  model_calls: number;
  nano: number;
}

const month = (time: Date) => time.toISOString().slice(0, 7);
const monthBefore = (time: Date) => new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth() - 1, 1));

/** What the rows of the month come to by key, as of the moments at which the task asked for them. */
async function sumsOfRows({ id }: Account, task: Task, of: string): Promise<Map<string, Line>> {
  const { rows } = await database.query(
    `with asked as (
      select min(created_at) filter (where command = 'obs requests') as requests,
        min(created_at) filter (where command = 'obs costs') as costs
      from calls where task_id = $2
    ), used as (
      select billed_key_id as key, coalesce(times, 1) as requests, 0 as input, 0 as output, 0 as model_calls, 0 as nano
      from calls, asked
      where account_id = $1 and to_char(created_at at time zone 'UTC', 'YYYY-MM') = $3 and created_at < asked.requests
      union all
      select billed_key_id, 0, input_tokens, output_tokens, 1, cost_nano_usd
      from model_calls, asked
      where account_id = $1 and to_char(created_at at time zone 'UTC', 'YYYY-MM') = $3 and created_at < asked.costs
      union all
      select billed_key_id, 0, 0, 0, 0, cost_nano_usd
      from compute, asked
      where account_id = $1 and to_char(created_at at time zone 'UTC', 'YYYY-MM') = $3 and created_at < asked.costs
    )
    select key, sum(requests)::int as requests, sum(input)::float8 as input_tokens, sum(output)::float8 as output_tokens,
      sum(model_calls)::int as model_calls, sum(nano)::float8 as nano
    from used group by key`,
    [id, task.id, of],
  );
  return new Map(rows.map(({ key, ...line }) => [key, line]));
}

const lineOf = (row: Record<string, string>): Line => ({
  requests: Number(row['requests']),
  input_tokens: Number(row['input_tokens']),
  output_tokens: Number(row['output_tokens']),
  model_calls: Number(row['model_calls']),
  nano: Math.round(Number(row['cost_usd']) * 1e9),
});
const NOTHING: Line = { requests: 0, input_tokens: 0, output_tokens: 0, model_calls: 0, nano: 0 };

/** Every consumer has its line with the sums of its rows, and the total is that of all rows. */
async function expectReport(account: Account, task: Task, of: string): Promise<Record<string, string>[]> {
  const rows = csvObjects(task.stdout ?? '');
  const expected = await sumsOfRows(account, task, of);
  const { rows: active } = await database.query(
    `select id from keys where account_id = $1 and task_id is null and revoked_at is null and enabled
      and (expires_at is null or expires_at > now())`,
    [account.id],
  );
  for (const { id } of active) if (!expected.has(id)) expected.set(id, NOTHING);
  const total = rows.at(-1) ?? {};
  const [note, ...more] = rows.slice(0, -1).filter((row) => row['id'] === '');
  expect(more).toEqual([]);
  const unpriced = await database.query(
    `select 1 from model_calls where account_id = $1 and cost_source = 'unknown'
      and to_char(created_at at time zone 'UTC', 'YYYY-MM') = $2`,
    [account.id, of],
  );
  expect(note?.['key']).toBe(`(${unpriced.rowCount} model calls of unknown price count as nothing)`);
  const consumers = rows.filter((row) => row['id'] !== '');
  expect(new Map(consumers.map((row) => [row['id'], lineOf(row)]))).toEqual(expected);
  expect(consumers).toHaveLength(expected.size);
  expect(total).toMatchObject({ key: 'total', id: '' });
  const sum = (name: keyof Line) => [...expected.values()].reduce((all, line) => all + line[name], 0);
  expect(lineOf(total)).toEqual({
    requests: sum('requests'),
    input_tokens: sum('input_tokens'),
    output_tokens: sum('output_tokens'),
    model_calls: sum('model_calls'),
    nano: sum('nano'),
  });
  expect(new Set(rows.map((row) => row['month']))).toEqual(new Set([of]));
  const dollars = consumers.map((row) => Number(row['cost_usd']));
  expect(dollars).toEqual(dollars.toSorted((a, b) => b - a));
  return consumers;
}

it('has every consumer with the sums of its rows, and follows when rows and keys change', async () => {
  const account = await newAccount(seed, 'finance');
  const other = await newAccount(seed, 'somebody else');
  const shop = await addKey(database, account, 'shop, "the" best', { created: 90, used: 0 });
  const gone = await addKey(database, account, '=HYPERLINK("http://evil")', {
    created: 90,
    used: 0,
    revoked: true,
  });
  const idle = await addKey(database, account, 'idle', { created: 90, used: null });
  const now = new Date();
  const present = { from: new Date(`${month(now)}-01T00:00:00Z`), to: now };
  const past = { from: monthBefore(now), to: present.from };
  const keyIds = [shop, gone];
  await insertMeteredRows(database, { accountId: account.id, keyIds, ...present, rows: 60, seed: 1 });
  await insertMeteredRows(database, { accountId: account.id, keyIds, ...past, rows: 30, seed: 2 });
  await insertMeteredRows(database, {
    accountId: other.id,
    keyIds: [other.keyId],
    ...present,
    rows: 30,
    seed: 3,
  });

  const first = await run(FINANCE, account.secret);
  const consumers = await expectReport(account, first, month(now));
  const names = Object.fromEntries(consumers.map((row) => [row['id'], row['key']]));
  expect(names).toMatchObject({
    [shop]: 'shop, "the" best',
    [gone]: `'=HYPERLINK("http://evil")`,
    [idle]: 'idle',
  });
  await expectOnlyReads(database, first.id);

  await insertMeteredRows(database, {
    accountId: account.id,
    keyIds: [idle],
    ...present,
    rows: 10,
    seed: 4,
  });
  await database.query('update keys set name = $2 where id = $1', [shop, 'shop']);
  const second = await expectReport(account, await run(FINANCE, account.secret), month(now));
  expect(Number(second.find(({ id }) => id === idle)?.['model_calls'])).toBe(10);
  expect(second.map(({ key }) => key)).toContain('shop');

  const named = { ...FINANCE, instruction: `${FINANCE.instruction} The month is ${month(past.from)}.` };
  const third = await run(named, account.secret);
  await expectReport(account, third, month(past.from));
  expect(third.stdout).not.toBe(first.stdout);
});

it('reads reports and lists that are longer than an agent is shown', async () => {
  const account = await newAccount(seed, 'many consumers');
  const keyIds: string[] = [];
  for (let n = 0; n < 130; n += 1) {
    keyIds.push(await addKey(database, account, `consumer ${n} ${'x'.repeat(80)}`, { created: 40, used: 1 }));
  }
  const now = new Date();
  const from = new Date(`${month(now)}-01T00:00:00Z`);
  const busy = { accountId: account.id, keyIds: keyIds.slice(0, 120) };
  await insertMeteredRows(database, { ...busy, from, to: now, rows: 2_000, seed: 5 });
  const task = await run(FINANCE, account.secret);
  // The 130, and the key that posted the task.
  expect(await expectReport(account, task, month(now))).toHaveLength(131);
  await expectOnlyReads(database, task.id);
});

it('says which scope is missing', async () => {
  const account = await newAccount(seed, 'unscoped');
  const { stdout } = await run({ ...FINANCE, scopes: ['keys:read'] }, account.secret);
  expect(stdout).toBe('Could not read what was called: there is no command "obs requests" that this key may use.');
  const { stdout: csv } = await run({ ...FINANCE, scopes: ['obs:read'] }, account.secret);
  const rows = csvObjects(csv ?? '');
  expect(rows.map(({ id }) => id)).toEqual([account.keyId, '', '']);
  expect(rows[1]?.['key']).toContain('no command "keys list" that this key may use');
});

it('gives an agent CSV whose sums are those of the rows', async () => {
  const account = await newAccount(seed, 'csv');
  const keyId = await addKey(database, account, 'a, b', { created: 90, used: 1 });
  const span = { from: new Date('2025-03-01'), to: new Date('2025-04-01') };
  await insertMeteredRows(database, { accountId: account.id, keyIds: [keyId], ...span, rows: 50, seed: 7 });
  const { stdout } = await run(
    { instruction: bash('seed obs costs --month 2025-03 --csv'), scopes: ['obs:read'] },
    account.secret,
  );
  const { rows } = await database.query(
    `select (select sum(cost_nano_usd) from model_calls where account_id = $1 and created_at < '2025-04-01')::float8 as llm,
      (select sum(input_tokens) from model_calls where account_id = $1 and created_at < '2025-04-01')::float8 as tokens,
      (select sum(cost_nano_usd) from compute where account_id = $1 and created_at < '2025-04-01')::float8 as compute`,
    [account.id],
  );
  const [{ llm, tokens, compute }] = rows;
  // The last line goes to stderr, which bash shows as well: it says what the report is about.
  const csv = (stdout ?? '').split('\n').filter((line) => !line.startsWith('from '));
  expect(csvObjects(csv.join('\n'))).toMatchObject([
    {
      group: keyId,
      name: 'a, b',
      llm: String(llm / 1e9),
      compute: String(compute / 1e9),
      total: String((llm + compute) / 1e9),
      inputTokens: String(tokens),
      modelCalls: '50',
    },
  ]);
});
