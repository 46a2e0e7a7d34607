// The two addresses of the database, and what stands behind each: one for all work, which may lead through a
// pooler, and one for what needs a session of Postgres of its own: migrations, their lock, and LISTEN. Used by
// store.ts when a server starts, and by `seed doctor`.
import { setTimeout as sleep } from 'node:timers/promises';
import { createLog } from '../lib/log.ts';
import { SeedError } from '../protocol/errors.ts';
import { cannotConnect, type Limits, type OwnConnection, openConnection } from './connection.ts';
import { sqlStateOf } from './database-failure.ts';
import { Outage } from './outage.ts';

export interface Addresses {
  /** DATABASE_URL, or the embedded Postgres. */
  databaseUrl: string;
  /** SEED_DATABASE_DIRECT_URL; null or undefined: the same as for all work. */
  directUrl?: string | null;
}

/**
 * What answers at an address: Postgres itself; a pooler that gives each connection a session for as long as it
 * lives; or one that gives it another session with each transaction.
 */
export type Way = 'direct' | 'pooled by session' | 'pooled by transaction';

export const DIRECT_SETTING = 'SEED_DATABASE_DIRECT_URL';

const START_PATIENCE_MS = 10_000;
const START_RETRY_MS = 100;
const ROUNDS = 5;
const ASKING: Limits = { statementMs: 5_000, lockMs: 5_000 };

/** Where what needs a session is done. */
export const sessionUrl = ({ databaseUrl, directUrl }: Addresses) => directUrl ?? databaseUrl;

/**
 * A connection to the address for sessions, and what stands behind it. Waits up to 10 s for a database that is
 * just starting. @throws SeedError unavailable when it cannot be reached; invalid_settings when it is of no use
 */
export async function reachSessions(
  addresses: Addresses,
  limits: Limits,
  outage: Outage,
): Promise<{ connection: OwnConnection; way: Way }> {
  const url = sessionUrl(addresses);
  const setting = addresses.directUrl ? DIRECT_SETTING : 'DATABASE_URL';
  const connection = await connectWhenReady(url, setting, limits, outage);
  try {
    const way = await wayOf(connection, url, outage);
    if (way === 'pooled by transaction' && addresses.directUrl) {
      throw new SeedError('invalid_settings', `${DIRECT_SETTING} leads through a pooler that keeps no sessions`, {
        hint: 'Set it to the address of Postgres itself; DATABASE_URL may go on leading through the pooler.',
      });
    }
    return { connection, way };
  } catch (error) {
    await connection.end();
    throw error;
  }
}

async function connectWhenReady(url: string, setting: string, limits: Limits, outage: Outage) {
  const giveUpAt = performance.now() + START_PATIENCE_MS;
  for (;;) {
    try {
      return await openConnection(url, limits, outage);
    } catch (error) {
      if (!(error instanceof SeedError) || error.code === 'invalid_settings') throw error;
      // Waiting does not help when Postgres knows neither the user, nor the password, nor the database.
      const isFinal = /^(28|3D)/.test(sqlStateOf(error) ?? '');
      if (isFinal || performance.now() >= giveUpAt) throw cannotConnect(url, error, setting);
    }
    await sleep(START_RETRY_MS);
  }
}

/** For whoever asks: what stands behind each of the addresses, or why nobody knows. */
export async function findWays(addresses: Addresses) {
  const outage = new Outage(createLog('addresses', 'silent'));
  const find = async (setting: string, url: string) => {
    try {
      await using parts = new AsyncDisposableStack();
      const connection = await openConnection(url, ASKING, outage);
      parts.defer(() => connection.end());
      return { setting, way: await wayOf(connection, url, outage), error: null };
    } catch (error) {
      if (!(error instanceof SeedError)) throw error;
      const said = error.code === 'unavailable' ? cannotConnect(url, error, setting) : error;
      return { setting, way: null, error: said };
    }
  };
  const found = [await find('DATABASE_URL', addresses.databaseUrl)];
  if (addresses.directUrl) found.push(await find(DIRECT_SETTING, addresses.directUrl));
  return found;
}

/**
 * Postgres tells each connection the number of the process that serves it, and poolers make one up. Whether such a
 * pooler keeps sessions shows when two connections ask by turns which process answers: it does when each has one
 * that stays and is its own. What that does not prove counts as a pooler by transaction, with which all works.
 */
async function wayOf(connection: OwnConnection, url: string, outage: Outage): Promise<Way> {
  if (connection.ownsSession) return 'direct';
  await refuseByStatement(connection);
  const other = await openConnection(url, ASKING, outage).catch(() => null);
  if (other === null) return 'pooled by transaction';
  try {
    const [mine, its] = [new Set<unknown>(), new Set<unknown>()];
    for (let round = 0; round < ROUNDS; round += 1) {
      // Twice: a pooler may hand out its sessions in a circle.
      mine.add(await connection.backend());
      mine.add(await connection.backend());
      its.add(await other.backend());
    }
    const keeps = mine.size === 1 && its.size === 1 && mine.isDisjointFrom(its);
    return keeps ? 'pooled by session' : 'pooled by transaction';
  } finally {
    await other.end();
  }
}

async function refuseByStatement(connection: OwnConnection): Promise<void> {
  try {
    await connection.query('begin');
    await connection.query('commit');
  } catch (error) {
    if (!/transaction blocks not allowed/.test(((error as SeedError).cause as Error | undefined)?.message ?? ''))
      throw error;
    throw new SeedError('invalid_settings', 'the pooler of the database lends sessions by the statement', {
      hint: 'Seed needs transactions: set its mode to transaction (PgBouncer: pool_mode = transaction).',
      cause: error,
    });
  }
}
