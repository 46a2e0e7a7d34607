// The secrets that deliveries are signed with, sealed by the server before they come here.
import type { Db, Tx } from '../../db/tables.ts';

/** Whose secret: an endpoint's, or with null the account's own, for the URLs of its tasks. */
export interface SecretOwner {
  accountId: string;
  endpointId: string | null;
}

export interface SealedSecret {
  id: string;
  sealed: Buffer;
}

/** More than these never sign at a time: the oldest count no more. */
const REPLACED_MOST = 4;

/** Makes it the present secret; those before it count until `previousUntil` at the latest. */
export async function replaceSecret(
  tx: Tx,
  owner: SecretOwner,
  secret: SealedSecret,
  previousUntil: Date,
  now: Date,
): Promise<void> {
  // Serialises rotations of one account.
  await tx.selectFrom('accounts').select('id').where('id', '=', owner.accountId).forNoKeyUpdate().execute();
  await ofOwner(tx.updateTable('webhook_secrets').set({ works_until: previousUntil }), owner)
    .where((row) => row.or([row('works_until', 'is', null), row('works_until', '>', previousUntil)]))
    .execute();
  const replaced = await ofOwner(tx.selectFrom('webhook_secrets').select(['id', 'works_until']), owner)
    .orderBy('created_at', 'desc')
    .execute();
  const over = replaced.filter(
    ({ works_until }, index) => index >= REPLACED_MOST || (works_until !== null && works_until <= now),
  );
  if (over.length > 0) {
    const ids = over.map(({ id }) => id);
    await tx.deleteFrom('webhook_secrets').where('id', 'in', ids).execute();
  }
  await insertSecret(tx, owner, secret, now);
}

/** Makes it the account's own unless there is one. Cheap when there is. */
export async function ensureDefaultSecret(
  tx: Tx,
  accountId: string,
  make: () => SealedSecret,
  now: Date,
): Promise<void> {
  const owner = { accountId, endpointId: null };
  const present = () =>
    ofOwner(tx.selectFrom('webhook_secrets').select('id'), owner)
      .where('works_until', 'is', null)
      .executeTakeFirst();
  if (await present()) return;
  await tx.selectFrom('accounts').select('id').where('id', '=', accountId).forNoKeyUpdate().execute();
  if (!(await present())) await insertSecret(tx, owner, make(), now);
}

/** What tells whether the server's key is the one that this database's secrets are sealed with; kept at the first call. */
export async function secretsKeyCheck(db: Db, mine: Buffer): Promise<Buffer> {
  await db
    .insertInto('secrets_key_check')
    .values({ sealed: mine })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const { sealed } = await db.selectFrom('secrets_key_check').select('sealed').executeTakeFirstOrThrow();
  return sealed;
}

async function insertSecret(tx: Tx, owner: SecretOwner, secret: SealedSecret, now: Date): Promise<void> {
  await tx
    .insertInto('webhook_secrets')
    .values({
      id: secret.id,
      account_id: owner.accountId,
      endpoint_id: owner.endpointId,
      sealed: secret.sealed,
      created_at: now,
    })
    .execute();
}

interface Filtered {
  where(column: 'account_id', operator: '=', value: string): this;
  where(column: 'endpoint_id', operator: 'is not distinct from', value: string | null): this;
}

function ofOwner<Query extends Filtered>(query: Query, { accountId, endpointId }: SecretOwner): Query {
  return query.where('account_id', '=', accountId).where('endpoint_id', 'is not distinct from', endpointId);
}
