// An account with 5,000 tasks: servers are killed while it is exported and while it is deleted, and another goes on.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { generateKeySecret } from '../../src/lib/key-secret.ts';
import { rowsOf, run, testDatabase } from '../fixtures/database.ts';
import { tablesWith } from '../fixtures/search-database.ts';
import { until } from '../fixtures/seed.ts';
import type { AnyBody } from '../fixtures/server.ts';
import { startServerProcess } from '../fixtures/server-process.ts';

const TASKS = 5_000;
const EVENTS_EACH = 10;
const EVENT_BYTES = 4_000;
const WITHIN_MS = 480_000;
const MB = 1024 * 1024;
/** Of each server, at most. */
const HEAP_MB = 128;

it('goes on where a server was killed, and takes little memory', { timeout: 1_800_000 }, async () => {
  await using parts = new AsyncDisposableStack();
  const database = await testDatabase();
  parts.defer(() => database.drop());
  const dataDir = await mkdtemp(join(tmpdir(), 'seed-accounts-'));
  parts.defer(() => rm(dataDir, { recursive: true, force: true }));
  const adminKey = generateKeySecret();
  const start = async () => {
    const server = await startServerProcess({
      DATABASE_URL: database.databaseUrl,
      SEED_DATA_DIR: dataDir,
      SEED_ADMIN_KEY: adminKey,
      // The rows of the account would not go into it.
      NODE_OPTIONS: `--max-old-space-size=${HEAP_MB}`,
    });
    parts.defer(() => server.stop());
    const call = async (method: string, path: string, body?: object): Promise<AnyBody> => {
      const response = await fetch(`${server.url}/api/v1/accounts${path}`, {
        method,
        headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
      });
      return response.json();
    };
    const kill = async () => {
      server.child.kill('SIGKILL');
      await until('it is dead', () => server.child.exitCode !== null || server.child.signalCode !== null);
    };
    return { call, kill, server };
  };
  const first = await start();
  const { account } = await first.call('POST', '', { name: 'large' });
  await addTasks(database.databaseUrl, account.id);

  const { export: begun } = await first.call('POST', `/${account.id}/exports`);
  const rowOf = async () =>
    (await rowsOf(database.databaseUrl, `select * from account_exports where id = '${begun.id}'`))[0];
  await until('it is under way', async () => (await rowOf())?.['as_of'] !== null, WITHIN_MS);
  await first.kill();
  expect((await rowOf())?.['status']).toBe('running');
  // Nobody waits for the claim of the dead.
  await run(database.databaseUrl, 'update account_exports set claimed_until = now()');

  const second = await start();
  const before = await second.server.residentBytes();
  let most = before;
  const made = await until(
    'another has made it',
    async () => {
      most = Math.max(most, await second.server.residentBytes());
      const { export: seen } = await second.call('GET', `/${account.id}/exports/${begun.id}`);
      expect(seen.error).toBeNull();
      return seen.status === 'ready' && seen;
    },
    WITHIN_MS,
  );
  expect(made.counts).toMatchObject({ tasks: TASKS, events: TASKS * EVENTS_EACH, keys: 1 });
  expect((await rowOf())?.['attempts']).toBe(2);
  // It has read 200 MB. Measured: 8 more than right after its start, and 170 where Node may take what heap it likes.
  expect((most - before) / MB).toBeLessThan(100);

  await second.call('POST', `/${account.id}/delete`, { confirm: 'large' });
  const gone = async () =>
    Number((await rowsOf(database.databaseUrl, 'select rows from account_deletions'))[0]?.['rows']);
  await until('it is in the middle', async () => (await gone()) > 2_000, WITHIN_MS);
  await second.kill();
  expect(await gone()).toBeLessThan(TASKS * EVENTS_EACH);
  await run(database.databaseUrl, 'update account_deletions set claimed_until = now()');

  const third = await start();
  const deletion = await until(
    'another has deleted the rest',
    async () => {
      const { deletion: seen } = await third.call('GET', `/${account.id}/deletion`);
      return seen.status === 'done' && seen;
    },
    WITHIN_MS,
  );
  expect(deletion.rows).toBeGreaterThan(TASKS * (EVENTS_EACH + 1));
  expect(Object.keys(await tablesWith(database.databaseUrl, account.id, 'large-w0rd')).sort()).toEqual([
    'public.account_deletions',
    'public.audit',
  ]);
});

async function addTasks(databaseUrl: string, accountId: string): Promise<void> {
  await run(
    databaseUrl,
    `with key as (select id from keys where account_id = '${accountId}'), made as (
       insert into tasks (id, account_id, key_id, billed_key_id, status, instruction, scopes, timeout_ms, model, metadata,
         created_at, completed_at, resources, last_seq)
       select gen_random_uuid(), '${accountId}', key.id, key.id, 'completed', 'large-w0rd', '{"requested": [], "effective": [], "denied": []}',
         1000, 'm', '{}', now(), now(), '{"vcpus": 1, "memoryMb": 1, "diskMb": 1, "processes": 1}', ${EVENTS_EACH}
       from key, generate_series(1, ${TASKS}) returning id
     )
     insert into events (task_id, seq, created_at, body)
     select made.id, seq, now(), jsonb_build_object('type', 'diagnostic', 'text', repeat('large-w0rd', ${EVENT_BYTES / 10}))
     from made, generate_series(1, ${EVENTS_EACH}) as seq`,
  );
}
