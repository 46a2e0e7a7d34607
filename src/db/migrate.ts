// Brings a database up to this version of Seed and its packs: numbered SQL files, each applied once, in order. Of
// Seed's own each is a transaction; those of a pack are one, with what is demanded of its tables: all are applied
// or none. Called by openStore, which holds the advisory lock that keeps several starting servers apart.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { DatabaseError } from 'pg';
import { SeedError } from '../protocol/errors.ts';
import type { Connection } from './connection.ts';
import { ensurePackRole, hasPackRole, PACK_ROLE } from './pack-role.ts';
import { packSchema } from './pack-schema.ts';
import { guardTables, unguarded } from './row-security.ts';

export interface PackTables {
  name: string;
  migrationsFolder: URL;
  /** The folder as messages name it. */
  shown: string;
}

export interface Packs {
  tables: readonly PackTables[];
  /** Their tables show and take only rows of the account of the call. */
  rowSecurity: boolean;
}

/** Whose migrations they are, and where it is written down which of them are applied. */
interface Owner {
  name: string;
  folder: URL;
  shown: string;
  applied(client: Connection): Promise<AppliedMigration[]>;
  /** Called before the migration and in its transaction, as `record` is after it. */
  prepare(client: Connection): Promise<void>;
  record(client: Connection, migration: Migration): Promise<void>;
}

type AppliedMigration = Omit<Migration, 'text'>;

/** `servers_from` came with 0055, and whoever reads it may be waiting for that. */
const COLUMNS = (table: string) =>
  `number, name, checksum, (to_jsonb(${table})->>'servers_from')::integer as "serversFrom"`;

/**
 * Applies what is missing and returns the names of that. Throws SeedError `invalid_settings` when the database is
 * newer than this version, an applied migration was changed, or one of a pack fails or leaves a table unfit.
 */
export async function migrate(
  client: Connection,
  packs: Packs = { tables: [], rowSecurity: true },
): Promise<string[]> {
  const own = await missingOf(client, SEED);
  for (const migration of own) await inTransaction(client, () => apply(client, migration, SEED));
  const names = own.map(({ name }) => name);
  const guarded = packs.rowSecurity && packs.tables.length > 0;
  if (guarded) await ensurePackRole(client);
  for (const pack of packs.tables) {
    names.push(...(await inTransaction(client, () => migratePack(client, pack, packs.rowSecurity))));
  }
  return names;
}

/** In a transaction of the caller's. Returns the names of what was applied. */
async function migratePack(client: Connection, pack: PackTables, rowSecurity: boolean): Promise<string[]> {
  const owner = ownerOf(pack);
  const missing = await missingOf(client, owner);
  for (const { name, text } of missing) refuseTransactionControl(text, `${pack.shown}/${name}`);
  for (const migration of missing) await apply(client, migration, owner);
  await refuseTablesWithoutAccount(client, pack);
  if (rowSecurity) await guardTables(client, pack.name, pack.shown);
  return missing.map(({ name }) => `${pack.name}/${name}`);
}

/**
 * Does what a start would do for the packs, each for itself, and undoes it.
 * @returns what a start would say, an error each
 */
export async function rehearse(client: Connection, packs: Packs): Promise<unknown[]> {
  const said: unknown[] = [];
  const note = (error: unknown) => void said.push(error);
  if (packs.rowSecurity && packs.tables.length > 0) await ensurePackRole(client).catch(note);
  // Without the role nothing can be granted to it.
  const rowSecurity = packs.rowSecurity && said.length === 0;
  for (const pack of packs.tables) {
    await client.query('begin');
    await migratePack(client, pack, rowSecurity).catch(note);
    await client.query('rollback');
  }
  return said;
}

/**
 * What `migrate` would apply now, by name; changes nothing, and needs no lock.
 * @throws SeedError invalid_settings as `migrate`
 */
export async function missingMigrations(client: Connection, packs: Packs): Promise<string[]> {
  const { rows } = await client.query(
    `select from pg_class where oid in (to_regclass('migrations'), to_regclass('pack_migrations'))`,
  );
  if (rows.length < 2) return (await readMigrations(SEED.folder, SEED.shown)).map(({ name }) => name);
  const missing = (await missingOf(client, SEED)).map(({ name }) => name);
  for (const pack of packs.tables) {
    missing.push(...(await missingOf(client, ownerOf(pack))).map(({ name }) => `${pack.name}/${name}`));
  }
  return missing;
}

/** The same, and what else the packs need before a server can work: their role, and the guard of their tables. */
export async function missingWork(client: Connection, packs: Packs): Promise<string[]> {
  const missing = await missingMigrations(client, packs);
  if (missing.length > 0 || !packs.rowSecurity || packs.tables.length === 0) return missing;
  if (!(await hasPackRole(client))) return [`the role ${PACK_ROLE}`];
  for (const { name, shown } of packs.tables) {
    if ((await unguarded(client, name, shown)).length > 0) missing.push(`the row security of the pack ${name}`);
  }
  return missing;
}

async function missingOf(client: Connection, owner: Owner): Promise<Migration[]> {
  const applied = await owner.applied(client);
  const known = await readMigrations(owner.folder, owner.shown);
  for (const migration of applied) verify(migration, known, owner);
  return known.filter(({ number }) => !applied.some((other) => other.number === number));
}

function verify(applied: AppliedMigration, known: readonly Migration[], owner: Owner): void {
  const migration = known.find(({ number }) => number === applied.number);
  if (!migration && takesServersOf(applied, known)) return;
  if (!migration)
    throw new SeedError(
      'invalid_settings',
      `The database is newer than this version of ${owner.name}: it has ${applied.name}.`,
      { hint: 'Start the version that this database was last used with, or a newer one.' },
    );
  if (migration.checksum !== applied.checksum)
    throw new SeedError(
      'invalid_settings',
      `The migration ${owner.shown}/${applied.name} was changed after it had been applied.`,
      { hint: 'Restore the file as it was, and put changes into a new migration.' },
    );
}

/** Whether a version that does not know this migration may work beside those that do, as its header says. */
function takesServersOf({ serversFrom }: AppliedMigration, known: readonly Migration[]): boolean {
  const newest = Math.max(0, ...known.map(({ number }) => number));
  return serversFrom !== null && newest >= serversFrom;
}

async function inTransaction<Result>(client: Connection, work: () => Promise<Result>): Promise<Result> {
  await client.query('begin');
  try {
    const result = await work();
    await client.query('commit');
    return result;
  } catch (error) {
    // Where that fails there is no connection any more, and nothing to roll back.
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

async function apply(client: Connection, migration: Migration, owner: Owner): Promise<void> {
  await owner.prepare(client);
  await client.query(migration.text).catch((cause: DatabaseError | SeedError) => {
    if (cause instanceof SeedError) throw cause;
    const line = migration.text.slice(0, Number(cause.position ?? 0)).split('\n').length;
    const where = `${owner.shown}/${migration.name}${cause.position === undefined ? '' : `:${line}`}`;
    throw new SeedError('invalid_settings', `${where} cannot be applied: ${cause.message}`, { cause });
  });
  await owner.record(client, migration);
}

const SEED: Owner = {
  name: 'Seed',
  folder: new URL('./migrations/', import.meta.url),
  shown: 'src/db/migrations',
  async applied(client) {
    const { rows: there } = await client.query(`select from pg_class where oid = to_regclass('migrations')`);
    if (there.length === 0) return [];
    const { rows } = await client.query<AppliedMigration>(`select ${COLUMNS('migrations')} from migrations`);
    return rows;
  },
  async prepare(client) {
    await client.query(`create table if not exists migrations (
      number integer primary key,
      name text not null,
      checksum text not null,
      applied_at timestamptz not null default now()
    )`);
  },
  async record(client, { number, name, checksum, serversFrom }) {
    const row = [number, name, checksum];
    await client.query('insert into migrations (number, name, checksum) values ($1, $2, $3)', row);
    if (serversFrom === null) return;
    // Those before 0055 can say it, too.
    await client.query('alter table migrations add column if not exists servers_from integer');
    await client.query('update migrations set servers_from = $2 where number = $1', [number, serversFrom]);
  },
};

function ownerOf(pack: PackTables): Owner {
  return {
    name: `the pack ${pack.name}`,
    folder: pack.migrationsFolder,
    shown: pack.shown,
    async applied(client) {
      const statement = `select ${COLUMNS('pack_migrations')} from pack_migrations where pack = $1`;
      return (await client.query<AppliedMigration>(statement, [pack.name])).rows;
    },
    async prepare(client) {
      await client.query(`create schema if not exists ${packSchema(pack.name)}`);
      await client.query(`set local search_path to ${packSchema(pack.name)}`);
    },
    async record(client, { number, name, checksum, serversFrom }) {
      await client.query('set local search_path to default');
      const row = [pack.name, number, name, checksum, serversFrom];
      const statement = `insert into pack_migrations (pack, number, name, checksum, servers_from)
        values ($1, $2, $3, $4, $5)`;
      await client.query(statement, row);
    },
  };
}

/** Every row belongs to an account: a table that cannot say to which would show one account's rows to another. */
async function refuseTablesWithoutAccount(client: Connection, { name, shown }: PackTables): Promise<void> {
  const { rows } = await client.query<{ table_name: string }>(
    `select table_name from information_schema.tables t
     where table_schema = $1 and table_type = 'BASE TABLE' and not exists (
       select from information_schema.columns c
       where c.table_schema = t.table_schema and c.table_name = t.table_name
         and column_name = 'account_id' and data_type = 'uuid' and is_nullable = 'NO')
     order by table_name`,
    [packSchema(name)],
  );
  const [first] = rows;
  if (!first) return;
  throw new SeedError('invalid_settings', `${shown}: the table ${first.table_name} has no account_id.`, {
    hint: 'Every row belongs to an account: give each table of the pack a column "account_id uuid not null".',
  });
}

/** In the comments that a migration begins with: older servers that know this number may stay. */
const SERVERS_FROM = /^(?:--.*\n|\s*\n)*?-- servers from: (\d{1,4})\s*(?:\n|$)/;
const FILE_NAME = /^(\d{4})_[a-z0-9_]+\.sql$/;

export interface Migration {
  number: number;
  name: string;
  text: string;
  checksum: string;
  /** The newest migration that a server has to know to work on a database with this one; null: this one itself. */
  serversFrom: number | null;
}

/**
 * In the order of their numbers.
 * @param shown the folder as messages name it
 * @throws SeedError invalid_settings for a name that is no migration's, or a number that is there twice
 */
export async function readMigrations(folder: URL, shown: string): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  const migrations = await Promise.all(names.map((name) => readMigration(folder, name, shown)));
  for (const [index, { number, name }] of migrations.entries()) {
    const twin = migrations[index - 1];
    if (twin?.number === number) throw wrong(`${shown}/${name} has the number of ${twin.name}.`);
  }
  return migrations;
}

async function readMigration(folder: URL, name: string, shown: string): Promise<Migration> {
  const number = FILE_NAME.exec(name)?.[1];
  if (number === undefined)
    throw wrong(`${shown}/${name} is not called like a migration, such as 0001_contacts.sql.`);
  const text = await readFile(new URL(name, folder), 'utf8');
  const checksum = createHash('sha256').update(text).digest('hex');
  const from = SERVERS_FROM.exec(text)?.[1];
  return { number: Number(number), name, text, checksum, serversFrom: from === undefined ? null : Number(from) };
}

const wrong = (message: string) => new SeedError('invalid_settings', message);

/** What holds no statement: comments, strings and names in quotes, and bodies between dollar signs. */
const OPAQUE =
  /--[^\n]*|\/\*[\s\S]*?\*\/|\be'(?:\\.|''|[^'\\])*'|'(?:''|[^'])*'|"(?:""|[^"])*"|(\$\w*\$)[\s\S]*?\1/gi;
/** The bodies of functions that are written as SQL: their `end` is none of a transaction. */
const SQL_BODY = /\bbegin\s+atomic\b[\s\S]*?\bend\b/gi;
const CONTROL =
  /^(begin|start\s+transaction|commit|end|rollback|abort|savepoint|release|prepare\s+transaction)\b/i;

/** @throws SeedError invalid_settings for a text with a statement that begins or ends a transaction */
export function refuseTransactionControl(text: string, shown: string): void {
  const statements = text.replace(OPAQUE, ' ').replace(SQL_BODY, ' ').split(';');
  const word = statements.map((statement) => CONTROL.exec(statement.trim())?.[0]).find(Boolean);
  if (word === undefined) return;
  throw new SeedError(
    'invalid_settings',
    `${shown} cannot be applied: it has a ${word.toUpperCase()} of its own.`,
    { hint: 'Leave it out: the new migrations of a pack are one transaction, applied all or not at all.' },
  );
}
