// What nearly every request looks up: the key that it presents, or its session, and a task by its id. Many requests share a query
// (batched.ts), and its plan is made once a connection: planning would take several times as long as the look-up.
import { type RawBuilder, type Selectable, sql } from 'kysely';
import type { ClientBase, Pool } from 'pg';
import type { Clock } from '../lib/clock.ts';
import type { Task } from '../protocol/task.ts';
import { batched } from './batched.ts';
import { type PresentedKey, presentedKeyRows, toPresentedKeys } from './presented-key.ts';
import { type Session, toSession } from './sessions.ts';
import type { Db, SessionsTable, TaskRow } from './tables.ts';
import { toTask } from './task-rows.ts';

export interface LookUps {
  /** Null when there is no key with this hash. */
  presentedKey(secretHash: string): Promise<PresentedKey | null>;
  /** Null when there is no session whose token has this hash. Whether it is over is not looked at. */
  session(tokenHash: string): Promise<Session | null>;
  /** Null when the account has no such task. */
  task(accountId: string, id: string): Promise<Task | null>;
}

/** How to open the pool for look-ups: one runs of each kind at a time, and a plan is to serve all values. */
export const LOOK_UP_POOL = {
  max: 3,
  onConnect: (client: ClientBase) => client.query('set plan_cache_mode = force_generic_plan'),
} as const;

/** @param pool its connections are for nothing else */
export function lookUpsOn(pool: Pool, db: Db, clock: Clock): LookUps {
  const planned = async <Row extends object>(name: string, query: RawBuilder<Row>): Promise<Row[]> => {
    const { sql: text, parameters } = query.compile(db);
    return (await pool.query<Row>({ name, text, values: [...parameters] })).rows;
  };
  const task = batched(async (ids) => {
    const rows = await planned('tasks', sql<TaskRow>`select * from tasks where id = any(${ids})`);
    return new Map(rows.map((row) => [row.id, { accountId: row.account_id, task: toTask(row) }]));
  });
  return {
    presentedKey: batched(async (hashes) => {
      const rows = await planned('presented_keys', presentedKeyRows(hashes));
      return toPresentedKeys(rows, clock.now());
    }),
    session: batched(async (hashes) => {
      const rows = await planned(
        'sessions',
        sql<Selectable<SessionsTable>>`select * from sessions where token_hash = any(${hashes})`,
      );
      return new Map(rows.map((row) => [row.token_hash, toSession(row)]));
    }),
    task: async (accountId, id) => {
      const found = await task(id.toLowerCase());
      return found?.accountId === accountId ? found.task : null;
    },
  };
}
