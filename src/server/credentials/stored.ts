// The credentials that are set for an account or one of its keys: their rows, sealed. Called by commands.ts, and
// for each call of a pack by held.ts.
import { newestFirst, type PageRequest } from '../../db/cursor.ts';
import type { Db, Tx } from '../../db/tables.ts';
import { seal, unseal } from '../../lib/seal.ts';
import type { Credential } from '../../protocol/credential.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Page } from '../../protocol/page.ts';

/** Whose it is, and for which pack. */
export interface Holder {
  accountId: string;
  pack: string;
  /** Null: the account's. */
  keyId: string | null;
}

export interface NewCredential extends Holder {
  id: string;
  secret: string;
}

/** Sets it, in the place of one that is there. */
export async function setCredential(
  tx: Tx,
  { id, secret, ...holder }: NewCredential,
  { secretsKey, now }: { secretsKey: string; now: Date },
): Promise<Credential> {
  const { accountId: account_id, pack, keyId: key_id } = holder;
  const sealed = seal(secret, secretsKey, placeOf(holder));
  const row = await tx
    .insertInto('credentials')
    .values({ id, account_id, pack, key_id, sealed, created_at: now, updated_at: now })
    .onConflict((conflict) =>
      conflict.columns(['account_id', 'pack', 'key_id']).doUpdateSet({ sealed, updated_at: now }),
    )
    .returning(SHOWN)
    .executeTakeFirstOrThrow();
  return toCredential(row);
}

/** Newest first. */
export async function listCredentials(db: Db, accountId: string, page: PageRequest): Promise<Page<Credential>> {
  const query = db.selectFrom('credentials').select(SHOWN).where('account_id', '=', accountId);
  return newestFirst(query, page, toCredential);
}

/** @throws SeedError not_found */
export async function deleteCredential(tx: Tx, accountId: string, id: string): Promise<Credential> {
  const row = await tx
    .deleteFrom('credentials')
    .where('account_id', '=', accountId)
    .where('id', '=', id)
    .returning(SHOWN)
    .executeTakeFirst();
  if (row) return toCredential(row);
  throw new SeedError('not_found', `there is no credential ${id}`);
}

/** Null: none is set, or the server's key does not open it. */
export async function readCredential(db: Db, holder: Holder, secretsKey: string): Promise<string | null> {
  const { accountId, pack, keyId } = holder;
  const row = await db
    .selectFrom('credentials')
    .select('sealed')
    .where('account_id', '=', accountId)
    .where('pack', '=', pack)
    .where('key_id', 'is not distinct from', keyId)
    .executeTakeFirst();
  return row ? unseal(row.sealed, secretsKey, placeOf(holder)) : null;
}

/** With another holder it does not open. */
function placeOf({ accountId, pack, keyId }: Holder): string {
  return `credential ${accountId} ${pack} ${keyId ?? '-'}`;
}

const SHOWN = ['id', 'pack', 'key_id', 'created_at', 'updated_at'] as const;

interface Row {
  id: string;
  pack: string;
  key_id: string | null;
  created_at: Date;
  updated_at: Date;
}

function toCredential({ id, pack, key_id, created_at, updated_at }: Row): Credential {
  const [createdAt, updatedAt] = [created_at.toISOString(), updated_at.toISOString()];
  return { id, pack, keyId: key_id, createdAt, updatedAt };
}
