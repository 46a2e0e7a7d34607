// The deletion of an account: begun, told and looked up. Called by the commands; the work is keep-deleting.ts's.

import type { Selectable } from 'kysely';
import { sql } from 'kysely';
import type { Call } from '../../command/call.ts';
import type { Db, Tables } from '../../db/tables.ts';
import { notify } from '../../db/telling.ts';
import { inTransaction } from '../../db/transaction.ts';
import { usdOf } from '../../lib/money.ts';
import type { AccountDeletion } from '../../protocol/account-deletion.ts';
import { SeedError } from '../../protocol/errors.ts';
import { noAccount } from '../access/accounts.ts';
import { refuseHeldAccount } from '../forgetting/holds.ts';

/**
 * From its commit on no key of the account works, and its deletion goes on by itself. Of one that is deleted, or
 * about to be, it tells how far that is.
 * @throws SeedError not_found, confirmation_needed, held, or conflict for the operator's own account
 */
export function beginDeletion(
  { store, actor }: Pick<Call, 'store' | 'actor'>,
  { id, confirm }: { id: string; confirm: string },
): Promise<AccountDeletion> {
  return inTransaction(store.db, async (tx) => {
    const account = await tx
      .selectFrom('accounts')
      .selectAll()
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirst();
    const earlier = await findDeletion(tx, id);
    if (earlier) return earlier;
    if (!account) throw noAccount(id);
    if (account.operator)
      throw new SeedError('conflict', 'the account of the operator cannot be deleted', {
        hint: 'It is what this Seed is run by. To delete all, remove the database and the folder of files.',
      });
    await refuseHeldAccount(tx, id);
    if (confirm !== account.name)
      throw new SeedError('confirmation_needed', 'confirm is to be the name of the account, and is another', {
        hint: 'seed accounts list shows the names. What is deleted cannot be had back: seed accounts export comes first.',
      });
    const now = store.clock.now();
    await tx.updateTable('accounts').set({ deleting_since: now }).where('id', '=', id).execute();
    await tx
      .insertInto('account_deletions')
      .values({ account_id: id, requested_at: now, requested_by: actor.key.id, look_at: now })
      .execute();
    await notify(tx, 'keys');
    await notify(tx, 'accounts');
    return told(tx, id);
  });
}

/** @throws SeedError not_found: nobody has asked for its deletion, or it is no account */
export async function told(db: Db, accountId: string): Promise<AccountDeletion> {
  const deletion = await findDeletion(db, accountId);
  if (deletion) return deletion;
  throw new SeedError('not_found', `no account ${accountId} is deleted or being deleted`, {
    hint: 'seed accounts list shows the accounts there are.',
  });
}

async function findDeletion(db: Db, accountId: string): Promise<AccountDeletion | null> {
  const row = await db
    .selectFrom('account_deletions')
    .selectAll()
    .where('account_id', '=', accountId)
    .executeTakeFirst();
  if (!row) return null;
  const { rows: bill } = await sql<Selectable<Tables['account_bills']>>`
    select bill.*, month::text as month from account_bills as bill
    where account_id = ${accountId} order by bill.month`.execute(db);
  return {
    accountId,
    status: row.completed_at === null ? 'deleting' : 'done',
    requestedAt: row.requested_at.toISOString(),
    requestedBy: row.requested_by,
    completedAt: row.completed_at?.toISOString() ?? null,
    rows: row.rows,
    blobs: row.blobs,
    bill: bill.map((month) => ({
      month: month.month.slice(0, 'yyyy-mm'.length),
      modelCalls: month.model_calls,
      inputTokens: month.input_tokens,
      outputTokens: month.output_tokens,
      cost: {
        compute: usdOf(month.compute_nano_usd),
        llm: usdOf(month.llm_nano_usd),
        total: usdOf(month.compute_nano_usd + month.llm_nano_usd),
        currency: 'USD',
      },
    })),
  };
}
