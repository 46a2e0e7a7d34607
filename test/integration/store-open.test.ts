// Opening a store: migrations by several servers at once, a newer database, a database that is not there (yet).
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startEmbeddedPostgres } from '../../src/db/embedded/start-embedded.ts';
import { openStore } from '../../src/db/store.ts';
import { emptyDatabase, rowsOf, run, type TestDatabase } from '../fixtures/database.ts';
import { silent } from '../fixtures/store.ts';

let database: TestDatabase;

beforeEach(async () => {
  database = await emptyDatabase();
});
afterEach(() => database.drop());

const open = (databaseUrl = database.databaseUrl) => openStore({ databaseUrl, log: silent });

test('five servers that start at once on an empty database all come up, each migration applied once', async () => {
  const stores = await Promise.all(Array.from({ length: 5 }, () => open()));
  for (const store of stores) await store.check();
  const [store] = stores;
  const applied = await store?.db
    .withTables<{ migrations: { name: string } }>()
    .selectFrom('migrations')
    .select('name')
    .execute();
  const files = await readdir(new URL('../../src/db/migrations/', import.meta.url));
  expect(applied?.map(({ name }) => name).sort()).toEqual(files.sort());
  await Promise.all(stores.map((each) => each.close()));
});

test('a database newer than the code is refused', async () => {
  await (await open()).close();
  await run(database.databaseUrl, `insert into migrations values (9999, '9999_from_the_future.sql', 'x')`);
  await expect(open()).rejects.toMatchObject({
    code: 'invalid_settings',
    message: expect.stringContaining('9999_from_the_future'),
  });
});

test('a database with a migration that is not known is used where that says that this version may stay', async () => {
  await (await open()).close();
  const [{ newest }] = (await rowsOf(database.databaseUrl, 'select max(number) as newest from migrations')) as [
    { newest: number },
  ];
  const from = (number: number) => `insert into migrations (number, name, checksum, servers_from)
    values (9998, '9998_next.sql', 'x', ${number}) on conflict (number) do update set servers_from = ${number}`;
  await run(database.databaseUrl, from(newest));
  const store = await open();
  await store.check();
  await store.close();
  await run(database.databaseUrl, from(newest + 1));
  await expect(open()).rejects.toMatchObject({ message: expect.stringContaining('9998_next') });
  // Each that is not known is asked, and not the newest alone.
  await run(database.databaseUrl, from(newest));
  await run(database.databaseUrl, `insert into migrations values (9997, '9997_alone.sql', 'x')`);
  await expect(open()).rejects.toMatchObject({ message: expect.stringContaining('9997_alone') });
});

test('a store that waits for migrations names what is missing, and applies nothing', async () => {
  const opening = openStore({ databaseUrl: database.databaseUrl, log: silent, waitForMigrationsMs: 0 });
  await expect(opening).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('0001_accounts_keys_tasks.sql first'),
    hint: expect.stringContaining('seed migrate'),
  });
  expect(await rowsOf(database.databaseUrl, `select to_regclass('migrations') as made`)).toEqual([{ made: null }]);
});

test('a migration changed after it was applied is refused', async () => {
  await (await open()).close();
  await run(database.databaseUrl, `update migrations set checksum = 'other' where number = 1`);
  await expect(open()).rejects.toMatchObject({
    code: 'invalid_settings',
    message: expect.stringContaining('0001_'),
  });
});

test('a database that does not exist is reported at once, without the password', async () => {
  const url = new URL(database.databaseUrl);
  url.pathname = '/no_such_database';
  if (!url.password) url.password = 'hunter2';
  const error = await open(url.href).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: 'unavailable', message: expect.stringContaining('no_such_database') });
  expect(JSON.stringify([error, String(error)])).not.toContain(url.password);
});

test('a text that is no Postgres URL is refused without being repeated', async () => {
  const error = await open('postgres://user:hunter2@[broken/').catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: 'invalid_settings' });
  expect(String(error)).not.toContain('hunter2');
});

test('a database that is just starting is waited for', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'seed-test-'));
  const first = await startEmbeddedPostgres({ dataDir, log: silent });
  await first.stop();
  const opening = open(first.databaseUrl);
  const second = await startEmbeddedPostgres({ dataDir, log: silent });
  const store = await opening;
  await store.check();
  await store.close();
  await second.stop();
  await rm(dataDir, { recursive: true });
});
