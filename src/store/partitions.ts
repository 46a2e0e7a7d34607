// The partitions of tables that grow by the thousand: one per UTC day, made ahead, dropped whole when too old. Called by
// the server when it starts and every few hours (server/partition-care.ts).
import { sql } from 'kysely';
import { ADVISORY_LOCKS } from './advisory-locks.ts';
import type { Store } from './store.ts';
import type { Tx } from './tables.ts';

const TABLES = ['calls', 'model_calls', 'compute'] as const;
const DAYS_AHEAD = 7;
const DAY_MS = 86_400_000;

/**
 * Makes the partitions of today and the days ahead, and drops those whose every row is older than `before`; null keeps all.
 * Returns the names of those that were dropped.
 */
export async function carePartitions(store: Store, before: Date | null): Promise<string[]> {
  return store.db.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(${ADVISORY_LOCKS.partitions})`.execute(tx);
    const dropped: string[] = [];
    for (const table of TABLES) {
      const there = await partitionsOf(tx, table);
      for (let day = 0; day <= DAYS_AHEAD; day += 1) {
        await makePartition(tx, table, new Date(store.clock.now().getTime() + day * DAY_MS), there);
      }
      if (before === null) continue;
      const last = partitionName(table, new Date(before.getTime() - DAY_MS));
      for (const name of there.filter((one) => isDated(one) && one <= last)) {
        await sql`drop table ${sql.id(name)}`.execute(tx);
        dropped.push(name);
      }
      await sql`delete from ${sql.id(`${table}_default`)} where created_at < ${before}`.execute(tx);
    }
    return dropped;
  });
}

/** `calls_20261124`: names sort by day. */
function partitionName(table: string, day: Date): string {
  return `${table}_${day.toISOString().slice(0, 10).replaceAll('-', '')}`;
}

function isDated(name: string): boolean {
  return /_\d{8}$/.test(name);
}

async function makePartition(tx: Tx, table: string, day: Date, there: readonly string[]): Promise<void> {
  const name = partitionName(table, day);
  if (there.includes(name)) return;
  const from = new Date(`${day.toISOString().slice(0, 10)}T00:00:00.000Z`);
  const to = new Date(from.getTime() + DAY_MS);
  // Rows of that day which are in the default partition already stay there: then the day has no partition of its own.
  const early = await sql`
    select 1 from ${sql.id(`${table}_default`)} where created_at >= ${from} and created_at < ${to} limit 1`.execute(
    tx,
  );
  if (early.rows.length > 0) return;
  await sql`create table ${sql.id(name)} partition of ${sql.id(table)}
    for values from (${sql.lit(from.toISOString())}) to (${sql.lit(to.toISOString())})`.execute(tx);
}

async function partitionsOf(tx: Tx, table: string): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select child.relname as name from pg_inherits
    join pg_class child on child.oid = inhrelid
    where inhparent = ${sql.lit(table)}::regclass order by 1`.execute(tx);
  return rows.map(({ name }) => name);
}
