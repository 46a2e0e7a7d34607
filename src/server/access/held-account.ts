// Whether a legal hold keeps all of an account (forgetting/holds.ts): asked wherever something of it is deleted
// that is of no task.
import { sql } from 'kysely';
import type { Db } from '../../db/tables.ts';
import { SeedError } from '../../protocol/errors.ts';

/** @throws SeedError held */
export async function refuseHeldAccount(db: Db, accountId: string): Promise<void> {
  const { rows } = await sql<{ held: boolean }>`select is_account_held(${accountId}) as held`.execute(db);
  if (rows[0]?.held)
    throw new SeedError('held', 'a legal hold keeps all of the account', {
      hint: 'seed holds list shows which, and why.',
    });
}
