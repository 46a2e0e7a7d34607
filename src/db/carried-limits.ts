// Statements that bring their limits with them, for connections whose next statement may run in another session
// of Postgres (a pooler that lends them by the transaction). What they set ends with their transaction, so that
// nobody else ever meets it. Called by connection.ts.
import { Query, type QueryConfig, type QueryResult, type QueryResultRow } from 'pg';

type Settings = Readonly<Record<string, string>>;

/** What of pg's connection sends the messages of the extended protocol. */
interface Wire {
  parse(message: { text: string; name?: string; types?: number[] }): void;
  bind(message: { portal: string; statement: string; values: unknown[] }): void;
  execute(message: { portal: string; rows: number }): void;
}

/** What of pg's queries is overridden; its types do not tell of it. */
interface AnyQuery {
  prepare(connection: Wire): void;
  requiresPreparation(): boolean;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, connection: Wire): void;
}

const PlainQuery = Query as unknown as new (
  config: QueryConfig,
  values: undefined,
  callback: (error: unknown, result: unknown) => void,
) => AnyQuery;

/**
 * Two statements in one round trip: all messages up to a Sync are one transaction, in which the first sets what
 * holds for the second.
 */
class QueryWithSettings extends PlainQuery {
  readonly #setting: string;
  #areSet = false;

  constructor(
    settings: Settings,
    config: QueryConfig,
    callback: (error: unknown, result: QueryResult<never>) => void,
  ) {
    super(config, undefined, callback as (error: unknown, result: unknown) => void);
    const sets = Object.entries(settings).map(([name, value]) => `set_config('${name}', '${value}', true)`);
    this.#setting = `select ${sets.join(', ')}`;
  }

  override requiresPreparation(): boolean {
    return true;
  }

  override prepare(connection: Wire): void {
    connection.parse({ text: this.#setting });
    connection.bind({ portal: '', statement: '', values: [] });
    connection.execute({ portal: '', rows: 0 });
    super.prepare(connection);
  }

  override handleDataRow(message: unknown): void {
    if (this.#areSet) super.handleDataRow(message);
  }

  override handleCommandComplete(message: unknown, connection: Wire): void {
    if (this.#areSet) super.handleCommandComplete(message, connection);
    this.#areSet = true;
  }
}

interface Asking {
  query(query: AnyQuery): unknown;
  query(text: string): Promise<unknown>;
}

const BEGINS = /^\s*(begin|start\s+transaction)\b[^;]*$/i;
/** These cannot run behind anything else. */
const ALONE =
  /^\s*(vacuum|reindex|alter\s+system|(create|drop)\s+database|(create\s+(unique\s+)?|drop\s+)index\s+concurrently)\b/i;

/**
 * Runs what begins a transaction, or is one. Nothing of it stays behind in the session, and it needs none.
 * @param settings names and values without quotes in them
 */
export async function queryWithSettings<Row extends QueryResultRow>(
  client: Asking,
  config: QueryConfig & { queryMode?: string },
  settings: Settings,
): Promise<QueryResult<Row>> {
  const { text, values, queryMode } = config;
  if ((values !== undefined && values.length > 0) || queryMode === 'extended') {
    const { promise, resolve, reject } = Promise.withResolvers<QueryResult<Row>>();
    client.query(
      new QueryWithSettings(settings, config, (error, result) => (error ? reject(error) : resolve(result))),
    );
    return promise;
  }
  if (ALONE.test(text)) return (await client.query(text)) as QueryResult<Row>;
  const sets = Object.entries(settings).map(([name, value]) => `set local ${name} = '${value}'`);
  const begins = BEGINS.test(text);
  // Before anything has looked at the database, where the statement says how much of it is to be seen.
  const results = (await client.query([...(begins ? [text, ...sets] : [...sets, text])].join('; '))) as unknown[];
  const own = begins ? results.slice(0, 1) : results.slice(sets.length);
  return (own.length === 1 ? own[0] : own) as QueryResult<Row>;
}
