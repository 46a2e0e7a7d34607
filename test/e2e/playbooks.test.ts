// The brief's key audit and finance instruction, word for word and with their scopes, in real sandboxes: what they answer
// is compared with the rows, and again after the rows have changed.
import { randomBytes, randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Task } from '../../src/protocol/task.ts';
import { type TestDatabase, testDatabase } from '../fixtures/database.ts';
import { insertMeteredRows, insertRows } from '../fixtures/metered-rows.ts';
import { csvObjects } from '../fixtures/parse-csv.ts';
import { bash, startSeed, type TestSeed, until } from '../fixtures/seed.ts';

const AUDIT = {
  instruction:
    "Audit our API key usage. List all keys, check which ones haven't been used in 30 days, and generate a cleanup recommendation.",
  scopes: ['keys:read', 'obs:read'],
};
const FINANCE = {
  instruction:
    'Generate a monthly usage report for all API consumers. Calculate per-consumer costs based on their token usage and output a CSV summary.',
  scopes: ['obs:read', 'keys:read'],
};
const DAY_MS = 86_400_000;
const ENOUGH_MS = 120_000;

vi.setConfig({ testTimeout: 3 * ENOUGH_MS });

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

interface Account {
  id: string;
  /** The key that posts the tasks. */
  keyId: string;
  secret: string;
}

async function newAccount(name: string): Promise<Account> {
  const { body } = await seed.call<{ account: { id: string }; key: { id: string }; secret: string }>(
    'POST',
    '/api/v1/accounts',
    { body: { name } },
  );
  return { id: body.account.id, keyId: body.key.id, secret: body.secret };
}

/** As if made and used so many days ago; null: never used. */
async function addKey(
  { id }: Account,
  name: string,
  age: { created: number; used: number | null; expired?: boolean; disabled?: boolean; revoked?: boolean },
): Promise<string> {
  const ago = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString();
  const keyId = randomUUID();
  await insertRows(database, 'keys', [
    {
      id: keyId,
      account_id: id,
      name,
      prefix: 'sk_live_made',
      secret_hash: randomBytes(32).toString('hex'),
      scopes: ['*'],
      created_at: ago(age.created),
      last_used_at: age.used === null ? null : ago(age.used),
      expires_at: age.expired ? ago(1) : null,
      revoked_at: age.revoked ? ago(1) : null,
      metadata: {},
      enabled: !age.disabled,
      tasks_may_create_lasting_keys: false,
    },
  ]);
  return keyId;
}

/** Runs to the end without another call of the API, which would count. */
async function run(body: object, key: string): Promise<Task> {
  const { id } = await seed.postTask(body, key);
  const ended = `select 1 from tasks where id = $1 and completed_at is not null`;
  await until('the task has ended', async () => (await database.query(ended, [id])).rowCount, ENOUGH_MS);
  const { body: answer } = await seed.call<{ task: Task }>('GET', `/api/v1/tasks/${id}`, { key });
  expect(answer.task).toMatchObject({ status: 'completed', exitCode: 0 });
  return answer.task;
}

/** Reads only, and nothing was refused. */
async function expectOnlyReads(taskId: string): Promise<void> {
  const { rows } = await database.query('select effect, status from calls where task_id = $1', [taskId]);
  expect(rows.length).toBeGreaterThan(2);
  expect(rows.filter(({ effect, status }) => effect !== 'read' || status !== 200)).toEqual([]);
}

describe('the monthly usage report', () => {
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
        select billed_key_id as key, 1 as requests, 0 as input, 0 as output, 0 as model_calls, 0 as nano
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
    const account = await newAccount('finance');
    const other = await newAccount('somebody else');
    const shop = await addKey(account, 'shop, "the" best', { created: 90, used: 0 });
    const gone = await addKey(account, '=HYPERLINK("http://evil")', { created: 90, used: 0, revoked: true });
    const idle = await addKey(account, 'idle', { created: 90, used: null });
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
    await expectOnlyReads(first.id);

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
    const account = await newAccount('many consumers');
    const keyIds: string[] = [];
    for (let n = 0; n < 130; n += 1) {
      keyIds.push(await addKey(account, `consumer ${n} ${'x'.repeat(80)}`, { created: 40, used: 1 }));
    }
    const now = new Date();
    const from = new Date(`${month(now)}-01T00:00:00Z`);
    const busy = { accountId: account.id, keyIds: keyIds.slice(0, 120) };
    await insertMeteredRows(database, { ...busy, from, to: now, rows: 2_000, seed: 5 });
    const task = await run(FINANCE, account.secret);
    // The 130, and the key that posted the task.
    expect(await expectReport(account, task, month(now))).toHaveLength(131);
    await expectOnlyReads(task.id);
  });

  it('says which scope is missing', async () => {
    const account = await newAccount('unscoped');
    const { stdout } = await run({ ...FINANCE, scopes: ['keys:read'] }, account.secret);
    expect(stdout).toBe(
      'Could not read what was called: there is no command "obs requests" that this key may use.',
    );
    const { stdout: csv } = await run({ ...FINANCE, scopes: ['obs:read'] }, account.secret);
    const rows = csvObjects(csv ?? '');
    expect(rows.map(({ id }) => id)).toEqual([account.keyId, '', '']);
    expect(rows[1]?.['key']).toContain('no command "keys list" that this key may use');
  });
});

describe('the key audit', () => {
  const stale = (stdout: string | null) =>
    Object.fromEntries(
      [...(stdout ?? '').matchAll(/^(revoke|ask|keep) +(.*) \(([0-9a-f-]{36})\): (.*)$/gm)].map(
        ([, advice, name, id, why]) => [id, { advice, name, why }],
      ),
    );
  async function unusedIds({ id }: Account): Promise<string[]> {
    const { rows } = await database.query(
      `select id from keys where account_id = $1 and task_id is null and revoked_at is null
        and created_at <= now() - interval '30 days' and coalesce(last_used_at, created_at) <= now() - interval '30 days'
        order by id`,
      [id],
    );
    return rows.map((row) => row.id);
  }
  const day = (daysAgo: number) => new Date(Date.now() - daysAgo * DAY_MS).toISOString().slice(0, 10);

  it('lists the stale keys with last use and recommendation, changes nothing, and follows when keys change', async () => {
    const account = await newAccount('audit');
    const never = await addKey(account, 'never', { created: 60, used: null });
    const once = await addKey(account, 'once', { created: 400, used: 45 });
    const off = await addKey(account, 'off', { created: 400, used: 300, disabled: true });
    const expired = await addKey(account, 'over', { created: 400, used: 100, expired: true });
    const busy = await addKey(account, 'has tasks', { created: 400, used: 50 });
    await addKey(account, 'revoked', { created: 400, used: 300, revoked: true });
    await addKey(account, 'young', { created: 3, used: null });
    await addKey(account, 'in use', { created: 400, used: 1 });
    const lastWeek = { from: new Date(Date.now() - 7 * DAY_MS), to: new Date() };
    await insertMeteredRows(database, {
      accountId: account.id,
      keyIds: [busy],
      ...lastWeek,
      rows: 20,
      seed: 6,
    });
    const keysNow = async () =>
      (
        await database.query(
          'select * from keys where account_id = $1 and task_id is null and id <> $2 order by id',
          [account.id, account.keyId],
        )
      ).rows;
    const before = await keysNow();

    const first = await run(AUDIT, account.secret);
    expect(first.stdout).toMatch(/^Checked 9 keys: 6 active, 1 disabled, 1 expired, 1 revoked\./);
    expect(first.stdout).toMatch(
      /Recommendation: revoke 2 .*, ask the owners of 2, keep 1\. Nothing was changed\.$/,
    );
    const found = stale(first.stdout);
    expect(found).toEqual({
      [never]: { advice: 'revoke', name: 'never', why: `never used, created ${day(60)}` },
      [expired]: {
        advice: 'revoke',
        name: 'over',
        why: `last used ${day(100)}, expired: it no longer works`,
      },
      [once]: { advice: 'ask', name: 'once', why: `last used ${day(45)}: its owner may still need it` },
      [off]: { advice: 'ask', name: 'off', why: `last used ${day(300)}, switched off by somebody` },
      [busy]: {
        advice: 'keep',
        name: 'has tasks',
        why: `last used ${day(50)}, but its tasks made 20 calls since`,
      },
    });
    expect(Object.keys(found).sort()).toEqual(await unusedIds(account));
    await expectOnlyReads(first.id);
    expect(await keysNow()).toEqual(before);

    await database.query('update keys set last_used_at = now() where id = $1', [once]);
    await database.query('update keys set revoked_at = now() where id = $1', [never]);
    const late = await addKey(account, 'late', { created: 31, used: 31 });
    const again = stale((await run(AUDIT, account.secret)).stdout);
    expect(Object.keys(again).sort()).toEqual([expired, off, busy, late].sort());
    expect(Object.keys(again).sort()).toEqual(await unusedIds(account));

    const longer = { ...AUDIT, instruction: AUDIT.instruction.replace('30 days', '90 days') };
    expect(Object.keys(stale((await run(longer, account.secret)).stdout)).sort()).toEqual(
      [expired, off].sort(),
    );
  });

  it('has nothing to recommend where all keys are in use', async () => {
    const { secret } = await newAccount('tidy');
    const { stdout } = await run(AUDIT, secret);
    expect(stdout).toContain('Checked 1 key: 1 active.');
    expect(stdout).toContain('Nothing to clean up.');
  });
});

it('gives an agent CSV whose sums are those of the rows', async () => {
  const account = await newAccount('csv');
  const keyId = await addKey(account, 'a, b', { created: 90, used: 1 });
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
