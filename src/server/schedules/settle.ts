// Ends the runs whose tasks have ended, with what became of them. Called by keep.ts.
import { type Selectable, sql } from 'kysely';
import type { Store } from '../../db/store.ts';
import type { Tables } from '../../db/tables.ts';
import type { TaskStatus } from '../../protocol/task.ts';
import { endRuns, type RunEnd } from './pause.ts';
import type { RunRow, ScheduleRow } from './rows.ts';

const AT_ONCE = 100;

type Ended = RunRow & Pick<Selectable<Tables['tasks']>, 'error'> & { task_status: TaskStatus | null };

/** Many in one transaction, of each schedule one; those that another server settles meanwhile are left to it. */
export async function settleEnded(store: Store): Promise<void> {
  while ((await settleSome(store)) === AT_ONCE);
}

async function settleSome({ db, clock }: Store): Promise<number> {
  return db.transaction().execute(async (tx) => {
    const { rows: runs } = await sql<Ended>`
      select distinct on (run.schedule_id) run.*, tasks.status as task_status, tasks.error
      from schedule_runs as run left join tasks on tasks.id = run.id
      where run.status = 'started' and (tasks.id is null or tasks.completed_at is not null)
      order by run.schedule_id, run.scheduled_for limit ${AT_ONCE}`.execute(tx);
    if (runs.length === 0) return 0;
    const { rows: schedules } = await sql<ScheduleRow>`
      select * from schedules where id = any(${runs.map((run) => run.schedule_id)}::uuid[])
      order by id for update skip locked`.execute(tx);
    const rowOf = new Map(schedules.map((row) => [row.id, row]));
    const ended = runs.flatMap((run) => {
      const row = rowOf.get(run.schedule_id);
      return row ? [{ row, run, end: endOf(run) }] : [];
    });
    await endRuns(tx, ended, clock.now());
    return ended.length;
  });
}

/** Whether tasks of schedules are under way, whose end would be news. */
export async function anyStarted(store: Store): Promise<boolean> {
  const one = store.db.selectFrom('schedule_runs').select('id').where('status', '=', 'started').limit(1);
  return (await one.executeTakeFirst()) !== undefined;
}

function endOf({ task_status, error }: Ended): RunEnd {
  if (task_status === 'completed') return { status: 'succeeded', reason: null };
  if (task_status === 'stopped')
    return { status: 'stopped', reason: { code: 'stopped', message: 'it was stopped' } };
  if (task_status === 'timed_out')
    return { status: 'failed', reason: { code: 'timed_out', message: 'the task was not done in its time' } };
  if (task_status === null)
    return { status: 'stopped', reason: { code: 'deleted', message: 'its task was deleted' } };
  const { code = 'agent_failed', message = 'the task failed' } = error ?? {};
  return { status: 'failed', reason: { code, message } };
}
