// The brief's audit of keys, word for word and with its scopes, in a real sandbox: the keys that it finds stale
// are compared with the rows, and again after the keys have changed.
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type TestDatabase, testDatabase } from '../fixtures/database.ts';
import { insertMeteredRows } from '../fixtures/metered-rows.ts';
import { type Account, addKey, expectOnlyReads, newAccount, runQuietly } from '../fixtures/playbook-accounts.ts';
import { startSeed, type TestSeed } from '../fixtures/seed.ts';

const AUDIT = {
  instruction:
    "Audit our API key usage. List all keys, check which ones haven't been used in 30 days, and generate a cleanup recommendation.",
  scopes: ['keys:read', 'obs:read'],
};
const DAY_MS = 86_400_000;

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
  const account = await newAccount(seed, 'audit');
  const never = await addKey(database, account, 'never', { created: 60, used: null });
  const once = await addKey(database, account, 'once', { created: 400, used: 45 });
  const off = await addKey(database, account, 'off', { created: 400, used: 300, disabled: true });
  const expired = await addKey(database, account, 'over', { created: 400, used: 100, expired: true });
  const busy = await addKey(database, account, 'has tasks', { created: 400, used: 50 });
  await addKey(database, account, 'revoked', { created: 400, used: 300, revoked: true });
  await addKey(database, account, 'young', { created: 3, used: null });
  await addKey(database, account, 'in use', { created: 400, used: 1 });
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
  const { rows: sums } = await database.query(
    'select sum(coalesce(times, 1))::int as calls from calls where billed_key_id = $1',
    [busy],
  );

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
      why: `last used ${day(50)}, but its tasks made ${sums[0].calls} calls since`,
    },
  });
  expect(Object.keys(found).sort()).toEqual(await unusedIds(account));
  await expectOnlyReads(database, first.id);
  expect(await keysNow()).toEqual(before);

  await database.query('update keys set last_used_at = now() where id = $1', [once]);
  await database.query('update keys set revoked_at = now() where id = $1', [never]);
  const late = await addKey(database, account, 'late', { created: 31, used: 31 });
  const again = stale((await run(AUDIT, account.secret)).stdout);
  expect(Object.keys(again).sort()).toEqual([expired, off, busy, late].sort());
  expect(Object.keys(again).sort()).toEqual(await unusedIds(account));

  const longer = { ...AUDIT, instruction: AUDIT.instruction.replace('30 days', '90 days') };
  expect(Object.keys(stale((await run(longer, account.secret)).stdout)).sort()).toEqual([expired, off].sort());
});

it('has nothing to recommend where all keys are in use', async () => {
  const { secret } = await newAccount(seed, 'tidy');
  const { stdout } = await run(AUDIT, secret);
  expect(stdout).toContain('Checked 1 key: 1 active.');
  expect(stdout).toContain('Nothing to clean up.');
});
