// Makes runs of due times: each has exactly one, whichever server is first, since a schedule and a due time are
// unique together. Called by keep.ts.
import { randomUUID } from 'node:crypto';
import type { Insertable } from 'kysely';
import type { Store } from '../../db/store.ts';
import type { Tables, Tx } from '../../db/tables.ts';
import { type Logger, logFailure } from '../../lib/log.ts';
import { SeedError } from '../../protocol/errors.ts';
import { jitterMs, type ScheduleReason } from '../../protocol/schedule.ts';
import { SCHEDULE_LIMITS } from '../../protocol/schedule-limits.ts';
import { type DueTimes, jitterOf, lastDue, upcoming } from './due-times.ts';
import { nextOf } from './make.ts';
import { pauseSchedule } from './pause.ts';
import { type ScheduleRow, timesOf } from './rows.ts';

const AT_ONCE = 100;

type NewRun = Insertable<Tables['schedule_runs']>;

/** Makes the runs of all that is due. One schedule that cannot be planned keeps no other from it. */
export async function planDue(store: Store, log: Logger): Promise<void> {
  let failed = 0;
  for (;;) {
    const now = store.clock.now();
    const rows = await store.db
      .selectFrom('schedules')
      .selectAll()
      .where('starts_at', '<=', now)
      .orderBy('starts_at')
      .limit(AT_ONCE)
      .offset(failed)
      .execute();
    for (const row of rows) {
      await planOne(store, row, now).catch((error) => {
        failed += 1;
        logFailure(log, error, 'could not plan the runs of a schedule', { scheduleId: row.id });
      });
    }
    if (rows.length < AT_ONCE) return;
  }
}

/** Reckons the next due times anew of those that were reckoned by other tz data. */
export async function reckonAnew(store: Store): Promise<void> {
  const rows = await store.db
    .selectFrom('schedules')
    .selectAll()
    .where('status', '=', 'active')
    .where('tz_data', '<>', process.versions.tz ?? '')
    .execute();
  for (const row of rows) {
    await store.db.transaction().execute(async (tx) => {
      const times = await timesOrPause(tx, row, store.clock.now());
      if (times === null) return;
      await stillSo(tx.updateTable('schedules').set(nextOf(times, row, row.due_after)), row).execute();
    });
  }
}

async function planOne(store: Store, row: ScheduleRow, now: Date): Promise<void> {
  await store.db.transaction().execute(async (tx) => {
    const times = await timesOrPause(tx, row, now);
    if (times === null) return;
    const last = lastStarting(times, row, now);
    const next = nextOf(times, row, last ?? row.due_after);
    const status = next.next_at === null ? 'ended' : 'active';
    // Another server that was first has moved it on: there is nothing to insert.
    const moved = await stillSo(tx.updateTable('schedules').set({ ...next, status }), row)
      .returning('id')
      .executeTakeFirst();
    if (!moved || last === null) return;
    const runs = runsUpTo(last, times, row, now);
    await tx
      .insertInto('schedule_runs')
      .values(runs)
      .onConflict((conflict) => conflict.columns(['schedule_id', 'scheduled_for']).doNothing())
      .execute();
    await prune(tx, row.id);
  });
}

/** Of the schedule only if it is as it was read. */
function stillSo<Query extends { where(column: never, operator: '=', value: never): Query }>(
  query: Query,
  { id, due_after, updated_at }: ScheduleRow,
): Query {
  const is = { id, due_after, updated_at, status: 'active' };
  return Object.entries(is).reduce(
    (one, [column, value]) => one.where(column as never, '=', value as never),
    query,
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
    reason: JSON.stringify(MISSED),
  };
}

/** Those that go on are among the newest. */
async function prune(tx: Tx, scheduleId: string): Promise<void> {
  const oldest = tx
    .selectFrom('schedule_runs')
    .select('scheduled_for')
    .where('schedule_id', '=', scheduleId)
    .orderBy('scheduled_for', 'desc')
    .offset(SCHEDULE_LIMITS.runsPerSchedule)
    .limit(1);
  await tx
    .deleteFrom('schedule_runs')
    .where('schedule_id', '=', scheduleId)
    .where('scheduled_for', '<=', oldest)
    .where('completed_at', 'is not', null)
    .execute();
}
