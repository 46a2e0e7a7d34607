// A new admin key for whoever has the machine or the database, where no key is left that works. Called by `seed
// keys recover`.

import { cannotConnect } from '../../db/connection.ts';
import { ConnectionPool, kyselyOn, type PoolLimits } from '../../db/connection-pool.ts';
import { sqlStateOf } from '../../db/database-failure.ts';
import { reachEmbeddedPostgres } from '../../db/embedded/start-embedded.ts';
import { Outage } from '../../db/outage.ts';
import { generateKeySecret, hashKeySecret, keyPrefix } from '../../lib/key-secret.ts';
import { createLog } from '../../lib/log.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Key } from '../../protocol/key.ts';
import { adminAccount, insertAdminKey } from './accounts.ts';
import { insertAudit } from './audit.ts';

const LIMITS: PoolLimits = { connections: 1, statementMs: 15_000, lockMs: 10_000 };
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
 * Makes a key with all scopes and no limit that never expires, and writes into the audit log that it did, in one
 * transaction. A running server takes the key at once.
 * @throws SeedError not_found for a folder or an account that is not there, unavailable when the database does not
 *   answer, conflict when it is not of this version
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
  const outage = new Outage(createLog('recover', 'silent'));
  await using db = kyselyOn(new ConnectionPool(connectionString, LIMITS, outage));
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
    throw explained(connectionString, error);
  }
}

function entryOf(accountId: string, target: string, at: Date) {
  const nobody = { keyId: null, taskId: null, sessionId: null, address: null, requestId: null };
  return { ...nobody, at, accountId, target, command: 'keys recover', status: 200, code: null, calls: 1 };
}

function explained(databaseUrl: string, error: unknown): unknown {
  if (OTHER_SCHEMA.includes(sqlStateOf(error) ?? '')) {
    return new SeedError('conflict', 'the database has not the tables of this version of Seed', {
      hint: 'Start this version once: a first start makes an admin key itself, and shows it.',
      cause: error,
    });
  }
  // Of the database itself, such as that it is away.
  return error instanceof SeedError && error.logged ? cannotConnect(databaseUrl, error) : error;
}
