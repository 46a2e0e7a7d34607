// Ends tasks that nobody settled: their deadline has passed, or their runner was lost. The server calls it every
// fraction of a second.
import { sql } from 'kysely';
import type { TaskError } from '../protocol/task.ts';
import type { Store } from './store.ts';
import { changeTasks } from './task-changes.ts';
import { type Change, outOfBudget, transition } from './task-transition.ts';

/** The runner kills at the deadline and has this long to say so, with the agent's last words. */
const SETTLE_GRACE_MS = 1_000;
/** An agent that is refused the model has this long to hand over what it has. */
const OVERSPENT_GRACE_MS = 2_000;

const LOST: TaskError = {
  code: 'interrupted',
  message:
    'The runner of this task was lost. Nothing was run again: the task may have changed something already.',
};

/**
 * Ends tasks that nobody settled: past their deadline → `timed_out`, out of budget → `failed`/`budget_exceeded`, lease
 * lapsed → `failed`/`interrupted`. Several servers may call it at once. Returns the ids of what it ended.
 */
export async function endLapsedTasks(store: Store): Promise<string[]> {
  const ended: string[] = [];
  for (;;) {
    const id = await endLapsedTask(store);
    if (id === null) return ended;
    ended.push(id);
  }
}

/** One in a transaction: with it end the tasks below it, and nobody may hold others' locks while waiting for theirs. */
async function endLapsedTask(store: Store): Promise<string | null> {
  return changeTasks(store, async (tx) => {
    const now = store.clock.now();
    const latestDeadline = new Date(now.getTime() - SETTLE_GRACE_MS);
    const latestRefusal = new Date(now.getTime() - OVERSPENT_GRACE_MS);
    const { rows } = await sql<{ id: string; overdue: boolean; overspent: string | null }>`
      select id, deadline < ${latestDeadline} as overdue, overspent from tasks
      where (status in ('running', 'waiting_for_approval') and deadline < ${latestDeadline})
        or (status = 'running' and lease_expires_at < ${now})
        or (status = 'running' and overspent_at < ${latestRefusal})
      limit 1 for no key update skip locked`.execute(tx);
    const [lapsed] = rows;
    if (!lapsed) return null;
    await transition(store, tx, lapsed.id, now, () => changeOf(lapsed));
    return lapsed.id;
  });
}

function changeOf({ overdue, overspent }: { overdue: boolean; overspent: string | null }): Change {
  if (overspent !== null) return outOfBudget(overspent);
  return overdue ? { status: 'timed_out' } : { status: 'failed', error: LOST };
}
