// A schedule that goes no further, and a run that has ended: what both change, and who hears of it. Called where
// runs are started and settled, and where somebody pauses a schedule.
import { sql } from 'kysely';
import type { Tx } from '../../db/tables.ts';
import { notify } from '../../db/telling.ts';
import type { RunStatus, ScheduleReason } from '../../protocol/schedule.ts';
import { emitEvent } from '../webhooks/events.ts';
import type { RunRow, ScheduleRow } from './rows.ts';

/** Nothing is due any more until somebody resumes it; what had not begun is skipped. */
export async function pauseSchedule(tx: Tx, row: ScheduleRow, reason: ScheduleReason, now: Date): Promise<void> {
  const paused = await tx
    .updateTable('schedules')
    .set({
      status: 'paused',
      pause_reason: JSON.stringify(reason),
      next_at: null,
      starts_at: null,
      updated_at: now,
    })
    .where('id', '=', row.id)
    .where('status', '=', 'active')
    .returning('id')
    .executeTakeFirst();
  if (!paused) return;
  const skipped = { code: 'paused', message: 'the schedule was paused before it started' };
  await tx
    .updateTable('schedule_runs')
    .set({ status: 'skipped', reason: JSON.stringify(skipped), completed_at: now })
    .where('schedule_id', '=', row.id)
    .where('status', 'in', ['due', 'waiting'])
    .where('manual', '=', false)
    .execute();
  const data = {
    scheduleId: row.id,
    name: row.name,
    keyId: row.key_id,
    reason: reason.code,
    message: reason.message,
  };
  await emitEvent(tx, { accountId: row.account_id, type: 'schedule.paused', data }, now);
}

/** How a run ended. */
export interface RunEnd {
  status: Extract<RunStatus, 'succeeded' | 'failed' | 'stopped' | 'unknown'>;
  /** Null: there is nothing to say. */
  reason: ScheduleReason | null;
  /** Whether the schedule cannot go on by itself. */
  pauses?: boolean;
}

export interface EndedRun {
  /** Locked by the transaction. */
  row: ScheduleRow;
  run: RunRow;
  end: RunEnd;
}

/**
 * Ends runs that are `starting` or `started`, counts failures, and lets those that wait for them start.
 * @param runs at most one of each schedule
 */
export async function endRuns(tx: Tx, runs: readonly EndedRun[], now: Date): Promise<void> {
  const ends = runs.map(({ run: { id }, end: { status, reason } }) => ({ id, status, reason }));
  const { rows } = await sql<{ id: string }>`
    update schedule_runs set status = ended.status, reason = ended.reason, completed_at = ${now}, claimed_until = null
    from jsonb_to_recordset(${JSON.stringify(ends)}) as ended (id uuid, status text, reason jsonb)
    where schedule_runs.id = ended.id and schedule_runs.status in ('starting', 'started')
    returning schedule_runs.id`.execute(tx);
  const ids = new Set(rows.map(({ id }) => id));
  const ended = runs.filter(({ run }) => ids.has(run.id));
  if (ended.length === 0) return;
  const schedulesOf = (some: readonly EndedRun[]) => some.map(({ row }) => row.id);
  await sql`
    update schedule_runs set status = 'due', reason = null, claimed_until = null
    where schedule_id = any(${schedulesOf(ended)}::uuid[]) and status = 'waiting'`.execute(tx);
  await notify(tx, 'schedules');
  const succeeded = ended.filter(({ row, end }) => end.status === 'succeeded' && row.failures > 0);
  if (succeeded.length > 0)
    await sql`update schedules set failures = 0 where id = any(${schedulesOf(succeeded)}::uuid[])`.execute(tx);
  // One that somebody stopped says nothing about the next.
  for (const one of ended)
    if (one.end.status === 'failed' || one.end.status === 'unknown') await countFailure(tx, one, now);
}

async function countFailure(tx: Tx, { row, run, end }: EndedRun, now: Date): Promise<void> {
  const failures = row.failures + 1;
  await tx.updateTable('schedules').set({ failures }).where('id', '=', row.id).execute();
  await tellFailure(tx, row, run, end, now);
  if (end.pauses && end.reason) return pauseSchedule(tx, row, end.reason, now);
  if (row.max_failures === 0 || failures < row.max_failures) return;
  const message = `${failures} runs in a row have failed, the last one so: ${end.reason?.message ?? 'no reason'}`;
  await pauseSchedule(tx, row, { code: 'failures', message }, now);
}

async function tellFailure(tx: Tx, row: ScheduleRow, run: RunRow, { reason }: RunEnd, now: Date): Promise<void> {
  const data = {
    scheduleId: row.id,
    name: row.name,
    runId: run.id,
    scheduledFor: run.scheduled_for.toISOString(),
    taskId: run.is_task ? run.id : null,
    code: reason?.code ?? null,
    message: reason?.message ?? null,
  };
  await emitEvent(tx, { accountId: row.account_id, type: 'schedule.failed', data }, now);
}
