// Ends the runs whose tasks have ended, with what became of them. Called by keep.ts.
import type { Selectable } from 'kysely';
import type { Store } from '../../db/store.ts';
import type { Tables } from '../../db/tables.ts';
import type { TaskStatus } from '../../protocol/task.ts';
import type { RunEnd } from './pause.ts';
import type { RunRow } from './rows.ts';
import { end } from './start.ts';

const AT_ONCE = 100;

type Ended = RunRow & Pick<Selectable<Tables['tasks']>, 'error'> & { task_status: TaskStatus | null };

export async function settleEnded(store: Store): Promise<void> {
  for (;;) {
    const runs = await store.db
      .selectFrom('schedule_runs')
      .leftJoin('tasks', 'tasks.id', 'schedule_runs.id')
      .selectAll('schedule_runs')
      .select(['tasks.status as task_status', 'tasks.error'])
      .where('schedule_runs.status', '=', 'started')
      .where((or) => or.or([or('tasks.id', 'is', null), or('tasks.completed_at', 'is not', null)]))
      .limit(AT_ONCE)
      .execute();
    for (const run of runs) await end(run, endOf(run), { store });
    if (runs.length < AT_ONCE) return;
  }
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
