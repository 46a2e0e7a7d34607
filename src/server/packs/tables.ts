// The tables of packs, as their commands see them: alone, and in one transaction.
import { type Kysely, sql, type Transaction } from 'kysely';
import { sqlStateOf } from '../../db/database-failure.ts';
import { packSchema } from '../../db/migrate.ts';
import type { Db, Tx } from '../../db/tables.ts';

/**
 * Runs the work in one transaction in which names without a schema are the pack's own tables: in that which `db`
 * is, or in one of its own.
 * @param access of a command that only reads: Postgres refuses everything else
 * @param afterwards what Seed itself writes in the same transaction, when the work is done
 */
export function inPackTransaction<Result>(
  db: Db,
  pack: string,
  access: 'read only' | 'read write',
  work: (db: Kysely<never>) => Promise<Result>,
  afterwards: (tx: Tx) => Promise<void> = async () => {},
): Promise<Result> {
  const run = async (transaction: Tx) => {
    const own = await swapSearchPath(transaction, packSchema(pack));
    const result = await work(transaction as unknown as Transaction<never>);
    await swapSearchPath(transaction, own);
    await afterwards(transaction);
    return result;
  };
  if (db.isTransaction) return run(db as Tx);
  return db
    .transaction()
    .setAccessMode(access)
    .execute(run)
    .catch((error) => {
      // It is the command that may not write, not the database that cannot.
      throw access === 'read only' && sqlStateOf(error) === READ_ONLY ? error.cause : error;
    });
}

/** SQLSTATE read_only_sql_transaction. */
const READ_ONLY = '25006';

/** Until the transaction ends. Returns what it was before. */
async function swapSearchPath(tx: Tx, path: string): Promise<string> {
  const { rows } = await sql<{ before: string }>`
    with before as materialized (select current_setting('search_path') as before)
    select before, set_config('search_path', ${path}, true) from before`.execute(tx);
  return rows[0]?.before ?? '';
}
