// Which runs a server starts next: claimed, so that no other starts them meanwhile. Called by keep.ts.
import { sql } from 'kysely';
import { ADVISORY_LOCKS } from '../../db/advisory-locks.ts';
import type { Store } from '../../db/store.ts';
import { SCHEDULE_LIMITS } from '../../protocol/schedule-limits.ts';
import type { RunRow } from './rows.ts';

/** One server at a time: together they start no more of an account than it may have. Null: another is at it. */
export async function claimRuns(store: Store, most: number, until: Date): Promise<RunRow[] | null> {
  return store.db.transaction().execute(async (tx) => {
    const lock = await sql<{ mine: boolean }>`
      select pg_try_advisory_xact_lock(${ADVISORY_LOCKS.scheduledStarts}) as mine`.execute(tx);
    if (!lock.rows[0]?.mine) return null;
    const now = store.clock.now();
    const { rows } = await sql<RunRow>`
      update schedule_runs set claimed_until = ${until}, attempts = attempts + 1
      where ${isFree(now)} and id in (${nextToStart(most, now)}) returning *`.execute(tx);
    return rows;
  });
}

const isFree = (now: Date) =>
  sql`status in ('due', 'starting') and (claimed_until is null or claimed_until <= ${now})`;

/**
 * In turn by account, so that a thousand of one account do not keep another's from starting. Of each account with
 * any it reads what is under way there and the first that are free, however many more there are.
 */
export const nextToStart = (most: number, now: Date) => sql`
  with recursive accounts (id) as (
    (select account_id from schedule_runs where status in ('due', 'starting') order by account_id limit 1)
    union all
    select (
      select account_id from schedule_runs where status in ('due', 'starting') and account_id > accounts.id
      order by account_id limit 1
    ) from accounts where id is not null
  ), begun as materialized (
    select id, (select count(*) from schedule_runs where account_id = accounts.id and status = 'started')
      + (select count(*) from schedule_runs where account_id = accounts.id and status in ('due', 'starting')
          and claimed_until > ${now}) as under_way
    from accounts
  ), free as (
    select run.id, starts_at, under_way, row_number() over (partition by begun.id order by starts_at) as turn
    from begun cross join lateral (
      select id, starts_at from schedule_runs where account_id = begun.id and starts_at <= ${now} and ${isFree(now)}
      order by starts_at limit ${most}
    ) as run
  )
  select id from free where under_way + turn <= ${SCHEDULE_LIMITS.scheduledTasksPerAccount}
  order by turn, starts_at limit ${most}`;
