// What goes on by itself, in every server: due times become runs, runs start, and what has ended is settled. It
// sleeps until something is due. Opened by the server.
import { sql } from 'kysely';
import { ADVISORY_LOCKS } from '../../db/advisory-locks.ts';
import type { Store } from '../../db/store.ts';
import { SCHEDULE_LIMITS } from '../../protocol/schedule-limits.ts';
import { keepClaimedWork } from '../background/claimed-work.ts';
import type { RunAsNeeds } from '../background/unasked.ts';
import { planDue, reckonAnew } from './plan.ts';
import type { RunRow } from './rows.ts';
import { anyStarted, settleEnded } from './settle.ts';
import { startRun } from './start.ts';

/** One server starts so many at a time. */
const STARTS_MOST = 8;

/** Owns the runs that it starts: a server that stops finishes them. */
export function keepSchedules(needs: RunAsNeeds): AsyncDisposable {
  const { store, log } = needs;
  let isReckoned = false;
  let hasStarted = false;
  let isStopped = false;
  const work = keepClaimedWork<RunRow>(needs, {
    name: 'see to a schedule',
    most: STARTS_MOST,
    async prepare() {
      if (!isReckoned) await reckonAnew(store);
      isReckoned = true;
      // Before those that have ended are looked for: of one that ends then it is heard.
      hasStarted = await anyStarted(store);
      await settleEnded(store);
      await planDue(store, log);
    },
    claim: (most, until) => claim(store, most, until),
    renew: ({ id }, claimed_until) =>
      store.db
        .updateTable('schedule_runs')
        .set({ claimed_until })
        .where('id', '=', id)
        .where('status', 'in', ['due', 'starting'])
        .execute(),
    work: (run) => startRun(run, needs),
    idsOf: ({ id }) => ({ runId: id }),
    nextMoment: () => nextMoment(store),
  });
  const hearing = store.signals.watch('schedules', work.look);
  store.signals.watchEndings(() => {
    if (hasStarted && !isStopped) work.look();
  });
  return {
    async [Symbol.asyncDispose]() {
      isStopped = true;
      hearing[Symbol.dispose]();
      await work[Symbol.asyncDispose]();
    },
  };
}

/** One server at a time, so that together they start no more of an account than it may have. Null: another is at it. */
async function claim(store: Store, most: number, until: Date): Promise<RunRow[] | null> {
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
 * In turn by account, so that a thousand of one account do not keep another's from starting. Of each account with any
 * it reads what is under way there and the first that are free, however many more there are.
 */
const nextToStart = (most: number, now: Date) => sql`
  with recursive accounts (id) as (
    (select account_id from schedule_runs where status in ('due', 'starting') order by account_id limit 1)
    union all
    select (
      select account_id from schedule_runs where status in ('due', 'starting') and account_id > accounts.id
      order by account_id limit 1
    ) from accounts where id is not null
  ), free as (
    select run.id, starts_at, under_way, row_number() over (partition by accounts.id order by starts_at) as turn
    from accounts cross join lateral (
      select (select count(*) from schedule_runs where account_id = accounts.id and status = 'started')
        + (select count(*) from schedule_runs where account_id = accounts.id and status in ('due', 'starting')
            and claimed_until > ${now}) as under_way
    ) as account cross join lateral (
      select id, starts_at from schedule_runs where account_id = accounts.id and starts_at <= ${now} and ${isFree(now)}
      order by starts_at limit ${most}
    ) as run
  )
  select id from free where under_way + turn <= ${SCHEDULE_LIMITS.scheduledTasksPerAccount}
  order by turn, starts_at limit ${most}`;

/** When something is due next, or tried again. */
async function nextMoment({ db, clock }: Store): Promise<Date | null> {
  const { rows } = await sql<{ moment: Date | null }>`
    select least(
      (select min(starts_at) from schedules where starts_at is not null),
      (select min(greatest(starts_at, claimed_until)) from schedule_runs where status in ('due', 'starting')
        and claimed_until > ${clock.now()})
    ) as moment`.execute(db);
  return rows[0]?.moment ?? null;
}
