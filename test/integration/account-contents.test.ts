// A word in every column that holds what somebody said or set: each is in an export of the account, and nowhere
// once the account is deleted. Made from the table of holdings, so that a new column cannot be forgotten.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { LEFT_OUT } from '../../src/server/accounts/export-lines.ts';
import { HOLDINGS } from '../../src/server/forgetting/holdings.ts';
import { rowsOf, run } from '../fixtures/database.ts';
import { tablesWith } from '../fixtures/search-database.ts';
import { until } from '../fixtures/seed.ts';
import { startTestServer, type TestServer, withExamples } from '../fixtures/server.ts';
import { fillTenant, newTenant, type Tenant } from '../fixtures/tenants.ts';

const exec = promisify(execFile);
const WORD = 'planted';

it('every column is in the export, and nothing is left of any', { timeout: 600_000 }, async () => {
  await using parts = new AsyncDisposableStack();
  const server = await startTestServer({ packs: withExamples('crm') });
  parts.defer(() => server.stop());
  const account = await newTenant(server, `${WORD}0accounts0name`);
  const running = await fillTenant(server, account, 'x');
  await server.call('POST', `/api/v1/tasks/${running.taskId}/stop`, { key: account.secret });
  await addRare(server.databaseUrl, account);
  const words = await plant(server.databaseUrl, account);
  expect(words.length).toBeGreaterThan(60);

  const texts = await textsOfExport(server, account, parts);
  expect(words.filter((word) => !texts.includes(word))).toEqual([]);

  const [named] = await rowsOf(server.databaseUrl, `select name from accounts where id = '${account.id}'`);
  const removal = { body: { confirm: named?.['name'] } };
  expect((await server.call('POST', `/api/v1/accounts/${account.id}/delete`, removal)).status).toBe(200);
  const isDone = async () =>
    (await server.call('GET', `/api/v1/accounts/${account.id}/deletion`)).body.deletion.status === 'done';
  await until('it is deleted', isDone, 300_000);
  expect(await tablesWith(server.databaseUrl, `${WORD}0`)).toEqual({});
});

/** Rows of the tables in which the fixture makes none. */
async function addRare(databaseUrl: string, { id }: Tenant): Promise<void> {
  const key = `(select id from keys where account_id = '${id}' order by created_at limit 1)`;
  await run(
    databaseUrl,
    `insert into approvals (id, account_id, kind, state, key_id, billed_key_id, request_id, summary, reason, requested_at, expires_at)
       values (gen_random_uuid(), '${id}', 'command', 'denied', ${key}, ${key}, gen_random_uuid(), '', '', now(), now());
     insert into schedule_runs (id, schedule_id, account_id, scheduled_for, status, starts_at)
       select gen_random_uuid(), schedules.id, '${id}', now(), 'skipped', now() from schedules where account_id = '${id}';
     insert into model_tests (upstream, model, account_id, begun_at) values ('u', 'm', '${id}', now());
     insert into grant_counts (holder_id, counter, span, amount, updated_at) values (${key}, 'c', '2026-11', 1, now());
     insert into batches (id, account_id, key_id, authority, name, task, fills, attach, columns, notes, source,
         concurrency, status, pause_reason, note, rows, pending, invalid, created_at, updated_at, completed_at)
       values ('11111111-2222-4333-8444-555555555557', '${id}', ${key}, '{}', '', '{}', '{}', false, '{}', '{}', '',
         1, 'stopped', '{}', '', 1, 0, 0, now(), now(), now());
     insert into batch_rows (batch_id, number, input, status, error)
       values ('11111111-2222-4333-8444-555555555557', 1, '{}', 'stopped', '{}');
     insert into holds (id, account_id, kind, subject_id, reason, by_operator, created_by, created_at, released_at)
       values (gen_random_uuid(), '${id}', 'account', '${id}', '', true, ${key}, now(), now());
     insert into webhook_events (id, account_id, type, created_at, data)
       values ('11111111-2222-4333-8444-555555555555', '${id}', 'x.y', now(), '{}');
     insert into webhook_deliveries (id, account_id, event_id, url, lane, created_at, status)
       values ('11111111-2222-4333-8444-555555555556', '${id}', '11111111-2222-4333-8444-555555555555', 'u',
         gen_random_uuid(), now(), 'failed');
     insert into webhook_attempts (id, account_id, delivery_id, created_at, duration_ms, answer)
       values (gen_random_uuid(), '${id}', '11111111-2222-4333-8444-555555555556', now(), 1, '')`,
  );
}

/** Files have their words in their names, and bytes that are sealed show none. */
const NOT_PLANTED = ['tasks.files', 'tasks.artifacts', 'tasks.workspace'];
/** Its form is the database's to say, or one of a few words. */
const CHECK_VIOLATION = '23514';

/** Returns the words, each that of a column. */
async function plant(databaseUrl: string, { id }: Tenant): Promise<string[]> {
  const words: string[] = [];
  for (const [table, { account, content, setting = [] }] of Object.entries(HOLDINGS)) {
    if (account === null || table in LEFT_OUT) continue;
    const those =
      account.to === 'accounts'
        ? `${account.column} = '${id}'`
        : `${account.column} in (select id from ${account.to} where account_id = '${id}')`;
    for (const column of [...Object.keys(content), ...setting]) {
      const [typed] = await rowsOf(
        databaseUrl,
        `select format_type(atttypid, atttypmod) as type from pg_attribute where attrelid = '${table}'::regclass and attname = '${column}'`,
      );
      const word = `${WORD}0${table}0${column}`.replaceAll('_', '');
      const value = VALUES[String(typed?.['type'])]?.(word);
      if (value === undefined || NOT_PLANTED.includes(`${table}.${column}`)) continue;
      const changed = await rowsOf(
        databaseUrl,
        `update ${table} set ${column} = ${value} where ${those} returning 1 as one`,
      ).catch((error: { code?: string }) => {
        if (error.code === CHECK_VIOLATION) return null;
        throw error;
      });
      if (changed === null) continue;
      expect([table, column, changed.length > 0], 'a row of each table, in addRare').toEqual([
        table,
        column,
        true,
      ]);
      words.push(word);
    }
  }
  return words;
}

const VALUES: Readonly<Record<string, (word: string) => string>> = {
  text: (word) => `'${word}'`,
  'text[]': (word) => `array['${word}']`,
  json: (word) => `'{"w": "${word}"}'`,
  jsonb: (word) => `'{"w": "${word}"}'`,
};

/** By the operator: the account's own keys have the words in their limits. */
async function textsOfExport(
  { url, adminKey }: Pick<TestServer, 'url' | 'adminKey'>,
  { id }: Tenant,
  parts: AsyncDisposableStack,
): Promise<string> {
  const ask = async (method: string, path: string) => {
    const headers = { authorization: `Bearer ${adminKey}` };
    return fetch(`${url}/api/v1/accounts/${id}/exports${path}`, { method, headers });
  };
  const begun = (await (await ask('POST', '')).json()) as { export: { id: string } };
  const at = `/${begun.export.id}`;
  await until(
    'it is made',
    async () =>
      ((await (await ask('GET', at)).json()) as { export: { status: string } }).export.status === 'ready',
    120_000,
  );
  const folder = await mkdtemp(join(tmpdir(), 'seed-contents-'));
  parts.defer(() => rm(folder, { recursive: true, force: true }));
  const content = Buffer.from(await (await ask('GET', `${at}/parts/1`)).arrayBuffer());
  await writeFile(join(folder, 'all.tar.gz'), content);
  const { stdout } = await exec('tar', ['xzOf', join(folder, 'all.tar.gz')], { maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}
