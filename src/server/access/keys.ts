// API keys: minted, kept, read, listed, for the key commands and tasks. key-changes.ts changes them.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { behindCursor, pageOfRows } from '../../db/cursor.ts';
import { storableJson, storableText } from '../../db/storable.ts';
import type { Db, KeyRow, Tx } from '../../db/tables.ts';
import { generateKeySecret, hashKeySecret, keyPrefix } from '../../lib/key-secret.ts';
import { toNano, usdOf } from '../../lib/money.ts';
import type { SomeGrants } from '../../protocol/grant.ts';
import { writtenForms } from '../../protocol/kept-text.ts';
import type { Identity, Key, KeyFilter, KeyStatus, RaisedLimit } from '../../protocol/key.ts';
import {
  eachKeyLimit,
  KEY_LIMIT_NAMES,
  KEY_LIMITS,
  type KeyLimitName,
  type KeyLimits,
  type SomeKeyLimits,
  SPEND_LIMIT_NAMES,
} from '../../protocol/key-limits.ts';
import type { Page } from '../../protocol/page.ts';
import { emitEvent } from '../webhooks/events.ts';

export interface NewKey extends SomeKeyLimits {
  accountId: string;
  name: string;
  /** SHA-256 of the secret, hex. */
  secretHash: string;
  prefix: string;
  scopes: string[];
  /** Null: never. */
  expiresAt: Date | null;
  taskId?: string | null;
  /** For a task key: the key that posted the task. For a key made by a task: the task key it ends with. */
  callerKeyId?: string | null;
  metadata?: Record<string, string>;
  grants?: SomeGrants;
  tasksMayCreateLastingKeys?: boolean;
  revokedAt?: Date | null;
  /** The key that revoked it; null with `revokedAt` set: Seed itself. */
  revokedBy?: string | null;
  createdAt?: Date;
  /** The key in use; undefined: Seed makes it by itself. */
  createdBy?: string;
  /** The key in use where it is limited: then its limits bind the new one, too. */
  limitedBy?: string | null;
  /** Who it is that has no secret, and when the token was issued that said so. */
  identity?: Identity;
  identityIssuedAt?: Date;
}

export async function insertKey(db: Db, key: NewKey): Promise<Key> {
  const createdAt = key.createdAt ?? new Date();
  const row = await db
    .insertInto('keys')
    .values({
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
      metadata: storableJson(key.metadata ?? {}),
      tasks_may_create_lasting_keys: key.tasksMayCreateLastingKeys ?? false,
      created_by_key_id: key.createdBy ?? null,
      limited_by_key_id: key.limitedBy ?? null,
      identity: key.identity === undefined ? null : storableJson(key.identity),
      identity_issued_at: key.identityIssuedAt ?? null,
      ...limitColumns(key),
      ...grantColumns(key.grants ?? {}),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return toKey(row, createdAt);
}

/**
 * A key that somebody made, with its event. `insertKey` alone is for the keys that Seed mints for tasks.
 * @param createdBy what its account is told of who made it; null: Seed, or a key of another account
 */
export async function createKey(
  tx: Tx,
  key: NewKey,
  createdBy: string | null = key.createdBy ?? null,
): Promise<Key> {
  const created = await insertKey(tx, key);
  const { id, name, scopes, expiresAt } = created;
  const data = { keyId: id, name, scopes, expiresAt, createdBy };
  await emitEvent(tx, { accountId: key.accountId, type: 'key.created', data }, new Date(created.createdAt));
  return created;
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

export function toKey(row: KeyRow, now: Date): Key {
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    scopes: row.scopes,
    status: keyStatus(row, now),
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at?.toISOString() ?? null,
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
    rotatedAt: row.rotated_at?.toISOString() ?? null,
    previousSecretUntil: previousSecretUntil(row, now),
    revokedAt: row.revoked_at?.toISOString() ?? null,
    ...limitsOf(row),
    raised: raisedOf(row, now),
    limits: row.limits,
    approval: row.approval,
    loop: row.loop,
    tasksMayCreateLastingKeys: row.tasks_may_create_lasting_keys,
    metadata: row.metadata,
    taskId: row.task_id,
    identity: row.identity,
  };
}

/** In the order in which a presented key is checked. */
function keyStatus(key: Pick<KeyRow, 'revoked_at' | 'enabled' | 'expires_at'>, now: Date): KeyStatus {
  if (key.revoked_at !== null) return 'revoked';
  if (!key.enabled) return 'disabled';
  return key.expires_at !== null && key.expires_at <= now ? 'expired' : 'active';
}

function previousSecretUntil(row: KeyRow, now: Date): string | null {
  const until = row.previous_secret_until;
  return until !== null && until > now ? until.toISOString() : null;
}

export function mintKey(secret: string = generateKeySecret()) {
  return { secret, secretHash: hashKeySecret(secret), prefix: keyPrefix(secret) };
}

const DAY_MS = 86_400_000;

/** Newest first. */
export async function listKeys(db: Db, accountId: string, filter: KeyFilter, now: Date): Promise<Page<Key>> {
  let query = db.selectFrom('keys').selectAll().where('account_id', '=', accountId);
  if (!filter.taskKeys) {
    query = query
      // Implied by the next condition and the predicate of the index that serves it.
      .where(sql<boolean>`(task_id is null or revoked_by is not null or revoked_at is null)`)
      .where(sql<boolean>`(task_id is null or revoked_by is not null or expires_at <= ${now})`);
  }
  if (filter.status !== undefined) query = query.where(hasStatus(filter.status, now));
  if (filter.unusedForDays !== undefined) {
    const since = new Date(now.getTime() - filter.unusedForDays * DAY_MS);
    query = query.where(sql<boolean>`greatest(created_at, last_used_at) <= ${since}`);
  }
  if (filter.q !== undefined) query = query.where(matches(filter.q));
  if (filter.cursor !== undefined) query = query.where(behindCursor(filter.cursor));
  const rows = await query
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(filter.limit + 1)
    .execute();
  return pageOfRows(rows, filter.limit, (row) => toKey(row, now));
}

/** keyStatus of keys.ts as SQL. */
function hasStatus(status: KeyStatus, now: Date) {
  if (status === 'revoked') return sql<boolean>`revoked_at is not null`;
  if (status === 'disabled') return sql<boolean>`(revoked_at is null and not enabled)`;
  if (status === 'expired') return sql<boolean>`(revoked_at is null and enabled and expires_at <= ${now})`;
  return sql<boolean>`(revoked_at is null and enabled and (expires_at is null or expires_at > ${now}))`;
}

function matches(q: string) {
  const literal = storableText(q).replace(/[\\%_]/g, '\\$&');
  const anywhere = writtenForms(literal).map((text) => `%${text}%`);
  const beginning = `${literal}%`;
  const subject = sql`identity ->> 'subject' = ${storableText(q)}`;
  return sql<boolean>`(
    name ilike any(${anywhere}) or prefix like ${beginning} or id::text ilike ${beginning} or ${subject}
  )`;
}

/** The column of a limit: `spend_per_day_nano_usd` for `spendPerDay`. */
export function limitColumn(name: KeyLimitName): string {
  const words = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return KEY_LIMITS[name].kind === 'usd' ? `${words}_nano_usd` : words;
}

/** The columns of the limits that are given; what is undefined stays as it is. */
export function limitColumns(limits: SomeKeyLimits): object {
  return Object.fromEntries(
    KEY_LIMIT_NAMES.map((name) => {
      const value = limits[name];
      if (Array.isArray(value)) return [limitColumn(name), value.map(storableText)];
      return [limitColumn(name), value && KEY_LIMITS[name].kind === 'usd' ? toNano(value) : value];
    }),
  );
}

/** The columns of those that are given, of a key or a task; what is undefined stays as it is. */
export function grantColumns({ limits, approval, loop }: SomeGrants) {
  return {
    ...(limits && { limits: storableJson(limits) }),
    ...(approval !== undefined && { approval: approval && storableJson(approval) }),
    ...(loop !== undefined && { loop }),
  };
}

/** The spend limits that are raised for the present day or month. */
function raisedOf({ spend_raises }: KeyRow, now: Date): RaisedLimit[] {
  return SPEND_LIMIT_NAMES.flatMap((limit) => {
    const raise = spend_raises[limit];
    if (raise === undefined || Date.parse(raise.until) <= now.getTime()) return [];
    const to = KEY_LIMITS[limit].kind === 'usd' ? usdOf(raise.to) : raise.to;
    return [{ limit, to, until: raise.until }];
  });
}

/** What a key's row says. */
function limitsOf(row: KeyRow): KeyLimits {
  return eachKeyLimit((name, { kind }) => {
    const value = row[limitColumn(name) as keyof KeyRow];
    return kind === 'usd' && value !== null ? usdOf(value as number) : value;
  }) as KeyLimits;
}
