// A pool of connections (connection.ts) with one set of limits. Kysely, the look-ups and the queue borrow from it.
import { Kysely, PostgresDialect, type PostgresPool } from 'kysely';
import {
  Pool,
  type PoolClient,
  type PoolConfig,
  type QueryConfig,
  type QueryResult,
  type QueryResultRow,
} from 'pg';
import { SeedError } from '../protocol/errors.ts';
import { begin, connectionConfig, LentConnection, type Limits, WatchedClient } from './connection.ts';
import { connectionFailure } from './database-failure.ts';
import type { Outage } from './outage.ts';
import type { Tables } from './tables.ts';

export interface PoolLimits extends Limits {
  /** At most, at a time. */
  connections: number;
}

/** So long what was lent may still be used when the pool ends. */
const END_MS = 5_000;

/** One that was heard so short a time ago is lent without asking whether it is still there. */
const SURELY_THERE_MS = 1_000;
const ASK_MS = 2_000;

type Lendable = WatchedClient & PoolClient;

export class ConnectionPool {
  /** Kysely asks for it in order to cancel queries, which nobody does. */
  readonly options = {};
  readonly #pool: Pool;
  readonly #limits: PoolLimits;
  readonly #outage: Outage;
  readonly #lent = new Set<Lendable>();
  /** Older connections are not used any more: one of them was not heard, and the others may have gone with it. */
  #trustedFromMs = 0;
  /** What was heard before says nothing. */
  #doubtedMs = Number.NEGATIVE_INFINITY;

  constructor(databaseUrl: string, limits: PoolLimits, outage: Outage) {
    this.#limits = limits;
    this.#outage = outage;
    const config = {
      ...connectionConfig(databaseUrl),
      max: limits.connections,
      Client: WatchedClient,
      onConnect: (client: WatchedClient) => begin(client, limits, outage),
    };
    this.#pool = new Pool(config as unknown as PoolConfig);
    // One that breaks while it is idle is replaced when the next one is needed.
    this.#pool.on('error', (error) => {
      if (!this.#pool.ending) outage.met(connectionFailure(error));
    });
    this.#pool.on('acquire', (client) => this.#lent.add(client as Lendable));
    this.#pool.on('release', (_error, client) => {
      this.#lent.delete(client as Lendable);
      if ((client as Lendable).givenUp) this.#trustedFromMs = performance.now();
    });
  }

  /** @throws SeedError unavailable or storage_full */
  async connect(): Promise<LentConnection> {
    for (;;) {
      const client = await this.#borrow();
      const connection = new LentConnection(client, this.#limits, this.#outage);
      const trustedFromMs = Math.max(this.#trustedFromMs, this.#outage.trustedFromMs);
      if (client.madeMs >= trustedFromMs && (await this.#isThere(client, connection))) return connection;
      connection.release(true);
    }
  }

  /** From now on each connection is asked whether it is still there before it is lent again. */
  doubt(): void {
    this.#doubtedMs = performance.now();
  }

  /** One statement, on a connection that does not outlive its failure. As `Connection.query`. */
  async query<Row extends QueryResultRow>(
    statement: string | QueryConfig,
    values?: readonly unknown[],
    patienceMs?: number,
  ): Promise<QueryResult<Row>> {
    const connection = await this.connect();
    let done = false;
    try {
      const result = await connection.query<Row>(statement, values, patienceMs);
      done = true;
      return result;
    } finally {
      connection.release(!done);
    }
  }

  /** Waits for running queries, for some seconds. */
  async end(): Promise<void> {
    const late = setTimeout(() => {
      for (const client of this.#lent) client.giveUp(new Error('the server is stopping'));
    }, END_MS);
    await this.#pool.end();
    clearTimeout(late);
  }

  async #borrow(): Promise<Lendable> {
    if (this.#pool.ending) throw new SeedError('unavailable', 'the server is stopping', { logged: true });
    try {
      return (await this.#pool.connect()) as Lendable;
    } catch (error) {
      throw this.#outage.met(this.#noConnection(error));
    }
  }

  async #isThere({ heardMs }: Lendable, connection: LentConnection): Promise<boolean> {
    if (heardMs > this.#doubtedMs && performance.now() - heardMs < SURELY_THERE_MS) return true;
    return connection.query('select 1', [], ASK_MS).then(
      () => true,
      () => false,
    );
  }

  #noConnection(cause: unknown): SeedError {
    if (cause instanceof SeedError) return cause;
    if (this.#lent.size < this.#limits.connections) return connectionFailure(cause);
    return new SeedError('unavailable', 'all connections to the database are in use', {
      hint: 'Try again in a moment.',
      retryAfterSeconds: 2,
      cause,
      logged: true,
    });
  }
}

/** What Kysely says of pools has ways in it that it is not asked to go, such as cursors. */
export function kyselyOn(pool: ConnectionPool): Kysely<Tables> {
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool: pool as unknown as PostgresPool }) });
}
