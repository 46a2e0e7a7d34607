// The tables of packs, those of packs that are off included: each of their rows says whose it is. Read by
// delete-rows.ts.
import { sql } from 'kysely';
import { packSchema } from '../../db/pack-schema.ts';
import type { Db } from '../../db/tables.ts';

export interface PackTable {
  schema: string;
  table: string;
}

/** Those with foreign keys before those that they lead to. */
export async function packTables(db: Db): Promise<PackTable[]> {
  const { rows } = await sql<PackTable & { oid: number; needs: number[] }>`
    select nspname as schema, relname as table, pg_class.oid::integer as oid, array(
      select confrelid::integer from pg_constraint
      where contype = 'f' and conrelid = pg_class.oid and confrelid <> conrelid
    ) as needs
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where relkind in ('r', 'p') and not relispartition
      and nspname in (select ${packSchema('')} || replace(pack, '-', '_') from pack_migrations)
      and exists (select from pg_attribute where attrelid = pg_class.oid and attname = 'account_id')
    order by nspname, relname`.execute(db);
  const ordered: typeof rows = [];
  const left = new Set(rows);
  while (left.size > 0) {
    const isNeeded = ({ oid }: { oid: number }) => [...left].some(({ needs }) => needs.includes(oid));
    const free = [...left].filter((row) => !isNeeded(row));
    // In a circle none is: then the constraints have to be deferred, or the rows to go by themselves.
    const next = free.length > 0 ? free : [...left];
    for (const row of next) left.delete(row);
    ordered.push(...next);
  }
  return ordered;
}
