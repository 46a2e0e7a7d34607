// A schedule that goes no further, and a run that has ended: what both change, and who hears of it. Called where
// runs are started and settled, and where somebody pauses a schedule.
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

/**
 * Ends a run that is `starting` or `started`, counts failures, and lets the one that waits for it start.
 * @param row locked by the transaction
 */
export async function endRun(tx: Tx, row: ScheduleRow, run: RunRow, end: RunEnd, now: Date): Promise<void> {
  const ended = await tx
    .updateTable('schedule_runs')
    .set({
      status: end.status,
      reason: end.reason && JSON.stringify(end.reason),
      completed_at: now,
      claimed_until: null,
    })
    .where('id', '=', run.id)
    .where('status', 'in', ['starting', 'started'])
    .returning('id')
    .executeTakeFirst();
  if (!ended) return;
  await tx
    .updateTable('schedule_runs')
    .set({ status: 'due', reason: null, claimed_until: null })
    .where('schedule_id', '=', row.id)
    .where('status', '=', 'waiting')
    .execute();
  await notify(tx, 'schedules');
  // One that somebody stopped says nothing about the next.
  if (end.status === 'stopped') return;
  const failures = end.status === 'succeeded' ? 0 : row.failures + 1;
  await tx.updateTable('schedules').set({ failures }).where('id', '=', row.id).execute();
  if (end.status === 'succeeded') return;
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
