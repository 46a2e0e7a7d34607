// What a command of a pack has as `db`: Kysely on the transaction of the call, for as long as its work goes on.
// Statements are looked at first, and what comes back has the types of column-types.ts. Made by tables.ts.
import {
  type CompiledQuery,
  type DatabaseConnection,
  DummyDriver,
  type Kysely,
  PostgresDialect,
  type QueryResult,
  SingleConnectionProvider,
  Transaction,
} from 'kysely';
import type { CustomTypesConfig, QueryConfig } from 'pg';
import { parameterOf } from '../../db/column-types.ts';
import type { Tx } from '../../db/tables.ts';
import { SeedError } from '../../protocol/errors.ts';
import { guardStatement } from './statement-guard.ts';

export interface PackDatabase {
  db: Kysely<never>;
  /** Whoever still has `db` can do nothing by it any more: what follows in the transaction is Seed's own. */
  end(): void;
}

const DIALECT = new PostgresDialect({ pool: async () => Promise.reject(new Error('it has a connection')) });
const PARTS = { config: { dialect: DIALECT }, driver: new DummyDriver(), dialect: DIALECT };

export function packDatabase(tx: Tx, pack: string, columns: CustomTypesConfig, isGuarded: boolean): PackDatabase {
  let isOver = false;
  const connection: DatabaseConnection = {
    async executeQuery<Row>(query: CompiledQuery) {
      if (isOver)
        throw new SeedError('internal', `a command of the pack ${pack} uses its db after it has returned`);
      if (isGuarded) guardStatement(pack, query.sql);
      return tx.executeQuery<Row>(asConfig(query, columns) as CompiledQuery<Row>);
    },
    // biome-ignore lint/correctness/useYield: there are no cursors
    async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
      throw new SeedError('internal', `a command of the pack ${pack} streams rows: read them in pages`);
    },
  };
  const executor = tx.getExecutor().withConnectionProvider(new SingleConnectionProvider(connection));
  return {
    db: new Transaction<never>({ ...PARTS, executor }),
    end() {
      isOver = true;
    },
  };
}

/** Kysely hands `sql` on as it is to our connection (connection.ts), which takes pg's own form of a query. */
function asConfig(query: CompiledQuery, types: CustomTypesConfig): CompiledQuery {
  // The extended protocol takes one statement; without values pg would use the one that takes any number.
  const config: QueryConfig & { queryMode: 'extended' } = { text: query.sql, types, queryMode: 'extended' };
  return { ...query, sql: config as unknown as string, parameters: query.parameters.map(parameterOf) };
}
