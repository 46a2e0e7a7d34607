// What nearly every request looks up: the key that it presents, or its session, and a task by its id. Many requests share a query
// (batched.ts), and its plan is made once a connection: planning would take several times as long as the look-up. What rarely
// changes is then known for a moment (kept-briefly.ts), and what changes it through this server is told here.
import { type RawBuilder, type Selectable, sql } from 'kysely';
import type { ConnectionPool, PoolLimits } from '../db/connection-pool.ts';
import type { Db, SessionsTable, TaskRow } from '../db/tables.ts';
import type { Clock } from '../lib/clock.ts';
import { batched } from '../lib/data-loader.ts';
import { keptBriefly } from '../lib/ttl-cache.ts';
import { isTerminal } from '../protocol/statuses.ts';
import type { Task } from '../protocol/task.ts';
import { isInForce, type PresentedKey, presentedKeyRows, toPresentedKeys } from './access/presented-key.ts';
import { type Session, toSession } from './access/sessions.ts';
import { toTask } from './tasks/rows.ts';

export interface LookUps {
  /**
   * Null when there is no key with this hash. One that is worth something may be known from half a second before; the
   * clock is asked every time.
   */
  presentedKey(secretHash: string): Promise<PresentedKey | null>;
  /** A key has changed. */
  forgetKeys(): void;
  /** Null when there is no session whose token has this hash. Whether it is over is not looked at. */
  session(tokenHash: string): Promise<Session | null>;
  /** Null when the account has no such task. One that has ended may be known from half a second before. */
  task(accountId: string, id: string): Promise<Task | null>;
  /** Rejects when keys cannot be looked up. */
  check(): Promise<void>;
  /** A task has changed that had ended: what its sandbox or a call of its model cost came late, or its files are gone. */
  forgetEndedTasks(): void;
}

const KEYS_KEPT = 10_000;
/** Of the ended tasks, roughly and all together. */
const CHARACTERS_KEPT = 16 * 1024 * 1024;
const CHARACTERS_PER_FILE = 512;
/** What a task has besides its texts and files. */
const CHARACTERS_PER_TASK = 16 * 1024;

/** One runs of each kind at a time unless it is held up, and a plan is to serve all values. */
export const LOOK_UP_LIMITS: PoolLimits = {
  connections: 3,
  statementMs: 3_000,
  lockMs: 3_000,
  settings: { plan_cache_mode: 'force_generic_plan' },
};

/** @param pool its connections are for nothing that takes longer */
export function lookUpsOn(pool: ConnectionPool, db: Db, clock: Clock): LookUps {
  /** Reads only: what fails it, such as a connection that breaks or a plan that a migration made useless, it may outlive. */
  const planned = async <Row extends object>(name: string, query: RawBuilder<Row>): Promise<Row[]> => {
    const { sql: text, parameters } = query.compile(db);
    const statement = { name, text, values: [...parameters] };
    const { rows } = await pool.query<Row>(statement).catch(() => pool.query<Row>(statement));
    return rows;
  };
  const task = batched(async (ids) => {
    const rows = await planned('tasks', sql<TaskRow>`select * from tasks where id = any(${ids})`);
    return new Map(
      rows.map((row) => [row.id, { accountId: row.account_id, task: Object.freeze(toTask(row)) }]),
    );
  });
  const presentedKey = batched(async (hashes) => {
    const rows = await planned('presented_keys', presentedKeyRows(hashes));
    return toPresentedKeys(rows, clock.now());
  });
  const keys = keptBriefly<PresentedKey>({ most: KEYS_KEPT, holds: (key) => isInForce(key, clock.now()) });
  const endedTasks = keptBriefly<Task>({
    most: CHARACTERS_KEPT,
    weigh: charactersOf,
    holds: ({ status }) => isTerminal(status),
  });
  return {
    presentedKey: (hash) => keys.find(hash, () => presentedKey(hash)),
    forgetKeys: keys.forget,
    async check() {
      await presentedKey('');
    },
    session: batched(async (hashes) => {
      const rows = await planned(
        'sessions',
        sql<Selectable<SessionsTable>>`select * from sessions where token_hash = any(${hashes})`,
      );
      return new Map(rows.map((row) => [row.token_hash, toSession(row)]));
    }),
    task: (accountId, id) =>
      endedTasks.find(`${accountId} ${id}`, async () => {
        const found = await task(id.toLowerCase());
        return found?.accountId === accountId ? found.task : null;
      }),
    forgetEndedTasks: endedTasks.forget,
  };
}

function charactersOf({ instruction, stdout, stderr, files, artifacts }: Task): number {
  const texts = instruction.length + (stdout?.length ?? 0) + (stderr?.length ?? 0);
  return CHARACTERS_PER_TASK + texts + CHARACTERS_PER_FILE * (files.length + artifacts.length);
}
