// Transactions that tell whether they were kept: a connection that breaks while it commits does not.
import { sqlStateOf } from './database-failure.ts';
import type { Db, Tx } from './tables.ts';

export type Committed<Result> =
  | { state: 'kept'; result: Result }
  /** The database was told to keep it and did not say whether it has. */
  | { state: 'unknown'; cause: unknown };

/** Runs the work in a transaction. Rejects when it is certain that nothing was kept. */
export async function commit<Result>(db: Db, work: (tx: Tx) => Promise<Result>): Promise<Committed<Result>> {
  let isCommitting = false;
  try {
    const result = await db.transaction().execute(async (tx) => {
      const worked = await work(tx);
      isCommitting = true;
      return worked;
    });
    return { state: 'kept', result };
  } catch (cause) {
    if (isCommitting && !isRefused(cause)) return { state: 'unknown', cause };
    throw cause;
  }
}

/** Runs the work in the transaction that `db` is, or in one of its own. */
export function inTransaction<Result>(db: Db, work: (tx: Tx) => Promise<Result>): Promise<Result> {
  return db.isTransaction ? work(db as Tx) : db.transaction().execute(work);
}

/** Postgres itself says that it rolled back: for a deferred constraint, or what cannot be serialised. */
function isRefused(error: unknown): boolean {
  return /^(23...|40001|40002|40P01)$/.test(sqlStateOf(error) ?? '');
}
