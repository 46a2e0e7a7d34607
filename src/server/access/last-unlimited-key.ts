// Keeps a change of keys from locking an account out unawares. Used by keys.ts and key-change.ts.
import { sql } from 'kysely';
import type { Db, Tx } from '../../db/tables.ts';
import { SeedError } from '../../protocol/errors.ts';

export interface Confirmation {
  /** Whether it is meant that no unlimited key may be left. */
  yes: boolean;
}
export const CONFIRMED: Confirmation = { yes: true };

interface ChangedKey extends Confirmation {
  accountId: string;
  id: string;
}

/**
 * Runs the change, and refuses it when thereby the account loses its last unlimited key: one that works, may do everything, has
 * no limit and never expires. No other key could ever make such a one again. Whatever the change is, what it leaves is looked
 * at, and two at once are looked at one after the other.
 * @throws SeedError confirmation_needed, which takes the change back with the transaction
 */
export async function unlessLastUnlimitedKey<Result>(
  tx: Tx,
  { accountId, id, yes }: ChangedKey,
  change: () => Promise<Result>,
): Promise<Result> {
  if (yes || !(await hasUnlimitedKey(tx, accountId, id))) return change();
  await tx.selectFrom('accounts').select('id').where('id', '=', accountId).forNoKeyUpdate().execute();
  const result = await change();
  if (await hasUnlimitedKey(tx, accountId)) return result;
  throw new SeedError(
    'confirmation_needed',
    'this is the last key of the account that may do everything without limit and for ever: afterwards no key can make such a one',
    {
      hint: 'If it is meant, say "yes": true (--yes). On the machine of the server, `seed keys recover` makes such a key anew.',
    },
  );
}

/** @param id only this key; undefined: any of the account */
async function hasUnlimitedKey(db: Db, accountId: string, id?: string): Promise<boolean> {
  let query = db
    .selectFrom('keys')
    .select('id')
    .where('account_id', '=', accountId)
    .where('revoked_at', 'is', null)
    .where('enabled', '=', true)
    .where('expires_at', 'is', null)
    .where('task_id', 'is', null)
    .where('caller_key_id', 'is', null)
    .where(sql<boolean>`'*' = any(scopes)`)
    .where(sql<boolean>`num_nonnulls(allowed_cidrs, requests_per_minute, concurrent_tasks, allowed_models,
      spend_per_day_nano_usd, spend_per_month_nano_usd, tokens_per_day) = 0`);
  if (id !== undefined) query = query.where('id', '=', id);
  return (await query.limit(1).executeTakeFirst()) !== undefined;
}
