// Changes to a key: what `keys update` and `keys rotate` do to its row.

import { storableJson, storableText } from '../../db/storable.ts';
import type { Tx } from '../../db/tables.ts';
import type { Key, SomeKeyLimits } from '../../protocol/key.ts';
import { changeKeys, type KeyStore } from './change-keys.ts';
import { limitColumns, toKey } from './keys.ts';
import { CONFIRMED, type Confirmation, unlessLastUnlimitedKey } from './last-unlimited-key.ts';

/** What is undefined stays as it is. */
export interface KeyChanges extends SomeKeyLimits {
  name?: string | undefined;
  metadata?: Record<string, string> | undefined;
  enabled?: boolean | undefined;
  tasksMayCreateLastingKeys?: boolean | undefined;
}

/** Null when the account has no such key, or it is revoked. */
export async function updateKey(
  store: KeyStore,
  accountId: string,
  id: string,
  changes: KeyChanges,
  now: Date,
  { yes }: Confirmation = CONFIRMED,
): Promise<Key | null> {
  const change = (tx: Tx) =>
    tx
      .updateTable('keys')
      .set({
        name: changes.name === undefined ? undefined : storableText(changes.name),
        metadata: changes.metadata === undefined ? undefined : storableJson(changes.metadata),
        enabled: changes.enabled,
        tasks_may_create_lasting_keys: changes.tasksMayCreateLastingKeys,
        ...limitColumns(changes),
      })
      .where('account_id', '=', accountId)
      .where('id', '=', id)
      .where('revoked_at', 'is', null)
      .returningAll()
      .executeTakeFirst();
  const row = await changeKeys(store, (tx) =>
    unlessLastUnlimitedKey(tx, { accountId, id, yes }, () => change(tx)),
  );
  return row ? toKey(row, now) : null;
}

export interface Rotation {
  secretHash: string;
  prefix: string;
  expiresAt: Date | null;
  /** Until when the present secret works as well. */
  previousUntil: Date;
}

/**
 * Gives the key a new secret. The one before it, and those from before earlier rotations, work until
 * `previousUntil` at most. Null when the account has no such key or it is revoked.
 */
export async function rotateKey(
  store: KeyStore,
  accountId: string,
  id: string,
  rotation: Rotation,
  now: Date,
  { yes }: Confirmation = CONFIRMED,
): Promise<Key | null> {
  const change = async (tx: Tx) => {
    const present = await tx
      .selectFrom('keys')
      .select('secret_hash')
      .where('account_id', '=', accountId)
      .where('id', '=', id)
      .where('revoked_at', 'is', null)
      .forUpdate()
      .executeTakeFirst();
    if (!present) return null;
    const works_until = rotation.previousUntil;
    await tx
      .updateTable('replaced_secrets')
      .set({ works_until })
      .where('key_id', '=', id)
      .where('works_until', '>', works_until)
      .execute();
    await tx
      .insertInto('replaced_secrets')
      .values({ secret_hash: present.secret_hash, key_id: id, works_until })
      .execute();
    const row = await tx
      .updateTable('keys')
      .set({
        secret_hash: rotation.secretHash,
        prefix: rotation.prefix,
        expires_at: rotation.expiresAt,
        rotated_at: now,
        previous_secret_until: works_until,
      })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow();
    return toKey(row, now);
  };
  return changeKeys(store, (tx) => unlessLastUnlimitedKey(tx, { accountId, id, yes }, () => change(tx)));
}
