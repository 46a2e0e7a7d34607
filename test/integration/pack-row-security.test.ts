// What a command of a pack cannot get at, whatever its query says or forgets to say: rows of other accounts, Seed's
// own tables, and what would outlive its call.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../src/db/store.ts';
import { emptyDatabase, rowsOf, run } from '../fixtures/database.ts';
import { commandText, type PackFolder, packFile, packFolder } from '../fixtures/pack-folder.ts';
import { silent } from '../fixtures/store.ts';
import { type OpenPack, openPack } from '../pack.ts';

const MIGRATION = `
create table notes (account_id uuid not null, id uuid not null, text text not null, primary key (account_id, id));
create table lines (account_id uuid not null, id bigserial primary key, note_id uuid not null,
  foreign key (account_id, note_id) references notes);
create view shouted as select account_id, upper(text) as text from notes;
create function texts() returns setof text language sql as 'select text from notes';
create table days (account_id uuid not null, day date not null) partition by range (day);
create table days_2026 partition of days for values from ('2026-01-01') to ('2027-01-01');
`;

/** Runs the statements as they are, each with the rows of the one before it forgotten. */
const raw = (name: string, effect: 'read' | 'write', rest = '') =>
  commandText({
    name: `'notes ${name}'`,
    http: `'POST /notes/${name}'`,
    effect: `'${effect}'`,
    input: 'z.object({ statements: z.array(z.string()) })',
    output: 'z.object({ rows: z.array(z.unknown()) })',
    run: `async ({ statements }, { db, account }) => {
      let rows = [];
      for (const text of statements) ({ rows } = await sql.raw(text.replaceAll('$me', account.id)).execute(db));
      ${rest}
      return { rows };
    }`,
  });

let folder: PackFolder;
let mine: OpenPack;
let other: Awaited<ReturnType<OpenPack['otherAccount']>>;

beforeAll(async () => {
  const later = `setTimeout(() => sql\`select 1\`.execute(db).catch((error) => { globalThis.seedTestLate = error; }));`;
  folder = await packFolder({
    'notes/pack.ts': packFile('notes', raw('look', 'read'), raw('change', 'write'), raw('late', 'write', later)),
    'notes/migrations/0001_notes.sql': MIGRATION,
  });
  mine = await openPack(new URL('notes/pack.ts', folder.settings.folder));
  other = await mine.otherAccount();
  for (const account of [mine, other]) {
    await account.call('notes change', {
      statements: [
        `insert into notes values ('$me', '${randomUUID()}', '${account === mine ? 'mine' : 'theirs'}')`,
        `insert into lines (account_id, note_id) select account_id, id from notes`,
        `insert into days values ('$me', '2026-05-05')`,
      ],
    });
  }
});
afterAll(async () => {
  await mine?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

const look = async (...statements: string[]) => (await mine.call('notes look', { statements })).rows;
const change = async (...statements: string[]) => (await mine.call('notes change', { statements })).rows;

describe('a query that forgets its where', () => {
  it.each(['notes', 'shouted', 'lines', 'days', 'days_2026'])(
    'sees of %s only rows of the account',
    async (table) => {
      const rows = await look(`select account_id from ${table}`);
      expect(rows).toHaveLength(1);
    },
  );

  it('sees no more by a function, a join, a count or a row that is locked', async () => {
    expect(await look('select texts() as text')).toEqual([{ text: 'mine' }]);
    expect(await look('select count(*) from notes a, notes b')).toEqual([{ count: 1 }]);
    expect(await change('select text from notes for update')).toEqual([{ text: 'mine' }]);
  });

  it('changes and deletes nothing else', async () => {
    await change(`update notes set text = 'changed'`, 'delete from lines');
    expect(await mine.sql('select text from notes order by text')).toEqual([
      { text: 'changed' },
      { text: 'theirs' },
    ]);
    expect(await mine.sql('select from lines')).toHaveLength(1);
    await change(`update notes set text = 'mine'`);
  });

  it('writes no row of another account, and gives none away', async () => {
    const stranger = randomUUID();
    await expect(change(`insert into notes values ('${stranger}', '${randomUUID()}', 'x')`)).rejects.toThrow(
      /row-level security/,
    );
    await expect(change(`update notes set account_id = '${stranger}'`)).rejects.toThrow(/row-level security/);
  });
});

describe('a command cannot get out by', () => {
  const refusedByRule = /which a command may not/;
  it.each([
    'reset role',
    'set role none',
    'set local role postgres',
    'SET SESSION AUTHORIZATION DEFAULT',
    'reset all',
    'discard all',
    `set local seed.account = '${randomUUID()}'`,
    '/* select */ reset role',
    '/* /* */ select */ reset role',
    '-- select\rreset role',
    "do $$ begin execute 'reset role'; end $$",
    'copy notes to stdout',
    "copy (select 1) to program 'true'",
    'declare c cursor with hold for select * from notes',
    'fetch all from c',
    'prepare p as select 1',
    'execute p',
    'listen keys',
    "notify keys, 'x'",
    'unlisten *',
    'commit',
    'rollback',
    'begin',
    'create table loot (account_id uuid)',
    'create function f() returns void language sql as $$ $$',
    'call f()',
    'alter table notes disable row level security',
    'drop policy seed_account on notes',
    'truncate notes',
    'grant all on notes to public',
    'explain analyze select 1',
    'vacuum',
    "load 'x'",
    "select set_config('role', 'none', true)",
    `select pg_catalog."set_config"('role', 'none', true)`,
    `select U&"set\\005Fconfig"('role', 'none', true)`,
    "select SET_CONFIG('seed.account', '', true)",
    "update pg_settings set setting = 'none' where name = 'role'",
    "select query_to_xml('select 1', true, false, '')",
    "with x as (select query_to_xml('select set_' || 'config(1)', true, false, '')) select * from x",
    "select * from ts_stat('select 1')",
    "select lo_from_bytea(0, 'x')",
    "select pg_notify('keys', 'x')",
    'select pg_advisory_lock(1)',
    'select pg_try_advisory_lock(5333001)',
  ])('%s', async (statement) => {
    await expect(change(statement)).rejects.toMatchObject({ code: 'internal', message: refusedByRule });
    expect(await look('select current_user as role')).toEqual([{ role: 'seed_packs' }]);
  });

  it.each(['select 1; reset role', 'select 1; select 2'])('a second statement: %s', async (statement) => {
    await expect(change(statement)).rejects.toThrow(/multiple commands/);
  });

  it.each([
    'select * from public.keys',
    'select * from public.accounts',
    'select * from public.pack_migrations',
    'select * from pgboss.job',
    'select * from pg_authid',
    "select pg_read_file('/etc/passwd')",
    'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()',
    "select setval('lines_id_seq', 1)",
  ])('what its role may not: %s', async (statement) => {
    await expect(change(statement)).rejects.toThrow(/permission denied/);
  });

  it('what it would leave behind for the next call on its connection', async () => {
    await expect(change('select * into temporary table notes from notes')).rejects.toMatchObject({
      code: 'internal',
    });
    expect(await look('select text from notes')).toEqual([{ text: 'mine' }]);
  });

  it('what Postgres tells of others: statistics and running statements', async () => {
    expect(await look("select * from pg_stats where schemaname = 'pack_notes'")).toEqual([]);
    const seen = await look('select distinct query from pg_stat_activity where usename is not null');
    expect(JSON.stringify(seen)).not.toMatch(/insert|update/);
  });

  it('a statement that it sends when it has returned', async () => {
    await mine.call('notes late', { statements: [] });
    const late = () => (globalThis as { seedTestLate?: Error }).seedTestLate;
    // Seed refuses it until the commit, and Kysely from then on.
    const refused = /after it has returned|Transaction is already committed/;
    await expect.poll(late).toMatchObject({ message: expect.stringMatching(refused) });
  });

  it('anything at all, if its role were changed all the same: the call is undone', async () => {
    const breakOut = `create function pack_notes.escape() returns text language sql as 'select set_config(''role'', ''none'', true)'`;
    await mine.sql(breakOut);
    const text = `insert into notes values ('$me', '${randomUUID()}', 'out')`;
    await expect(change('select escape()', text)).rejects.toThrow(/changed who asks/);
    await mine.sql('drop function pack_notes.escape()');
    expect(await mine.sql(`select from notes where text = 'out'`)).toEqual([]);
  });
});

it('keeps what statements about rows need: savepoints, locks of the call, and its own order of constraints', async () => {
  const statements = ['savepoint a', 'rollback to savepoint a', 'release a', 'set constraints all immediate'];
  expect(await change(...statements, 'select pg_advisory_xact_lock(7)', '((values (1)))')).toHaveLength(1);
});

describe('a start', () => {
  const start = async (migrations: Record<string, string>, databaseUrl: string, rowSecurity = true) => {
    const files = Object.entries(migrations).map(([name, text]) => [`notes/migrations/${name}`, text]);
    await using packs = await packFolder(Object.fromEntries(files));
    const migrationsFolder = new URL('notes/migrations/', packs.settings.folder);
    const tables = [{ name: 'notes', migrationsFolder, shown: 'packs/notes/migrations' }];
    await (await openStore({ databaseUrl, log: silent, packs: { tables, rowSecurity } })).close();
  };
  const guarded = (databaseUrl: string) =>
    rowsOf(
      databaseUrl,
      `select relname from pg_class where relnamespace = 'pack_notes'::regnamespace and relforcerowsecurity order by 1`,
    );
  const NOTES = 'create table notes (account_id uuid not null, id uuid not null);';

  it('gives the tables that are there already what they lack, and leaves alone what they have', async () => {
    await using database = await disposable();
    await start({ '0001_notes.sql': NOTES }, database.url, false);
    expect(await guarded(database.url)).toEqual([]);
    await start({ '0001_notes.sql': NOTES }, database.url);
    expect(await guarded(database.url)).toEqual([{ relname: 'notes' }]);
    const policies = `select oid, polname from pg_policy order by polname`;
    const before = await rowsOf(database.url, policies);
    expect(before.map(({ polname }) => polname)).toEqual(['seed_account', 'seed_owner']);
    await start({ '0001_notes.sql': NOTES }, database.url);
    expect(await rowsOf(database.url, policies)).toEqual(before);
  });

  it.each([
    [
      'a SECURITY DEFINER function',
      `create function f() returns void security definer language sql as '';`,
      /the function f is SECURITY DEFINER/,
    ],
    ['a materialized view', 'create materialized view m as select * from notes;', /the materialized view m/],
    ['a policy that shows more', 'create policy p on notes using (true);', /the policy p of notes/],
    ['a rule', 'create rule r as on delete to notes do instead nothing;', /the rule r of notes/],
  ])('refuses %s, and applies nothing', async (_, more, message) => {
    await using database = await disposable();
    await expect(start({ '0001_notes.sql': NOTES + more }, database.url)).rejects.toMatchObject({
      code: 'invalid_settings',
      message,
      hint: expect.any(String),
    });
    expect(await rowsOf(database.url, 'select from pack_migrations')).toEqual([]);
  });

  it('on a database whose user may make no roles says which SQL to run, and works by it', async () => {
    await using database = await disposable();
    const user = `seed_plain_${randomUUID().replaceAll('-', '')}`;
    const url = new URL(database.url);
    [url.username, url.password] = [user, 'x'];
    const name = url.pathname.slice(1);
    await run(database.url, `create role ${user} login password 'x'`);
    await run(database.url, `alter database ${name} owner to ${user}`);
    await run(database.url, `alter schema public owner to ${user}`);
    try {
      const two = { '0001_notes.sql': NOTES };
      const refused = await start(two, url.href).catch((error) => error);
      expect(refused).toMatchObject({ code: 'invalid_settings', message: expect.stringContaining(user) });
      const [, statement = ''] = /(grant seed_packs to "\w+");/.exec(refused.hint) ?? [];
      expect(refused.hint).toContain('SEED_PACK_ROW_SECURITY=off');
      await start(two, url.href, false);
      await run(database.url, statement);
      await start(two, url.href);
      expect(await guarded(database.url)).toEqual([{ relname: 'notes' }]);
      // A later migration still sees the rows of every account, although FORCE holds owners to policies.
      const account = randomUUID();
      await run(url.href, `insert into pack_notes.notes values ('${account}', '${account}')`);
      const more = { ...two, '0002_more.sql': `alter table notes add column n int; update notes set n = 1;` };
      await start(more, url.href);
      expect(await rowsOf(url.href, 'select n from pack_notes.notes')).toEqual([{ n: 1 }]);
      expect(
        await rowsOf(url.href, 'begin', 'set local role seed_packs', 'select * from pack_notes.notes'),
      ).toEqual([]);
    } finally {
      await run(database.url, `reassign owned by ${user} to current_user`);
      await run(database.url, `drop owned by ${user}`);
      await run(database.url, `drop role ${user}`);
    }
  });
});

async function disposable(): Promise<AsyncDisposable & { url: string }> {
  const { databaseUrl, drop } = await emptyDatabase();
  return { url: databaseUrl, [Symbol.asyncDispose]: drop };
}
