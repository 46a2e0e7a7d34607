// API keys: made, listed, revoked. Called by the key commands and wherever a task key is made.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Key, KeyStatus } from '../protocol/key.ts';
import type { Page } from '../protocol/page.ts';
import { behindCursor, type PageRequest, pageOfRows } from './cursor.ts';
import { storableText } from './storable.ts';
import type { Db, KeyRow } from './tables.ts';

export interface NewKey {
  accountId: string;
  name: string;
  /** SHA-256 of the secret, hex. */
  secretHash: string;
  prefix: string;
  scopes: string[];
  /** Null: never. */
  expiresAt: Date | null;
  taskId?: string | null;
  /** For a task key: the key that posted the task. */
  callerKeyId?: string | null;
  revokedAt?: Date | null;
  /** The key that revoked it; null with `revokedAt` set: Seed itself. */
  revokedBy?: string | null;
  createdAt?: Date;
}

export interface KeyFilter extends PageRequest {
  status?: KeyStatus | undefined;
  /**
   * Whether to list the task keys that Seed looks after itself, too: the live ones, and those it revoked at their
   * task's end. A task key that expired unrevoked or that a key revoked is always listed.
   */
  taskKeys: boolean;
}

export async function insertKey(db: Db, key: NewKey): Promise<Key> {
  const createdAt = key.createdAt ?? new Date();
  const row: KeyRow = {
    id: randomUUID(),
    account_id: key.accountId,
    name: storableText(key.name),
    prefix: key.prefix,
    secret_hash: key.secretHash,
    scopes: key.scopes,
    created_at: createdAt,
    expires_at: key.expiresAt,
    revoked_at: key.revokedAt ?? null,
    revoked_by: key.revokedBy ?? null,
    task_id: key.taskId ?? null,
    caller_key_id: key.callerKeyId ?? null,
  };
  await db.insertInto('keys').values(row).execute();
  return toKey(row, createdAt);
}

export async function getKey(db: Db, accountId: string, id: string, now: Date): Promise<Key | null> {
  const row = await db
    .selectFrom('keys')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('id', '=', id)
    .executeTakeFirst();
  return row ? toKey(row, now) : null;
}

/** Newest first. */
export async function listKeys(db: Db, accountId: string, filter: KeyFilter, now: Date): Promise<Page<Key>> {
  let query = db.selectFrom('keys').selectAll().where('account_id', '=', accountId);
  if (!filter.taskKeys) {
    query = query
      // Implied by the next condition and the predicate of the index that serves it.
      .where(sql<boolean>`(task_id is null or revoked_by is not null or revoked_at is null)`)
      .where(sql<boolean>`(task_id is null or revoked_by is not null or expires_at <= ${now})`);
  }
  if (filter.status === 'revoked') query = query.where('revoked_at', 'is not', null);
  if (filter.status === 'expired')
    query = query.where('revoked_at', 'is', null).where('expires_at', '<=', now);
  if (filter.status === 'active') {
    query = query
      .where('revoked_at', 'is', null)
      .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', now)]));
  }
  if (filter.cursor !== undefined) query = query.where(behindCursor(filter.cursor));
  const rows = await query
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(filter.limit + 1)
    .execute();
  return pageOfRows(rows, filter.limit, (row) => toKey(row, now));
}

/** Idempotent: a key that is revoked already stays as it is. Null when the account has no such key. */
export async function revokeKey(
  db: Db,
  accountId: string,
  id: string,
  revokedBy: string | null,
  now: Date,
): Promise<Key | null> {
  await db
    .updateTable('keys')
    .set({ revoked_at: now, revoked_by: revokedBy })
    .where('account_id', '=', accountId)
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .execute();
  return getKey(db, accountId, id, now);
}

/** Revokes the key of a task that ended. No key revoked it: Seed did. */
export async function revokeTaskKey(db: Db, taskId: string, now: Date): Promise<void> {
  await db
    .updateTable('keys')
    .set({ revoked_at: now })
    .where('task_id', '=', taskId)
    .where('revoked_at', 'is', null)
    .execute();
}

export function toKey(row: KeyRow, now: Date): Key {
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    scopes: row.scopes,
    status: keyStatus(row, now),
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at?.toISOString() ?? null,
    revokedAt: row.revoked_at?.toISOString() ?? null,
    taskId: row.task_id,
  };
}

export function keyStatus(key: Pick<KeyRow, 'revoked_at' | 'expires_at'>, now: Date): KeyStatus {
  if (key.revoked_at !== null) return 'revoked';
  return key.expires_at !== null && key.expires_at <= now ? 'expired' : 'active';
}
