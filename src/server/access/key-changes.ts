// Changes of keys, which servers know by heart for a moment (presented-key.ts): updating, rotating, revoking.
// Every change but the end of a task key is made in here, and none locks an account out unawares.
import { sql } from 'kysely';
import { storableJson, storableText } from '../../db/storable.ts';
import type { Store } from '../../db/store.ts';
import type { Db, KeyRow, SpendRaises, Tx } from '../../db/tables.ts';
import { notify } from '../../db/telling.ts';
import { inTransaction } from '../../db/transaction.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Key, KeyUpdate } from '../../protocol/key.ts';
import { KEY_BOUND_NAMES, SPEND_LIMIT_NAMES } from '../../protocol/key-limits.ts';
import { emitEvent } from '../webhooks/events.ts';
import { getKey, grantColumns, limitColumn, limitColumns, toKey } from './keys.ts';

type KeyStore = Pick<Store, 'db' | 'caches'>;

interface ChangedKey {
  accountId: string;
  id: string;
  /** Whether it is meant that no unlimited key may be left; unless said otherwise it is. */
  yes?: boolean;
}

/** Null when the account has no such key, or it is revoked. */
export async function updateKey(
  store: KeyStore,
  which: ChangedKey,
  changes: KeyUpdate,
  now: Date,
): Promise<Key | null> {
  const row = await changeKeys(store, which, (tx) =>
    ofAccount(
      tx.updateTable('keys').set({
        name: changes.name === undefined ? undefined : storableText(changes.name),
        metadata: changes.metadata === undefined ? undefined : storableJson(changes.metadata),
        enabled: changes.enabled,
        tasks_may_create_lasting_keys: changes.tasksMayCreateLastingKeys,
        ...limitColumns(changes),
        // Whoever sets a limit says what holds from now on.
        spend_raises: withoutRaises(SPEND_LIMIT_NAMES.filter((name) => changes[name] !== undefined)),
        ...grantColumns(changes),
      }),
      which,
    )
      .returningAll()
      .executeTakeFirst(),
  );
  return row ? toKey(row, now) : null;
}

function withoutRaises(names: readonly string[]) {
  return names.length === 0 ? undefined : sql<SpendRaises>`spend_raises - ${names}::text[]`;
}

export interface Rotation {
  secretHash: string;
  prefix: string;
  expiresAt: Date | null;
  /** Until when the present secret works as well. */
  previousUntil: Date;
  /** The key in use, whose owner learns the secret. */
  rotatedBy?: string;
}

/** The secrets before it work until `previousUntil` at most. Null: there is no such key, or it is revoked. */
export async function rotateKey(
  store: KeyStore,
  which: ChangedKey,
  rotation: Rotation,
  now: Date,
): Promise<Key | null> {
  const { id } = which;
  return changeKeys(store, which, async (tx) => {
    const present = await ofAccount(tx.selectFrom('keys').select('secret_hash'), which)
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
        rotated_by: rotation.rotatedBy === undefined ? undefined : withRotator(rotation.rotatedBy),
      })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow();
    return toKey(row, now);
  });
}

const withRotator = (id: string) => sql<string[]>`array(select distinct unnest(rotated_by || ${id}::uuid))`;

/** Idempotent: a key that is revoked already stays as it is. Null when the account has no such key. */
export async function revokeKey(
  store: KeyStore,
  which: ChangedKey,
  revokedBy: string | null,
  now: Date,
): Promise<Key | null> {
  const { accountId, id } = which;
  return changeKeys(store, which, async (tx) => {
    const revoked = await ofAccount(tx.updateTable('keys').set({ revoked_at: now, revoked_by: revokedBy }), which)
      .returning(['id', 'account_id', 'name', 'task_id'])
      .execute();
    await emitRevoked(tx, revoked, revokedBy, now);
    return getKey(tx, accountId, id, now);
  });
}

/** Revokes the key of an ended task and the keys that end with it. This server forgets them with the end. */
export async function revokeTaskKey(tx: Tx, taskId: string, now: Date): Promise<void> {
  const { rows } = await sql<RevokedKey>`
    with recursive ending as (
      select id from keys where task_id = ${taskId}
      union
      select keys.id from ending join keys on keys.caller_key_id = ending.id where keys.task_id is null
    )
    update keys set revoked_at = ${now}
    where id in (select id from ending) and revoked_at is null
    returning id, account_id, name, task_id`.execute(tx);
  await emitRevoked(tx, rows, null, now);
  await notify(tx, `ended:${taskId}`);
}

type RevokedKey = Pick<KeyRow, 'id' | 'account_id' | 'name' | 'task_id'>;

/** Keys that Seed mints for tasks come and go unannounced. */
async function emitRevoked(
  tx: Tx,
  keys: readonly RevokedKey[],
  revokedBy: string | null,
  now: Date,
): Promise<void> {
  for (const { id, account_id, name, task_id } of keys) {
    if (task_id !== null) continue;
    const data = { keyId: id, name, revokedBy };
    await emitEvent(tx, { accountId: account_id, type: 'key.revoked', data }, now);
  }
}

interface Filtered<Query> {
  where(column: 'account_id' | 'id', operator: '=', value: string): Query;
  where(column: 'revoked_at', operator: 'is', value: null): Query;
}

/** The key of the account, unless it is revoked. */
function ofAccount<Query extends Filtered<Query>>(query: Query, { accountId, id }: ChangedKey): Query {
  return query.where('account_id', '=', accountId).where('id', '=', id).where('revoked_at', 'is', null);
}

/**
 * Makes a change in a transaction, or in the one that `db` is. Then this server knows no key from before, and the
 * others as soon as they hear of it, after half a second at the latest.
 */
async function changeKeys<Result>(
  { db, caches }: KeyStore,
  which: ChangedKey,
  change: (tx: Tx) => Promise<Result>,
): Promise<Result> {
  try {
    return await inTransaction(db, async (tx) => {
      const result = await unlessLastUnlimitedKey(tx, which, () => change(tx));
      await notify(tx, 'keys');
      return result;
    });
  } finally {
    // Also when it failed: a connection that breaks while it commits does not tell whether it has.
    caches.forget('keys');
  }
}

/**
 * Refuses a change by which the account loses its last unlimited key: one that works, may do everything, has no
 * limit and never expires. No other key could ever make such a one again. Two changes at once are looked at one
 * after the other. @throws SeedError confirmation_needed, which takes the change back with the transaction
 */
async function unlessLastUnlimitedKey<Result>(
  tx: Tx,
  { accountId, id, yes = true }: ChangedKey,
  change: () => Promise<Result>,
): Promise<Result> {
  if (yes || !(await hasUnlimitedKey(tx, accountId, id))) return change();
  await tx.selectFrom('accounts').select('id').where('id', '=', accountId).forNoKeyUpdate().execute();
  const result = await change();
  if (await hasUnlimitedKey(tx, accountId)) return result;
  const message =
    'this is the last key of the account that may do everything without limit and for ever: afterwards no key can make such a one';
  throw new SeedError('confirmation_needed', message, {
    hint: 'If it is meant, say "yes": true (--yes). On the machine of the server, `seed keys recover` makes such a key anew.',
  });
}

/** @param id only this key; undefined: any of the account */
export async function hasUnlimitedKey(db: Db, accountId: string, id?: string): Promise<boolean> {
  let query = db
    .selectFrom('keys')
    .select('id')
    .where('account_id', '=', accountId)
    .where('revoked_at', 'is', null)
    .where('enabled', '=', true)
    .where('expires_at', 'is', null)
    .where('task_id', 'is', null)
    .where('caller_key_id', 'is', null)
    .where('limited_by_key_id', 'is', null)
    .where(sql<boolean>`limits = '[]' and approval is null`)
    .where(sql<boolean>`'*' = any(scopes)`)
    .where(sql<boolean>`num_nonnulls(${sql.join(KEY_BOUND_NAMES.map((name) => sql.ref(limitColumn(name))))}) = 0`);
  if (id !== undefined) query = query.where('id', '=', id);
  return (await query.limit(1).executeTakeFirst()) !== undefined;
}
