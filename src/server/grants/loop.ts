// The same call again and again by one task: its third identical write is asked for, done with a warning, or
// refused; of reads the tenth in a row is warned of. Told from the ledger, so that all servers count alike.
import { sql } from 'kysely';
import { ADVISORY_LOCKS } from '../../db/advisory-locks.ts';
import type { Store } from '../../db/store.ts';
import type { Db, Tx } from '../../db/tables.ts';
import type { LoopSetting } from '../../protocol/grant.ts';
import type { Key } from '../../protocol/key.ts';

/** So many have been made before the call that is one too many. */
const WRITES_BEFORE = 2;
const READS_BEFORE = 9;
/** Longer than a task can live: older partitions of the ledger are not looked at. */
const SINCE_MS = 3 * 86_400_000;
const TASKS_KEPT = 10_000;

/** One call of a task, as it is told from others. */
export interface Alike {
  taskId: string;
  inputHash: string;
}

/** The strictest of all that binds the call. */
export function loopSettingOf(chain: readonly Key[]): LoopSetting {
  const settings = chain.map(({ loop, approval }) => loop ?? (approval === null ? 'warn' : 'ask'));
  return (['deny', 'ask'] as const).find((setting) => settings.includes(setting)) ?? 'warn';
}

/**
 * Whether the task has made the same write often enough before; failed ones do not count, those under way do.
 * Others that are the same wait until the transaction ends.
 */
export async function isOneTooMany(tx: Tx, { taskId, inputHash }: Alike, { clock }: Pick<Store, 'clock'>) {
  await sql`
    select pg_advisory_xact_lock(${ADVISORY_LOCKS.identicalWrites}, hashtext(${`${taskId} ${inputHash}`}))`.execute(
    tx,
  );
  // A repeat of a request has a row of its own, and did nothing.
  const { rows } = await sql`
    select distinct coalesce(idempotency_key, id::text) from calls where task_id = ${taskId} and input_hash = ${inputHash} and created_at >= ${since(clock)}
      and (status < 400 or (status is null and approval_id is null)) limit ${WRITES_BEFORE}`.execute(tx);
  return rows.length === WRITES_BEFORE;
}

/** Whether the last calls of the task were all this one. */
export async function isReadInARow(db: Db, { taskId, inputHash }: Alike, { clock }: Pick<Store, 'clock'>) {
  const { rows } = await sql<{ input_hash: string | null }>`
    select input_hash from calls where task_id = ${taskId} and created_at >= ${since(clock)}
    order by created_at desc, id desc limit ${READS_BEFORE}`.execute(db);
  return rows.length === READS_BEFORE && rows.every((row) => row.input_hash === inputHash);
}

const since = (clock: Store['clock']) => new Date(clock.now().getTime() - SINCE_MS);

export interface Streaks {
  /** How often in a row this server has seen the call, this time included. */
  note(alike: Alike): number;
}

/** What this server has seen last of each task, so that the ledger is asked only where it may be a loop. */
export function createStreaks(): Streaks {
  const kept = new Map<string, { inputHash: string; count: number }>();
  return {
    note({ taskId, inputHash }) {
      const last = kept.get(taskId);
      const count = last?.inputHash === inputHash ? last.count + 1 : 1;
      kept.delete(taskId);
      kept.set(taskId, { inputHash, count });
      const [oldest] = kept.keys();
      if (kept.size > TASKS_KEPT && oldest !== undefined) kept.delete(oldest);
      return count;
    },
  };
}
