// Brings a database up to this version of Seed: numbered SQL files, each applied once, in order, in a transaction of
// its own. Called by openStore, which holds the advisory lock that keeps several starting servers apart.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { ClientBase } from 'pg';
import { SeedError } from '../protocol/errors.ts';

const MIGRATIONS = new URL('./migrations/', import.meta.url);
const FILE_NAME = /^(\d{4})_[a-z0-9_]+\.sql$/;

interface Migration {
  number: number;
  name: string;
  text: string;
  checksum: string;
}

interface AppliedMigration {
  number: number;
  name: string;
  checksum: string;
}

/**
 * Applies what is missing and returns the names of what it applied. Throws SeedError `invalid_settings` when the
 * database is newer than this version, or an applied migration is not the file of that number any more.
 */
export async function migrate(client: ClientBase): Promise<string[]> {
  await client.query(`create table if not exists migrations (
    number integer primary key,
    name text not null,
    checksum text not null,
    applied_at timestamptz not null default now()
  )`);
  const known = await readMigrations();
  const { rows } = await client.query<AppliedMigration>(
    'select number, name, checksum from migrations order by number',
  );
  for (const applied of rows) verify(applied, known);
  const missing = known.filter(({ number }) => !rows.some((applied) => applied.number === number));
  for (const migration of missing) await apply(client, migration);
  return missing.map(({ name }) => name);
}

async function readMigrations(): Promise<Migration[]> {
  const names = (await readdir(MIGRATIONS)).filter((name) => FILE_NAME.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(new URL(name, MIGRATIONS), 'utf8');
      return {
        number: Number(name.slice(0, 4)),
        name,
        text,
        checksum: createHash('sha256').update(text).digest('hex'),
      };
    }),
  );
}

function verify(applied: AppliedMigration, known: readonly Migration[]): void {
  const migration = known.find(({ number }) => number === applied.number);
  if (!migration) {
    throw new SeedError(
      'invalid_settings',
      `The database is newer than this version of Seed: it has ${applied.name}.`,
      {
        hint: 'Start the version of Seed that this database was last used with, or a newer one.',
      },
    );
  }
  if (migration.checksum !== applied.checksum) {
    throw new SeedError(
      'invalid_settings',
      `The migration ${applied.name} was changed after it had been applied.`,
      {
        hint: 'Restore the file as it was released, and put changes into a new migration.',
      },
    );
  }
}

async function apply(client: ClientBase, migration: Migration): Promise<void> {
  await client.query('begin');
  try {
    await client.query(migration.text);
    await client.query('insert into migrations (number, name, checksum) values ($1, $2, $3)', [
      migration.number,
      migration.name,
      migration.checksum,
    ]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}
