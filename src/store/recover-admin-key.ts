// A new admin key for whoever has the machine or the database, where no key is left that works. Called by `seed keys recover`.
import { Kysely, PostgresDialect } from 'kysely';
import { type DatabaseError, Pool } from 'pg';
import { generateKeySecret, hashKeySecret, keyPrefix } from '../core/key-secret.ts';
import { createLog } from '../lib/log.ts';
import { SeedError } from '../protocol/errors.ts';
import type { Key } from '../protocol/key.ts';
import { adminAccount, insertAdminKey } from './accounts.ts';
import { insertAudit } from './audit.ts';
import { reachEmbeddedPostgres } from './embedded/reach-embedded.ts';
import type { Tables } from './tables.ts';

const CONNECT_TIMEOUT_MS = 5_000;
/** Undefined column, table, and value of an enumeration or constraint that is not known. */
const OTHER_SCHEMA = ['42703', '42P01', '23514'];

export interface Recovery {
  /** Null: the embedded Postgres of the data folder, whether its server runs or not. */
  databaseUrl: string | null;
  dataDir: string;
  /** Undefined: the operator's. */
  accountId: string | undefined;
}

export interface RecoveredKey {
  accountName: string;
  key: Key;
  /** Kept nowhere. */
  secret: string;
}

/**
 * Makes a key with all scopes and no limit that never expires, and writes into the audit log that it did, in one transaction.
 * A running server takes the key at once.
 * @throws SeedError not_found for a folder or an account that is not there, unavailable when the database does not answer,
 * conflict when it is not of this version
 */
export async function recoverAdminKey({ databaseUrl, dataDir, accountId }: Recovery): Promise<RecoveredKey> {
  const reached =
    databaseUrl === null
      ? await reachEmbeddedPostgres(dataDir, createLog('recover', 'warn'))
      : { databaseUrl, release: async () => {} };
  try {
    return await makeKey(reached.databaseUrl, accountId);
  } finally {
    await reached.release();
  }
}

async function makeKey(connectionString: string, accountId: string | undefined): Promise<RecoveredKey> {
  const pool = new Pool({ connectionString, max: 1, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  // What breaks the connection is told by the statement that meets it.
  pool.on('error', () => undefined);
  await using db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  const secret = generateKeySecret();
  const key = { name: 'admin', scopes: ['*'], secretHash: hashKeySecret(secret), prefix: keyPrefix(secret) };
  try {
    return await db.transaction().execute(async (tx) => {
      const now = new Date();
      const account = await adminAccount(tx, accountId, now);
      const made = await insertAdminKey(tx, account.id, key, now);
      await insertAudit(tx, [entryOf(account.id, made.id, now)]);
      return { accountName: account.name, key: made, secret };
    });
  } catch (error) {
    throw explained(error as DatabaseError);
  }
}

function entryOf(accountId: string, target: string, at: Date) {
  const nobody = { keyId: null, taskId: null, sessionId: null, address: null, requestId: null };
  return { ...nobody, at, accountId, target, command: 'keys recover', status: 200, code: null, calls: 1 };
}

function explained(cause: DatabaseError | SeedError): SeedError {
  if (cause instanceof SeedError) return cause;
  if (OTHER_SCHEMA.includes(cause.code ?? '')) {
    return new SeedError('conflict', 'the database has not the tables of this version of Seed', {
      hint: 'Start this version once: a first start makes an admin key itself, and shows it.',
      cause,
    });
  }
  return new SeedError('unavailable', `the database cannot be used: ${cause.message}`, {
    hint: 'Start that Postgres, correct DATABASE_URL, or unset it to use the embedded Postgres.',
    cause,
  });
}
