import { expect, test } from 'vitest';
import { refuseTransactionControl } from './migrate.ts';

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
