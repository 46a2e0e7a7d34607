// A connection to the database. Each that Seed has is made here: what happens to it is the error of the query that
// meets it, never an event that nobody hears, and no query waits for ever. Its limits hold at both ends: Postgres
// ends what takes too long, and where nothing comes of that the connection is given up here.
import { readFile } from 'node:fs/promises';
import { Client, type PoolClient, type QueryConfig, type QueryResult, type QueryResultRow, types } from 'pg';
import { SeedError } from '../protocol/errors.ts';
import { queryWithSettings } from './carried-limits.ts';
import { connectionFailure, endsConnection, isReadOnly, statementFailure } from './database-failure.ts';
import type { Outage } from './outage.ts';
import { timeReader } from './timestamps.ts';

/** pg's own parsers of values. */
export { types };

export interface Limits {
  statementMs: number;
  /** Of waiting for a lock. */
  lockMs: number;
  /** What else holds in each of its transactions. */
  settings?: Record<string, string>;
  /** What only helps, and needs a session that is ours as long as the connection. */
  sessionSettings?: Record<string, string>;
}

const CONNECT_MS = 5_000;
/** After the time of a statement, until its connection is given up: Postgres itself had to end it. */
const PATIENCE_MS = 2_000;
/** A transaction in which nothing happens ends, so that a server that is gone holds no locks. */
const IDLE_TRANSACTION_MS = 60_000;
const KEEP_ALIVE_AFTER_MS = 10_000;
const END_MS = 2_000;

const READS_ONLY = /^\s*start\s+transaction\b.*\bread only\b/i;

/** So that Postgres, too, notices soon that a server is gone. */
const KEEP_ALIVE = { tcp_keepalives_idle: '10', tcp_keepalives_interval: '5', tcp_keepalives_count: '4' };

/** In an address: the file that has the password. Settings put it there (lib/settings.ts). */
const PASSWORD_FILE = /[?&]passwordfile=([^&]*)/;

/** What pg takes, for a pool as well as for one connection. */
export function connectionConfig(connectionString: string) {
  return {
    connectionString,
    passwordFile: passwordFileIn(connectionString),
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    types: { getTypeParser: parserOf },
  };
}

/** pg's client, which says what has broken it. */
export class WatchedClient extends Client {
  readonly madeMs = performance.now();
  /** When something last came of a query. */
  heardMs = 0;
  brokenBy: Error | null = null;
  /** Whether it was given up: nobody knows what its other end still does. */
  givenUp = false;
  /**
   * The process of Postgres that has answered last when a session was begun. A pooler makes up the number that a
   * connection is told at first: where the two differ, another session may answer each transaction.
   */
  backendId: number | null = null;

  /** Whether a session of Postgres is this connection's as long as it lives. */
  get ownsSession(): boolean {
    return this.backendId !== null && this.backendId === (this as unknown as { processID: number }).processID;
  }

  constructor(config: ReturnType<typeof connectionConfig>) {
    super(config);
    const { passwordFile } = config;
    // Read for each connection: it may have been replaced since.
    if (passwordFile !== null)
      Object.assign(this, { password: async () => (await readFile(passwordFile, 'utf8')).trim() });
    // From the first moment to the last, also while a pool has lent it.
    this.on('error', (error) => {
      this.brokenBy ??= error;
    });
    guardParser(this.connection);
  }

  /** Lets go of the other end, which may never hear of it. What still waits for an answer fails. */
  giveUp(why: Error): void {
    this.brokenBy ??= why;
    this.givenUp = true;
    this.connection.stream.destroy();
  }

  /** Resolves also when the other end does not say goodbye. */
  async leave(): Promise<void> {
    const stop = afterAwake(END_MS, () => this.giveUp(new Error('ended')));
    await this.end();
    stop();
  }
}

export class Connection {
  protected readonly client: WatchedClient;
  readonly #limits: Limits;
  readonly #patienceMs: number;
  readonly #outage: Outage;
  #beganReadOnly = false;

  constructor(client: WatchedClient, limits: Limits, outage: Outage) {
    this.client = client;
    this.#limits = limits;
    this.#patienceMs = limits.statementMs + PATIENCE_MS;
    this.#outage = outage;
  }

  get broken(): boolean {
    return this.client.brokenBy !== null;
  }

  /** Whether nothing stands between it and Postgres that may give it another session. */
  get ownsSession(): boolean {
    return this.client.ownsSession;
  }

  /**
   * @param patienceMs when it is not to wait as long as the connection's limits say
   * @throws SeedError unavailable or storage_full for what time or an operator mends, which of a commit may come
   * although it was done; and whatever Postgres says of the statement itself
   */
  async query<Row extends QueryResultRow>(
    statement: string | QueryConfig,
    values?: readonly unknown[],
    patienceMs = this.#patienceMs,
  ): Promise<QueryResult<Row>> {
    const { client } = this;
    const stop = afterAwake(patienceMs, () => client.giveUp(new Error(`no answer within ${patienceMs} ms`)));
    try {
      const result = await this.#ask<Row>(statement, values);
      client.heardMs = performance.now();
      this.#outage.passed();
      return result;
    } catch (error) {
      if (endsConnection(error)) client.brokenBy ??= error as Error;
      const refused = isReadOnly(error) && !this.#beganReadOnly;
      if (refused) this.#outage.foundReadOnly();
      const failure =
        this.broken || refused ? connectionFailure(client.brokenBy ?? error) : statementFailure(error);
      if (failure?.logged) this.#outage.met(failure);
      throw failure ?? error;
    } finally {
      stop();
    }
  }

  #ask<Row extends QueryResultRow>(statement: string | QueryConfig, values?: readonly unknown[]) {
    const { client } = this;
    const config = typeof statement === 'string' ? { text: statement } : statement;
    const begins = client.getTransactionStatus() === 'I';
    if (begins) this.#beganReadOnly = READS_ONLY.test(config.text);
    if (client.ownsSession || client.backendId === null) return client.query<Row>(statement, values as unknown[]);
    // What was prepared under a name is in another session.
    const { name: _, ...nameless } = { values: values as unknown[], ...config } as QueryConfig;
    if (!begins) return client.query<Row>(nameless);
    return queryWithSettings<Row>(client, nameless, settingsOf(this.#limits));
  }
}

export class LentConnection extends Connection {
  /** @param destroy also when it is not broken */
  release(destroy = false): void {
    (this.client as unknown as PoolClient).release(destroy || this.broken);
  }
}

/** One outside of any pool. */
export class OwnConnection extends Connection {
  /** Calls back when it breaks or ends. */
  onEnd(listener: () => void): void {
    this.client.once('end', listener);
  }

  /** Of what others notify: not of what is notified on this connection. */
  onNotification(listener: (payload: string) => void): void {
    this.client.on('notification', ({ payload, processId }) => {
      if (processId !== this.client.backendId) listener(payload ?? '');
    });
  }

  /** The process of Postgres that answers now. */
  async backend(patienceMs?: number): Promise<number | undefined> {
    const { rows } = await this.query<{ pid: number }>('select pg_backend_pid() as pid', [], patienceMs);
    return rows[0]?.pid;
  }

  end(): Promise<void> {
    return this.client.leave();
  }
}

/** @throws SeedError invalid_settings when that is no URL, otherwise unavailable */
export async function openConnection(databaseUrl: string, limits: Limits, outage: Outage): Promise<OwnConnection> {
  const client = newClient(databaseUrl);
  const connection = new OwnConnection(client, limits, outage);
  try {
    await client.connect();
    await begin(client, limits, outage);
    return connection;
  } catch (error) {
    await connection.end();
    throw error instanceof SeedError ? error : connectionFailure(error);
  }
}

export async function takesConnections(databaseUrl: string): Promise<boolean> {
  const client = newClient(databaseUrl);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.leave();
  }
}

/**
 * What a new connection begins with. Settings of the session only where it is the connection's own, and only asked
 * for in its first statement. @throws SeedError unavailable when it leads to a standby: after a failover its
 * address may still be known for the primary's
 */
export async function begin(client: WatchedClient, limits: Limits, outage: Outage): Promise<void> {
  const settings = Object.entries({ ...KEEP_ALIVE, ...settingsOf(limits), ...limits.sessionSettings });
  const { processID } = client as unknown as { processID: number | null };
  // Elsewhere they end with this statement.
  const set = settings.map(
    (_, index) => `set_config($${2 * index + 2}, $${2 * index + 3}, pg_backend_pid() <> $1)`,
  );
  const connection = new Connection(client, limits, outage);
  const { rows } = await connection.query<{ standby: boolean; pid: number }>(
    `select ${set.join(', ')}, pg_is_in_recovery() as standby, pg_backend_pid() as pid`,
    [processID ?? 0, ...settings.flat()],
    CONNECT_MS,
  );
  if (rows[0]?.standby) throw connectionFailure(new Error('this is a standby, which can only be read'));
  client.backendId = rows[0]?.pid ?? null;
}

function settingsOf({ statementMs, lockMs, settings }: Limits): Record<string, string> {
  return {
    idle_in_transaction_session_timeout: String(IDLE_TRANSACTION_MS),
    statement_timeout: String(statementMs),
    lock_timeout: String(lockMs),
    ...settings,
  };
}

function passwordFileIn(databaseUrl: string): string | null {
  const [, file] = PASSWORD_FILE.exec(databaseUrl) ?? [];
  return file === undefined ? null : decodeURIComponent(file);
}

function newClient(databaseUrl: string): WatchedClient {
  try {
    return new WatchedClient(connectionConfig(databaseUrl));
  } catch {
    // The parser's own message may quote the URL, and the URL holds the password.
    throw new SeedError('invalid_settings', 'DATABASE_URL is not a Postgres URL.', {
      hint: 'Write it as postgres://user:password@host:5432/database.',
    });
  }
}

/** For whoever has set the address: where it leads to, without the password, and what was said there. */
export function cannotConnect(
  databaseUrl: string,
  { cause, message }: SeedError,
  setting = 'DATABASE_URL',
): SeedError {
  const { hostname, port, pathname, searchParams } = new URL(databaseUrl, 'postgres://localhost');
  const where = `${searchParams.get('host') ?? hostname}${port && `:${port}`}${pathname}`;
  const { message: said, code } = cause as { message: string; code?: string };
  return new SeedError('unavailable', `The database at ${where} cannot be used: ${said || code || message}`, {
    hint:
      setting === 'DATABASE_URL'
        ? 'Start that Postgres, correct DATABASE_URL, or unset it to use the embedded Postgres.'
        : `Start that Postgres, or correct ${setting}.`,
  });
}

/** Calls back after the time unless stopped. In two halves: a process that stood still first hears what came. */
function afterAwake(ms: number, late: () => void): () => void {
  let timer = setTimeout(() => {
    timer = setTimeout(late, ms / 2);
  }, ms / 2);
  return () => clearTimeout(timer);
}

/** pg throws out of the socket's event at what it does not understand, such as an unknown way to sign in. */
function guardParser(connection: object): void {
  const parsing = connection as { attachListeners(stream: NodeJS.EventEmitter): void };
  const attach = parsing.attachListeners;
  parsing.attachListeners = (stream) => {
    attach.call(connection, stream);
    const [parse] = stream.listeners('data').slice(-1) as ((piece: Buffer) => void)[];
    if (!parse) return;
    stream.off('data', parse);
    stream.on('data', (piece: Buffer) => {
      try {
        parse(piece);
      } catch (error) {
        (stream as unknown as { destroy(error: unknown): void }).destroy(error);
      }
    });
  };
}

/** Counts come as numbers: a bigint of ours never passes 2^53. */
const OWN_PARSERS = new Map<number, (text: string) => unknown>([
  [types.builtins.INT8, Number],
  [types.builtins.TIMESTAMPTZ, timeReader(types.getTypeParser(types.builtins.TIMESTAMPTZ))],
]);
const parserOf: typeof types.getTypeParser = ((oid: number, format?: 'text' | 'binary') =>
  OWN_PARSERS.get(oid) ?? types.getTypeParser(oid, format as 'text')) as typeof types.getTypeParser;
