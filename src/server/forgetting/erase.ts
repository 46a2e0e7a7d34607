// Empties what the table of holdings calls content, in the rows of some tasks: what forget.ts does in its
// transaction. Each link of a table is a statement of its own, which finds its rows by an index.
import { type RawBuilder, sql } from 'kysely';
import type { Tx } from '../../db/tables.ts';
import { HOLDINGS, type Holding, type Link } from './holdings.ts';

/** The clocks of servers differ by far less. */
const SLACK_MS = 3_600_000;

export interface Erased {
  taskIds: readonly string[];
  /** When the first of them was accepted. */
  since: Date;
}

/** Leaves of the tasks' rows what bill and ledger need. The blobs that they had are left to the caller. */
export async function eraseContent(tx: Tx, erased: Erased): Promise<void> {
  for (const [table, holding] of Object.entries(HOLDINGS)) {
    const days =
      holding.by === 'created_at' ? sql`created_at >= ${new Date(erased.since.getTime() - SLACK_MS)} and ` : sql``;
    for (const link of holding.task) await eraseRows(tx, table, holding, sql`${days}${rowsBy(link, erased)}`);
  }
}

async function eraseRows(tx: Tx, table: string, holding: Holding, theirs: RawBuilder<boolean>): Promise<void> {
  const { content, goes } = holding;
  const emptied = Object.entries(content).map(([column, value]) => `${column} = ${value}`);
  if (goes) await sql`delete from ${sql.raw(table)} where ${theirs}`.execute(tx);
  else if (emptied.length > 0)
    await sql`update ${sql.raw(table)} set ${sql.raw(emptied.join(', '))} where ${theirs}`.execute(tx);
}

/** The condition on the rows that a link connects with the tasks. */
function rowsBy(link: Link, erased: Erased): RawBuilder<boolean> {
  const column = sql.raw(link.column);
  if (link.to === 'tasks')
    return link.type === 'text'
      ? sql`${column} = any(${erased.taskIds}::text[])`
      : sql`${column} = any(${erased.taskIds}::uuid[])`;
  const links = HOLDINGS[link.to]?.task ?? [];
  if (links.length === 0) throw new Error(`rows of ${link.to} belong to no task`);
  const theirs = sql.join(
    links.map((next) => sql`select id from ${sql.raw(link.to)} where ${rowsBy(next, erased)}`),
    sql` union all `,
  );
  return sql`${column} in (${theirs})`;
}
