import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { readMigrations, refuseTransactionControl } from './migrate.ts';

test.each([
  'create table a (x int); commit; create table b (y int);',
  'BEGIN;\ncreate table a (x int);',
  '-- a comment\n  start   transaction; select 1',
  'select 1; /* why */ rollback;',
  "select 'it''s'; end",
  'select $$ quoted $$; savepoint s;',
  "prepare transaction 'x'",
])('%s has its own', (text) => {
  expect(() => refuseTransactionControl(text, 'notes/0001.sql')).toThrow('notes/0001.sql cannot be applied');
});

test.each([
  'create table commits (begin text, "end" text);',
  "insert into a values ('x; commit; y'); -- commit;",
  "select e'it\\'s; commit;'",
  'create function f() returns trigger language plpgsql as $body$ begin; commit; return new; end; $body$;',
  'create function g() returns int begin atomic select 1; select 2; end; create table a (x int);',
  '/* commit; */ create index on a (x);',
  'set transaction isolation level serializable;',
])('%s has none', (text) => {
  refuseTransactionControl(text, 'notes/0001.sql');
});

test('which older servers may stay beside a migration is read from the comments that it begins with', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'seed-migrations-'));
  const texts = {
    '0001_first.sql': '-- servers from: 0\ncreate table a (x int);',
    '0002_after_others.sql': '-- What it is for.\n\n-- servers from: 0001\ncreate table b (x int);',
    '0003_without.sql': '-- What it is for.\ncreate table c (x int);',
    '0004_too_late.sql': 'create table d (x int);\n-- servers from: 0001\n',
    '0005_in_words.sql': '-- servers from: the one before\n-- servers from: 12345\ncreate table e (x int);',
  };
  for (const [name, text] of Object.entries(texts)) await writeFile(join(folder, name), text);
  const migrations = await readMigrations(pathToFileURL(`${folder}/`), 'migrations');
  await rm(folder, { recursive: true });
  expect(migrations.map(({ serversFrom }) => serversFrom)).toEqual([0, 1, null, null, null]);
});
