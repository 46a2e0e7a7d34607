// Sessions of the dashboard: begun, kept awake, ended, and how long they last. Looked up by presented-key.ts;
// called by the routes of /session and by session-cookie.ts.
import { hash, randomBytes, randomUUID } from 'node:crypto';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Db, SessionsTable, Tables, Tx } from '../../db/tables.ts';
import { integerSetting } from '../../lib/settings.ts';
import { LIMITS } from '../../protocol/limits.ts';

export interface Session {
  id: string;
  keyId: string;
  /** The hash of the secret that was signed in with; of an identity, what its key has in its place. */
  secretHash: string;
  /** Those of the token that was signed in with; null: those of the key at each moment. */
  scopes: readonly string[] | null;
  /** Accurate to a minute. */
  lastUsedAt: Date;
  expiresAt: Date;
}

export interface NewSession extends Pick<Session, 'keyId' | 'scopes' | 'expiresAt'> {
  /** Null: of an identity, for which it is looked up. */
  secretHash: string | null;
  /** SHA-256 of the cookie's token, hex. */
  tokenHash: string;
}

/** Expired rows that a sign-in deletes on its way: more than it adds. */
const PRUNED = 100;
const USE_ACCURACY_MS = 60_000;

/** Begins a session; the oldest of a key that then has too many end. */
export async function beginSession(db: Kysely<Tables>, session: NewSession, now: Date): Promise<Session> {
  return db.transaction().execute(async (tx) => {
    // One after the other, so that each sees the sessions of those before.
    const key = await tx
      .selectFrom('keys')
      .select('secret_hash')
      .where('id', '=', session.keyId)
      .forNoKeyUpdate()
      .executeTakeFirstOrThrow();
    const row = await tx
      .insertInto('sessions')
      .values({
        id: randomUUID(),
        token_hash: session.tokenHash,
        key_id: session.keyId,
        secret_hash: session.secretHash ?? key.secret_hash,
        scopes: session.scopes && [...session.scopes],
        created_at: now,
        last_used_at: now,
        expires_at: session.expiresAt,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    await prune(tx, session.keyId, now);
    return toSession(row);
  });
}

/** Writes that it is used, unless that was written within the last minute. */
export async function noteSessionUse(db: Db, { id, lastUsedAt }: Session, now: Date): Promise<void> {
  const before = new Date(now.getTime() - USE_ACCURACY_MS);
  if (lastUsedAt > before) return;
  await db
    .updateTable('sessions')
    .set({ last_used_at: now })
    .where('id', '=', id)
    .where('last_used_at', '<=', before)
    .execute();
}

export async function endSession(db: Db, id: string): Promise<void> {
  await db.deleteFrom('sessions').where('id', '=', id).execute();
}

export async function endSessionsOfKey(db: Db, keyId: string): Promise<void> {
  await db.deleteFrom('sessions').where('key_id', '=', keyId).execute();
}

export function toSession(row: Selectable<SessionsTable>): Session {
  return {
    id: row.id,
    keyId: row.key_id,
    secretHash: row.secret_hash,
    scopes: row.scopes,
    lastUsedAt: row.last_used_at,
    expiresAt: row.expires_at,
  };
}

async function prune(tx: Tx, keyId: string, now: Date): Promise<void> {
  await sql`
    delete from sessions where id in (
      select id from sessions where key_id = ${keyId}
      order by created_at desc, id desc offset ${LIMITS.sessionsPerKey}
    )`.execute(tx);
  await sql`
    delete from sessions where id in (
      select id from sessions where expires_at <= ${now}
      order by expires_at limit ${PRUNED} for update skip locked
    )`.execute(tx);
}

const BYTES = 32;
const SHAPE = /^[A-Za-z0-9_-]{43}$/;

export function newSessionToken(): string {
  return randomBytes(BYTES).toString('base64url');
}

export function isSessionToken(text: string): boolean {
  return SHAPE.test(text);
}

/** Hex: what is stored. */
export function hashSessionToken(token: string): string {
  return hash('sha256', token, 'hex');
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export interface SessionSettings {
  /** From signing in to the end, whatever happens. */
  lifeMs: number;
  /** Without a request. */
  idleMs: number;
}

/** @throws SeedError invalid_settings */
export function sessionSettings(): SessionSettings {
  return {
    lifeMs: integerSetting('SEED_SESSION_HOURS', 12, 1, 168) * HOUR_MS,
    idleMs: integerSetting('SEED_SESSION_IDLE_MINUTES', 120, 5, 1_440) * MINUTE_MS,
  };
}
