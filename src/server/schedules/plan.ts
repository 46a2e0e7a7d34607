// Makes runs of due times: each has exactly one, whichever server is first, since a schedule and a due time are
// unique together. Called by keep.ts.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Store } from '../../db/store.ts';
import type { Tx } from '../../db/tables.ts';
import { type Logger, logFailure } from '../../lib/log.ts';
import { SeedError } from '../../protocol/errors.ts';
import { jitterMs, type ScheduleReason } from '../../protocol/schedule.ts';
import { SCHEDULE_LIMITS } from '../../protocol/schedule-limits.ts';
import { type DueTimes, jitterOf, lastDue, upcoming } from './due-times.ts';
import { nextOf } from './make.ts';
import { pauseSchedule } from './pause.ts';
import { findLocked, type RunRow, type ScheduleRow, timesOf } from './rows.ts';

const AT_ONCE = 100;

type NewRun = Pick<RunRow, 'id' | 'schedule_id' | 'account_id' | 'scheduled_for' | 'status' | 'starts_at'> &
  Partial<Pick<RunRow, 'through' | 'completed_at' | 'reason'>>;

/** What is to be written of a schedule that is due. */
interface Plan {
  row: ScheduleRow;
  next: ReturnType<typeof nextOf>;
  runs: NewRun[];
}

/** Makes the runs of all that is due. One schedule that cannot be planned keeps no other from it. */
export async function planDue(store: Store, log: Logger): Promise<void> {
  const failed = new Set<string>();
  while ((await planSome(store, log, failed)) === AT_ONCE);
}

/** Many in one transaction; those that another server plans meanwhile are left to it. Returns how many it took. */
async function planSome(store: Store, log: Logger, failed: Set<string>): Promise<number> {
  return store.db.transaction().execute(async (tx) => {
    const now = store.clock.now();
    const { rows } = await sql<ScheduleRow>`
      select * from schedules where starts_at <= ${now} and id <> all(${[...failed]}::uuid[])
      order by starts_at limit ${AT_ONCE} for update skip locked`.execute(tx);
    const plans: Plan[] = [];
    for (const row of rows) {
      try {
        const times = await timesOrPause(tx, row, now);
        if (times !== null) plans.push(planOf(row, times, now));
      } catch (error) {
        failed.add(row.id);
        logFailure(log, error, 'could not plan the runs of a schedule', { scheduleId: row.id });
      }
    }
    await keepPlans(tx, plans);
    return rows.length;
  });
}

/** Reckons the next due times anew of those that were reckoned by other tz data. */
export async function reckonAnew(store: Store): Promise<void> {
  const tzData = process.versions.tz ?? '';
  const others = await store.db
    .selectFrom('schedules')
    .select(['id', 'account_id'])
    .where('status', '=', 'active')
    .where('tz_data', '<>', tzData)
    .execute();
  for (const { account_id, id } of others) {
    await store.db.transaction().execute(async (tx) => {
      const row = await findLocked(tx, account_id, id);
      if (row?.status !== 'active' || row.tz_data === tzData) return;
      const times = await timesOrPause(tx, row, store.clock.now());
      if (times === null) return;
      await tx
        .updateTable('schedules')
        .set(nextOf(times, row, row.due_after))
        .where('id', '=', id)
        .execute();
    });
  }
}

function planOf(row: ScheduleRow, times: DueTimes, now: Date): Plan {
  const last = lastStarting(times, row, now);
  const next = nextOf(times, row, last ?? row.due_after);
  return { row, next, runs: last === null ? [] : runsUpTo(last, times, row, now) };
}

async function keepPlans(tx: Tx, plans: readonly Plan[]): Promise<void> {
  const schedules = plans.map(({ row: { id }, next }) => ({
    ...{ id, ...next, status: next.next_at === null ? 'ended' : 'active' },
  }));
  await sql`
    update schedules set status = plan.status, due_after = plan.due_after, next_at = plan.next_at,
      starts_at = plan.starts_at, tz_data = plan.tz_data
    from jsonb_populate_recordset(null::schedules, ${JSON.stringify(schedules)}) as plan
    where schedules.id = plan.id`.execute(tx);
  const runs = plans.flatMap((plan) => plan.runs);
  if (runs.length === 0) return;
  await sql`
    insert into schedule_runs
      (id, schedule_id, account_id, scheduled_for, through, status, starts_at, completed_at, reason)
    select id, schedule_id, account_id, scheduled_for, through, status, starts_at, completed_at, reason
    from jsonb_populate_recordset(null::schedule_runs, ${JSON.stringify(runs)})
    on conflict (schedule_id, scheduled_for) do nothing`.execute(tx);
  await prune(
    tx,
    plans.map(({ row }) => row.id),
  );
}

/** Null: it was paused, since newer tz data or a newer Seed does not know what it says. */
async function timesOrPause(tx: Tx, row: ScheduleRow, now: Date): Promise<DueTimes | null> {
  try {
    return timesOf(row);
  } catch (error) {
    if (!(error instanceof SeedError)) throw error;
    await pauseSchedule(tx, row, { code: error.code, message: error.message }, now);
    return null;
  }
}

/** The last due time whose run is to have started; null: none yet. */
function lastStarting(times: DueTimes, row: ScheduleRow, now: Date): Date | null {
  let last = lastDue(times, row.due_after, now);
  while (last !== null && startOf(row, last) > now)
    last = lastDue(times, row.due_after, new Date(last.getTime() - 1));
  return last;
}

function startOf({ id, jitter }: ScheduleRow, due: Date): Date {
  return new Date(due.getTime() + jitterOf(id, due, jitterMs(jitter) ?? 0));
}

/** The run of the last due time, and skips of those before it, of which nothing was seen in time. */
function runsUpTo(last: Date, times: DueTimes, row: ScheduleRow, now: Date): NewRun[] {
  const starts = startOf(row, last);
  const isLate = now.getTime() - starts.getTime() > SCHEDULE_LIMITS.scheduleLateMs;
  const isRun = !isLate || row.catch_up === 'last';
  const run = isRun ? { ...runOf(row, last), status: 'due' as const, starts_at: starts } : skipOf(row, last, now);
  return [...missedBefore(last, times, row, now), run];
}

/** One for each, but for the oldest of very many, which have one together. */
function missedBefore(last: Date, times: DueTimes, row: ScheduleRow, now: Date): NewRun[] {
  const most = SCHEDULE_LIMITS.missedRuns;
  const first = upcoming(times, row.due_after, most + 1).filter((due) => due < last);
  if (first.length <= most) return first.map((due) => skipOf(row, due, now));
  const newest: Date[] = [];
  for (let due: Date | null = last; newest.length < most && due !== null; ) {
    due = lastDue(times, row.due_after, new Date(due.getTime() - 1));
    if (due !== null) newest.unshift(due);
  }
  const [oldest] = newest;
  const through = oldest ? lastDue(times, row.due_after, new Date(oldest.getTime() - 1)) : null;
  const rest = first[0] && through && through >= first[0] ? [{ ...skipOf(row, first[0], now), through }] : [];
  return [...rest, ...newest.map((due) => skipOf(row, due, now))];
}

const MISSED: ScheduleReason = {
  code: 'missed',
  message: 'no server saw to it in time, and catchUp does not ask for it',
};

const runOf = (row: ScheduleRow, due: Date) => ({
  id: randomUUID(),
  schedule_id: row.id,
  account_id: row.account_id,
  scheduled_for: due,
});

function skipOf(row: ScheduleRow, due: Date, now: Date): NewRun {
  return {
    ...runOf(row, due),
    status: 'skipped',
    starts_at: startOf(row, due),
    completed_at: now,
    reason: MISSED,
  };
}

/** Those that go on are among the newest. */
async function prune(tx: Tx, scheduleIds: readonly string[]): Promise<void> {
  await sql`
    delete from schedule_runs using (
      select id, (
        select scheduled_for from schedule_runs where schedule_id = planned.id
        order by scheduled_for desc offset ${SCHEDULE_LIMITS.runsPerSchedule} limit 1
      ) as oldest from unnest(${scheduleIds}::uuid[]) as planned (id)
    ) as planned
    where schedule_id = planned.id and scheduled_for <= planned.oldest and completed_at is not null`.execute(tx);
}
