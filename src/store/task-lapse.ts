// Ends tasks that nobody settled: their deadline has passed, or their runner was lost. The server calls it every
// fraction of a second.
import { sql } from 'kysely';
import type { TaskError } from '../protocol/task.ts';
import type { Store } from './store.ts';
import { changeTasks } from './task-changes.ts';
import { type Change, transition } from './task-transition.ts';

/** The runner kills at the deadline and has this long to say so, with the agent's last words. */
const SETTLE_GRACE_MS = 1_000;
const LAPSED_BATCH = 50;

const LOST: TaskError = {
  code: 'interrupted',
  message:
    'The runner of this task was lost. Nothing was run again: the task may have changed something already.',
};
/**
 * Ends tasks that nobody settled: past their deadline → `timed_out`, lease lapsed → `failed`/`interrupted`. Several
 * servers may call it at once. Returns the ids of what it ended.
 */
export async function endLapsedTasks(store: Store): Promise<string[]> {
  const ended: string[] = [];
  for (;;) {
    const batch = await endLapsedBatch(store);
    ended.push(...batch);
    if (batch.length < LAPSED_BATCH) return ended;
  }
}

async function endLapsedBatch(store: Store): Promise<string[]> {
  return changeTasks(store, async (tx) => {
    const now = store.clock.now();
    const latestDeadline = new Date(now.getTime() - SETTLE_GRACE_MS);
    const { rows } = await sql<{ id: string; overdue: boolean }>`
      select id, deadline < ${latestDeadline} as overdue from tasks
      where (status in ('running', 'waiting_for_approval') and deadline < ${latestDeadline})
        or (status = 'running' and lease_expires_at < ${now})
      limit ${LAPSED_BATCH} for no key update skip locked`.execute(tx);
    for (const { id, overdue } of rows) {
      const change: Change = overdue ? { status: 'timed_out' } : { status: 'failed', error: LOST };
      await transition(tx, id, now, () => change);
    }
    return rows.map(({ id }) => id);
  });
}
