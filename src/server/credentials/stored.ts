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

/** A token as the platform takes it, or what such tokens are got with, and the last one. */
export type Kept =
  | { token: string }
  | { refreshToken: string; accessToken: string | null; expiresAt: number | null };

export interface NewCredential extends Holder {
  id: string;
  kept: Kept;
}

/** Sets it, in the place of one that is there. */
export async function setCredential(
  tx: Tx,
  { id, kept, ...holder }: NewCredential,
  { secretsKey, now }: { secretsKey: string; now: Date },
): Promise<Credential> {
  const { accountId: account_id, pack, keyId: key_id } = holder;
  const sealed = sealedOf(kept, holder, secretsKey);
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

/**
 * Null: none is set, or the server's key does not open it.
 * @param lock in a transaction: nobody else changes it until that ends
 */
export async function readCredential(
  db: Db,
  holder: Holder,
  { secretsKey, lock = false }: { secretsKey: string; lock?: boolean },
): Promise<Kept | null> {
  const query = ofHolder(db.selectFrom('credentials').select('sealed'), holder);
  const row = await (lock ? query.forNoKeyUpdate() : query).executeTakeFirst();
  const text = row ? unseal(row.sealed, secretsKey, placeOf(holder)) : null;
  return text === null ? null : (JSON.parse(text) as Kept);
}

/** What its refresh token was exchanged for. It counts as set when a person set it. */
export async function keepRenewed(tx: Tx, holder: Holder, kept: Kept, secretsKey: string): Promise<void> {
  await ofHolder(
    tx.updateTable('credentials').set({ sealed: sealedOf(kept, holder, secretsKey) }),
    holder,
  ).execute();
}

interface OfHolder {
  where(column: 'account_id' | 'pack', operator: '=', value: string): this;
  where(column: 'key_id', operator: 'is not distinct from', value: string | null): this;
}

function ofHolder<Query extends OfHolder>(query: Query, { accountId, pack, keyId }: Holder): Query {
  return query
    .where('account_id', '=', accountId)
    .where('pack', '=', pack)
    .where('key_id', 'is not distinct from', keyId);
}

function sealedOf(kept: Kept, holder: Holder, secretsKey: string): Buffer {
  return seal(JSON.stringify(kept), secretsKey, placeOf(holder));
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
