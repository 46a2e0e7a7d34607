// Look-ups that nearly every request makes, on connections of their own, where a plan is made once a connection:
// planning would take several times as long as the look-up. Through a pooler it is made each time all the same.
import type { RawBuilder } from 'kysely';
import type { ConnectionPool, PoolLimits } from './connection-pool.ts';
import type { Db } from './tables.ts';

/** One runs of each kind at a time unless it is held up, and a plan is to serve all values. */
export const LOOK_UP_LIMITS: PoolLimits = {
  connections: 3,
  statementMs: 3_000,
  lockMs: 3_000,
  // What is written here are wake-ups.
  settings: { synchronous_commit: 'off' },
  sessionSettings: { plan_cache_mode: 'force_generic_plan' },
};

/** Runs a query that only reads, prepared under the name. */
export type LookUp = <Row extends object>(name: string, query: RawBuilder<Row>) => Promise<Row[]>;

/** @param pool its connections are for nothing that takes longer */
export function lookUpOn(pool: ConnectionPool, db: Db): LookUp {
  return async <Row extends object>(name: string, query: RawBuilder<Row>) => {
    const { sql: text, parameters } = query.compile(db);
    const statement = { name, text, values: [...parameters] };
    // What fails it, such as a connection that breaks or a plan that a migration made useless, it may outlive. Not
    // as prepared: every connection may have such a plan.
    const { name: _name, ...plain } = statement;
    const { rows } = await pool.query<Row>(statement).catch(() => pool.query<Row>(plain));
    return rows;
  };
}
