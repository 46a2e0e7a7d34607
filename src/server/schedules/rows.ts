// The rows of schedules and their runs, and what is shown of them. Called by all of schedules/.
import { type Selectable, sql } from 'kysely';
import { newestFirst, type PageRequest } from '../../db/cursor.ts';
import type { Store } from '../../db/store.ts';
import type { Db, Tables, Tx } from '../../db/tables.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Page } from '../../protocol/page.ts';
import type { Schedule, ScheduleFilter, ScheduleRun } from '../../protocol/schedule.ts';
import { type DueTimes, dueTimes, upcoming } from './due-times.ts';

export type ScheduleRow = Selectable<Tables['schedules']>;
export type RunRow = Selectable<Tables['schedule_runs']>;

/** The command that starts a task. */
export const RUN_TASK = 'tasks run';
const UPCOMING = 5;

export function timesOf(row: Pick<ScheduleRow, 'cron' | 'run_at' | 'timezone'>): DueTimes {
  return dueTimes({ cron: row.cron, runAt: row.run_at, timezone: row.timezone });
}

/** @throws SeedError not_found */
export async function findSchedule(db: Db, accountId: string, id: string): Promise<ScheduleRow> {
  const query = db.selectFrom('schedules').selectAll().where('account_id', '=', accountId).where('id', '=', id);
  return (await query.executeTakeFirst()) ?? refuseUnknown(id);
}

/** As findLocked. @throws SeedError not_found */
export async function lockSchedule(tx: Tx, accountId: string, id: string): Promise<ScheduleRow> {
  return (await findLocked(tx, accountId, id)) ?? refuseUnknown(id);
}

/** Nobody else changes it, or decides over its runs, until the transaction ends. Null: it was deleted. */
export async function findLocked(tx: Tx, accountId: string, id: string): Promise<ScheduleRow | null> {
  const query = tx.selectFrom('schedules').selectAll().where('account_id', '=', accountId).where('id', '=', id);
  return (await query.forUpdate().executeTakeFirst()) ?? null;
}

function refuseUnknown(id: string): never {
  throw new SeedError('not_found', `there is no schedule ${id}`);
}

/** Newest first. */
export async function findSchedules(
  store: Store,
  accountId: string,
  filter: ScheduleFilter,
): Promise<Page<Schedule>> {
  let query = store.db.selectFrom('schedules').selectAll().where('account_id', '=', accountId);
  if (filter.status) query = query.where('status', '=', filter.status);
  const page = await newestFirst(query, filter, (row) => row);
  return { ...page, items: await shown(store, page.items) };
}

export async function shownSchedule(store: Store, row: ScheduleRow): Promise<Schedule> {
  const [schedule] = await shown(store, [row]);
  if (!schedule) throw new Error('one row is shown as one schedule');
  return schedule;
}

async function shown({ db, clock }: Store, rows: readonly ScheduleRow[]): Promise<Schedule[]> {
  const ids = rows.map(({ id }) => id);
  const { rows: runs } = await sql<RunRow>`
    select runs.* from unnest(${ids}::uuid[]) as wanted (id)
    cross join lateral (
      select * from schedule_runs where schedule_id = wanted.id order by scheduled_for desc limit 1
    ) as runs`.execute(db);
  const last = new Map(runs.map((run) => [run.schedule_id, toRun(run)]));
  return rows.map((row) => toSchedule(row, last.get(row.id) ?? null, clock.now()));
}

function toSchedule(row: ScheduleRow, lastRun: ScheduleRun | null, now: Date): Schedule {
  const isTask = row.command === RUN_TASK;
  return {
    id: row.id,
    name: row.name,
    status: row.status,
    pauseReason: row.pause_reason,
    cron: row.cron,
    runAt: row.run_at?.toISOString() ?? null,
    timezone: row.timezone,
    task: isTask ? row.input : null,
    command: isTask ? null : row.command,
    input: isTask ? null : row.input,
    overlap: row.overlap,
    catchUp: row.catch_up,
    jitter: row.jitter,
    maxFailures: row.max_failures,
    failures: row.failures,
    keyId: row.key_id,
    upcoming: upcomingOf(row, now),
    lastRun,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

function upcomingOf(row: ScheduleRow, now: Date): string[] {
  if (row.status !== 'active') return [];
  try {
    const from = row.due_after > now ? row.due_after : now;
    return upcoming(timesOf(row), from, UPCOMING).map((moment) => moment.toISOString());
  } catch (error) {
    // Newer tz data may lack its zone: it is paused when it is due.
    if (error instanceof SeedError) return [];
    throw error;
  }
}

/** The latest due time first. */
export function findRuns(db: Db, scheduleId: string, page: PageRequest): Promise<Page<ScheduleRun>> {
  const runs = db
    .selectFrom('schedule_runs')
    .selectAll()
    // Which is what pages go by.
    .select('scheduled_for as created_at')
    .where('schedule_id', '=', scheduleId);
  return newestFirst(db.selectFrom(runs.as('runs')).selectAll(), page, toRun);
}

export function toRun(row: RunRow): ScheduleRun {
  return {
    id: row.id,
    scheduledFor: row.scheduled_for.toISOString(),
    through: row.through?.toISOString() ?? null,
    manual: row.manual,
    status: row.status,
    taskId: row.is_task ? row.id : null,
    reason: row.reason,
    startedAt: row.started_at?.toISOString() ?? null,
    completedAt: row.completed_at?.toISOString() ?? null,
  };
}
