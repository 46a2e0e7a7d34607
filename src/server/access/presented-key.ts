// The keys and sessions that requests present, with all that decides whether they are worth anything. Requests
// that come at once share one query, and a key is then known for half a second.
import { type RawBuilder, type Selectable, sql } from 'kysely';
import type { Actor } from '../../command/call.ts';
import type { Store } from '../../db/store.ts';
import type { Db, KeyRow, SessionsTable } from '../../db/tables.ts';
import { createDataLoader } from '../../lib/data-loader.ts';
import { createTtlCache } from '../../lib/ttl-cache.ts';
import type { Key, KeyStatus, Lineage } from '../../protocol/key.ts';
import { toKey } from './keys.ts';
import { type Session, toSession } from './sessions.ts';

export interface PresentedKey {
  /** Its own status only; see callerStatus. */
  key: Key;
  /** The key, then the one that posted its task, then the one that posted that one's, and so on. */
  lineage: Lineage;
  /** The limited keys that made the last of the lineage, and so on: only for their limits. */
  grantors: readonly Key[];
  accountId: string;
  accountName: string;
  /** The models of its tasks that name none; null: nothing is said. */
  accountModels: string[] | null;
  /** Whether its account is the operator's. */
  operator: boolean;
  /** The worst status of the keys that its task descends from; null: none. Only null and `active` are let in. */
  callerStatus: KeyStatus | null;
  /** When the secret is the one from before a rotation: until when it works. Null for the present secret. */
  replacedSecretUntil: Date | null;
}

export interface PresentedKeyRow extends KeyRow {
  /** The one that was asked for: at depth 0 the key's own, or one that it had before. */
  presented_hash: string;
  depth: number;
  works_until: Date | null;
  /** Reached by what limits the one before, and not by what that one comes from. */
  is_grantor: boolean;
  account_name: string;
  account_models: string[] | null;
  operator: boolean;
  deleting_since: Date | null;
}

/** Null when there is no key with this hash. */
export async function findPresentedKey(db: Db, secretHash: string, now: Date): Promise<PresentedKey | null> {
  const { rows } = await presentedKeyRows([secretHash]).execute(db);
  return toPresentedKeys(rows, now).get(secretHash) ?? null;
}

/** The query for the keys with these hashes and all that they descend from. */
function presentedKeyRows(secretHashes: readonly string[]): RawBuilder<PresentedKeyRow> {
  return sql`
    with recursive chain as (
      (
        select keys.*, secret_hash as presented_hash, 0 as depth, null::timestamptz as works_until,
          false as is_grantor
        from keys where secret_hash = any(${secretHashes})
        union all
        select keys.*, replaced.secret_hash, 0, replaced.works_until, false from replaced_secrets as replaced
        join keys on keys.id = replaced.key_id where replaced.secret_hash = any(${secretHashes})
      )
      union all
      select keys.*, chain.presented_hash, chain.depth + 1, null,
        chain.is_grantor or chain.caller_key_id is null
      from chain join keys on keys.id = coalesce(chain.caller_key_id, chain.limited_by_key_id)
    )
    select chain.*, accounts.name as account_name, accounts.models as account_models, accounts.operator,
      accounts.deleting_since
    from chain join accounts on accounts.id = chain.account_id
    order by chain.depth`;
}

/** By their hash. */
function toPresentedKeys(rows: readonly PresentedKeyRow[], now: Date): Map<string, PresentedKey> {
  const chains = Map.groupBy(rows, (row) => row.presented_hash);
  return new Map([...chains].map(([hash, chain]) => [hash, presentedKey(chain, now)]));
}

function presentedKey([row, ...callers]: PresentedKeyRow[], now: Date): PresentedKey {
  if (!row) throw new Error('a chain of keys begins with a key');
  const key = toKey(unlessDeleting(row), now);
  const above = callers
    .filter(({ is_grantor }) => !is_grantor)
    .map((caller) => toKey(unlessDeleting(caller), now));
  const grantors = callers.filter(({ is_grantor }) => is_grantor).map((grantor) => toKey(grantor, now));
  return {
    key,
    lineage: [key, ...above],
    grantors,
    accountId: row.account_id,
    accountName: row.account_name,
    accountModels: row.account_models,
    operator: row.operator,
    callerStatus: worstOf(above),
    replacedSecretUntil: row.works_until,
  };
}

/** With its account all its keys end at once, also those that are made meanwhile. */
function unlessDeleting<Row extends Pick<PresentedKeyRow, 'revoked_at' | 'deleting_since'>>(row: Row): Row {
  return row.deleting_since === null ? row : { ...row, revoked_at: row.revoked_at ?? row.deleting_since };
}

/** Whether it is still worth something by the clock: nothing in its lineage was off, or has expired since. */
function isInForce({ lineage, replacedSecretUntil }: PresentedKey, now: Date): boolean {
  if (replacedSecretUntil !== null && replacedSecretUntil <= now) return false;
  return lineage.every(
    ({ status, expiresAt }) =>
      status === 'active' && (expiresAt === null || Date.parse(expiresAt) > now.getTime()),
  );
}

/** A key and all the keys that it descends from, itself first; empty when there is no such key. */
export async function lineageOf(db: Db, keyId: string, now: Date): Promise<Key[]> {
  const { rows } = await sql<KeyRow>`
    with recursive chain as (
      select keys.*, 0 as depth from keys where id = ${keyId}
      union all
      select keys.*, chain.depth + 1 from chain join keys on keys.id = chain.caller_key_id
    )
    select * from chain order by depth`.execute(db);
  return rows.map((row) => toKey(row, now));
}

/** A key, all that it descends from and all whose limits bind it, itself first; empty without such a key. */
export async function boundChainOf(
  db: Db,
  keyId: string,
  now: Date,
): Promise<{ lineage: Key[]; grantors: Key[] }> {
  const { rows } = await sql<KeyRow & { is_grantor: boolean }>`
    with recursive chain as (
      select keys.*, 0 as depth, false as is_grantor from keys where id = ${keyId}
      union all
      select keys.*, chain.depth + 1, chain.is_grantor or chain.caller_key_id is null
      from chain join keys on keys.id = coalesce(chain.caller_key_id, chain.limited_by_key_id)
    )
    select * from chain order by depth`.execute(db);
  const those = (isGrantor: boolean) =>
    rows.filter(({ is_grantor }) => is_grantor === isGrantor).map((row) => toKey(row, now));
  return { lineage: those(false), grantors: those(true) };
}

/** Who would present the key now, and the worst status of what it descends from; null: there is no such key. */
export async function actorOf(
  db: Db,
  { accountId, keyId }: { accountId: string; keyId: string },
  now: Date,
): Promise<{ actor: Actor; status: KeyStatus } | null> {
  const { lineage, grantors } = await boundChainOf(db, keyId, now);
  const [key, ...above] = lineage;
  const account = await db.selectFrom('accounts').selectAll().where('id', '=', accountId).executeTakeFirst();
  if (!key || !account) return null;
  const { name: accountName, models: accountModels, operator, deleting_since } = account;
  const whose = { accountId, accountName, accountModels, operator };
  const actor: Actor = { key, lineage: [key, ...above], grantors, ...whose };
  return { actor, status: deleting_since === null ? (worstOf(actor.lineage) ?? 'active') : 'revoked' };
}

/** The same as one that came with a token or session of these scopes: those of an identity's row are the last. */
export function withScopes(presented: PresentedKey, scopes: readonly string[]): PresentedKey {
  const [own, ...above] = presented.lineage;
  const key = { ...own, scopes: [...scopes] };
  return { ...presented, key, lineage: [key, ...above] };
}

/** The worst status among the keys; null when there are none. */
export function worstOf(keys: readonly Pick<Key, 'status'>[]): KeyStatus | null {
  if (keys.length === 0) return null;
  const statuses = keys.map(({ status }) => status);
  return (['revoked', 'disabled', 'expired'] as const).find((bad) => statuses.includes(bad)) ?? 'active';
}

const KEYS_KEPT = 10_000;

export interface KeyCache {
  /** Null: there is no such key. One in force may be half a second old, but its times are always compared. */
  presentedKey(secretHash: string): Promise<PresentedKey | null>;
  /** Null when there is no session whose token has this hash. Whether it is over is not looked at. */
  session(tokenHash: string): Promise<Session | null>;
}

export function openKeyCache({ lookUp, clock, caches }: Pick<Store, 'lookUp' | 'clock' | 'caches'>): KeyCache {
  const load = createDataLoader(async (hashes) =>
    toPresentedKeys(await lookUp('presented_keys', presentedKeyRows(hashes)), clock.now()),
  );
  const keys = createTtlCache<PresentedKey>({ most: KEYS_KEPT, holds: (key) => isInForce(key, clock.now()) });
  const isOf = (taskId: string) => (presented: PresentedKey) =>
    presented.lineage.some((key) => key.taskId === taskId);
  caches.add('keys', (taskId) => keys.forget(taskId === undefined ? undefined : isOf(taskId)));
  return {
    presentedKey: (hash) => keys.find(hash, () => load(hash)),
    session: createDataLoader(async (hashes) => {
      const rows = await lookUp(
        'sessions',
        sql<Selectable<SessionsTable>>`select * from sessions where token_hash = any(${hashes})`,
      );
      return new Map(rows.map((row) => [row.token_hash, toSession(row)]));
    }),
  };
}
