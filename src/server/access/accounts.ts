// Accounts, and how the first and its admin key come to be: for the commands, a start and recover-admin-key.ts.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { ADVISORY_LOCKS } from '../../db/advisory-locks.ts';
import { behindCursor, type PageRequest, pageOfRows } from '../../db/cursor.ts';
import { storableText } from '../../db/storable.ts';
import type { Store } from '../../db/store.ts';
import type { AccountRow, Db, Tx } from '../../db/tables.ts';
import { notify } from '../../db/telling.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { Account } from '../../protocol/account.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Key } from '../../protocol/key.ts';
import type { Page } from '../../protocol/page.ts';
import { createKey, mintKey, type NewKey } from './keys.ts';
import { findPresentedKey, type PresentedKey } from './presented-key.ts';

const FIRST_ACCOUNT = 'default';
const ADMIN_KEY = 'admin';
const ALL_SCOPES = ['*'];

type NewAdminKey = Pick<NewKey, 'name' | 'scopes' | 'secretHash' | 'prefix' | 'createdBy' | 'limitedBy'>;
/** Who made a key, and whose limits therefore bind it. */
type KeyMaker = Pick<NewKey, 'createdBy' | 'limitedBy'>;
type FirstAccount =
  | { created: true; account: Account; key: Key }
  | { created: false; account: Account; key: null };

export async function insertAccount(
  db: Db,
  { name, operator, models = null }: { name: string; operator: boolean; models?: string[] | null | undefined },
  now: Date = new Date(),
): Promise<Account> {
  const row = {
    id: randomUUID(),
    name: storableText(name),
    operator,
    created_at: now,
    models: storableModels(models) ?? null,
    deleting_since: null,
  };
  await db.insertInto('accounts').values(row).execute();
  return toAccount(row);
}

/** An account with its first key, which has all scopes. @param store within the transaction of the call */
export function addAccount(
  { db, clock }: Pick<Store, 'db' | 'clock'>,
  { name, models, ...maker }: { name: string; models: string[] | null | undefined } & KeyMaker,
): Promise<{ account: Account; key: Key; secret: string }> {
  const { secret, ...minted } = mintKey();
  return inTransaction(db, async (tx) => {
    const now = clock.now();
    const account = await insertAccount(tx, { name, operator: false, models }, now);
    const admin = { ...minted, ...maker, scopes: ALL_SCOPES, name: ADMIN_KEY };
    return { account, key: await insertAdminKey(tx, account.id, admin, now), secret };
  });
}

/** What is undefined stays as it is. @throws SeedError not_found */
export async function updateAccount(
  { db, caches }: Pick<Store, 'db' | 'caches'>,
  id: string,
  { name, models }: { name: string | undefined; models: string[] | null | undefined },
): Promise<Account> {
  if (name === undefined && models === undefined)
    throw new SeedError('invalid_input', 'there is nothing to change', { hint: 'Give name or models.' });
  try {
    return await inTransaction(db, async (tx) => {
      const row = await tx
        .updateTable('accounts')
        .set({ name: name && storableText(name), models: storableModels(models) })
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst();
      if (!row) throw noAccount(id);
      // Servers know an account's models with its keys.
      await notify(tx, 'keys');
      return toAccount(row);
    });
  } finally {
    caches.forget('keys');
  }
}

/** Newest first. */
export async function findAccounts(db: Db, { limit, cursor }: PageRequest): Promise<Page<Account>> {
  let query = db.selectFrom('accounts').selectAll();
  if (cursor !== undefined) query = query.where(behindCursor(cursor));
  const rows = await query
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  return pageOfRows(rows, limit, toAccount);
}

/** Makes the operator's account with this key unless there is an account; of several servers at once, one does. */
export async function ensureFirstAccount(db: Db, key: NewAdminKey, now: Date = new Date()): Promise<FirstAccount> {
  return db.transaction().execute(async (tx) => {
    const existing = await lockFirstAccount(tx);
    if (existing) return { created: false, account: toAccount(existing), key: null };
    const account = await insertAccount(tx, { name: FIRST_ACCOUNT, operator: true }, now);
    return { created: true, account, key: await insertAdminKey(tx, account.id, key, now) };
  });
}

/** The account of this id; without one the first, which is made when there is none. @throws SeedError not_found */
export async function adminAccount(tx: Tx, id: string | undefined, now: Date): Promise<Account> {
  if (id === undefined) {
    const first = await lockFirstAccount(tx);
    return first ? toAccount(first) : insertAccount(tx, { name: FIRST_ACCOUNT, operator: true }, now);
  }
  const row = await tx
    .selectFrom('accounts')
    .selectAll()
    .where(sql`id::text`, '=', id)
    .where('deleting_since', 'is', null)
    .executeTakeFirst();
  if (row) return toAccount(row);
  throw noAccount(id);
}

/**
 * Makes the secret of the settings a key of the first account, and that account first if need be. A secret that is
 * a key already stays as it is. An earlier admin key keeps working until someone revokes it, so that servers can
 * be restarted one after the other with a new secret.
 * @throws SeedError invalid_settings: the key does not work any more, or belongs to another account
 */
export async function setAdminKey(db: Db, key: Omit<NewAdminKey, 'name'>, now: Date = new Date()): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const account = await adminAccount(tx, undefined, now);
    const known = await findPresentedKey(tx, key.secretHash, now);
    if (!known) {
      await insertAdminKey(tx, account.id, { ...key, name: ADMIN_KEY }, now);
      return;
    }
    const why = whyUnfit(known, account.id, now);
    if (why === null) return;
    throw new SeedError('invalid_settings', `The admin key of the settings, ${key.prefix}…, ${why}.`, {
      hint: 'Set SEED_ADMIN_KEY to a new key, or unset it to go on with the keys there are.',
    });
  });
}

function whyUnfit(known: PresentedKey, accountId: string, now: Date): string | null {
  if (known.key.status !== 'active') return `is ${known.key.status}`;
  if (known.replacedSecretUntil !== null && known.replacedSecretUntil <= now) return 'was replaced by a rotation';
  return known.accountId === accountId ? null : 'belongs to an account that is not the first';
}

function storableModels(models: readonly string[] | null | undefined) {
  return models === null ? null : models?.map(storableText);
}

export function noAccount(id: string): SeedError {
  return new SeedError('not_found', `there is no account ${id}`, { hint: 'seed accounts list shows the ids.' });
}

type Shown = Pick<AccountRow, 'id' | 'name' | 'operator' | 'created_at' | 'models' | 'deleting_since'>;

export function toAccount({ id, name, operator, created_at, models, deleting_since }: Shown): Account {
  const deletingSince = deleting_since?.toISOString() ?? null;
  return { id, name, operator, createdAt: created_at.toISOString(), models, deletingSince };
}

async function lockFirstAccount(tx: Tx): Promise<AccountRow | undefined> {
  await sql`select pg_advisory_xact_lock(${ADVISORY_LOCKS.firstAccount})`.execute(tx);
  return tx.selectFrom('accounts').selectAll().orderBy('created_at').orderBy('id').limit(1).executeTakeFirst();
}

/** A key that may do everything, for ever. */
export function insertAdminKey(tx: Tx, accountId: string, key: NewAdminKey, now: Date): Promise<Key> {
  return createKey(tx, { accountId, ...key, expiresAt: null, createdAt: now }, null);
}

/** Before the server listens, so that no call comes before the key. */
export async function takeAdminKey({ db, clock }: Store, adminKey: string): Promise<void> {
  const { secretHash, prefix } = mintKey(adminKey);
  await setAdminKey(db, { secretHash, prefix, scopes: ALL_SCOPES }, clock.now());
}

/**
 * The last that a start does: nothing may come between a key and its being shown.
 * @returns the admin key's secret when this start made one, else null. It is kept nowhere.
 */
export async function makeFirstKey({ db, clock }: Store): Promise<string | null> {
  const { secret, ...minted } = mintKey();
  const key = { ...minted, name: ADMIN_KEY, scopes: ALL_SCOPES };
  const { created } = await ensureFirstAccount(db, key, clock.now());
  return created ? secret : null;
}
