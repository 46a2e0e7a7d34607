// The Postgres schema of a pack: its name, and what its tables must have.
import { SeedError } from '../protocol/errors.ts';
import type { Connection } from './connection.ts';

/** @param pack lower-case letters, digits and hyphens: safe to stand in a statement */
export function packSchema(pack: string): string {
  return `pack_${pack.replaceAll('-', '_')}`;
}

/** Every row belongs to an account: a table that cannot say to which would show one account's rows to another. */
export async function refuseTablesWithoutAccount(
  client: Connection,
  { name, shown }: { name: string; shown: string },
): Promise<void> {
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
