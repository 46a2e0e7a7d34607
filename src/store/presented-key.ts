// Looks up the key that a request presents, with all that decides whether it is worth anything. Called for every
// authenticated request, so it is one query.
import { sql } from 'kysely';
import type { Key, KeyStatus } from '../protocol/key.ts';
import type { TaskStatus } from '../protocol/task.ts';
import { keyStatus, toKey } from './keys.ts';
import type { Db, KeyRow } from './tables.ts';

export interface PresentedKey {
  /** Its own status only; see callerStatus. */
  key: Key;
  accountId: string;
  accountName: string;
  /** Whether its account is the operator's. */
  operator: boolean;
  /**
   * Of a task key: the worst status among the key that posted its task, the key that one descends from, and so on.
   * Null when no key stands behind it. A request is allowed only when this is null or `active`.
   */
  callerStatus: KeyStatus | null;
  /** Of a task key: its task's status and deadline. Null for others. */
  taskStatus: TaskStatus | null;
  taskDeadline: Date | null;
}

interface Row extends KeyRow {
  account_name: string;
  operator: boolean;
  caller_revoked: boolean;
  caller_expired: boolean;
  task_status: TaskStatus | null;
  task_deadline: Date | null;
}

/** Null when there is no key with this hash. */
export async function findPresentedKey(db: Db, secretHash: string, now: Date): Promise<PresentedKey | null> {
  const { rows } = await sql<Row>`
    with recursive presented as (
      select * from keys where secret_hash = ${secretHash}
    ), callers as (
      select keys.* from presented join keys on keys.id = presented.caller_key_id
      union all
      select keys.* from callers join keys on keys.id = callers.caller_key_id
    )
    select presented.*, accounts.name as account_name, accounts.operator,
      exists (select from callers where revoked_at is not null) as caller_revoked,
      exists (select from callers where expires_at <= ${now}) as caller_expired,
      tasks.status as task_status, tasks.deadline as task_deadline
    from presented
    join accounts on accounts.id = presented.account_id
    left join tasks on tasks.id = presented.task_id`.execute(db);
  const row = rows[0];
  if (!row) return null;
  return {
    key: toKey(row, now),
    accountId: row.account_id,
    accountName: row.account_name,
    operator: row.operator,
    callerStatus: row.caller_key_id === null ? null : worstOf(row),
    taskStatus: row.task_status,
    taskDeadline: row.task_deadline,
  };
}

/** The worst status among a key and all the keys that it descends from; null when there is no such key. */
export async function statusOfChain(db: Db, keyId: string, now: Date): Promise<KeyStatus | null> {
  const { rows } = await sql<KeyRow>`
    with recursive chain as (
      select * from keys where id = ${keyId}
      union all
      select keys.* from chain join keys on keys.id = chain.caller_key_id
    )
    select * from chain`.execute(db);
  if (rows.length === 0) return null;
  const statuses = rows.map((row) => keyStatus(row, now));
  return (['revoked', 'expired'] as const).find((status) => statuses.includes(status)) ?? 'active';
}

function worstOf(row: Row): KeyStatus {
  if (row.caller_revoked) return 'revoked';
  return row.caller_expired ? 'expired' : 'active';
}
