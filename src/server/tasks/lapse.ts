// Ends tasks that nobody settled: past their deadline, or with a lost runner. Every server looks each second.
import { sql } from 'kysely';
import { later, timeIn } from '../../db/database-clock.ts';
import type { Store } from '../../db/store.ts';
import type { TaskRow, Tx } from '../../db/tables.ts';
import { changeTasks } from '../../db/task-changes.ts';
import { statusIn } from '../../db/task-conditions.ts';
import type { Loop } from '../../lib/every.ts';
import type { Logger } from '../../lib/log.ts';
import { BEGIN_WITHIN_MS, LEASE_MS } from '../../protocol/runner.ts';
import { LEASED } from '../../protocol/statuses.ts';
import { withoutRunner } from './hold.ts';
import { lockTask } from './rows.ts';
import { freeTask, isToBeFreed } from './take-over.ts';
import { type Change, outOfBudget, transition } from './transition.ts';

const LOOK_EVERY_MS = 1_000;
/** A look that is later than this may have missed that runners were heard, or could not be. */
const LATE_MS = 5_000;
/** The runner kills at the deadline and has this long to say so, with the agent's last words. */
const SETTLE_GRACE_MS = 1_000;
/** After a gap in the looks it has this long: its word may be on the way, held up by what held up the looks. */
const SETTLE_AFTER_GAP_MS = 20_000;
/** An agent that is refused the model has this long to hand over what it has. */
const OVERSPENT_GRACE_MS = 2_000;

/**
 * Looks every second for tasks whose runner is lost or whose deadline has passed, and ends them. After a start, a
 * failed look or a late one it first gives runners the time of a lease to be heard: they could not renew theirs.
 */
export function sweepLapsedLeases(store: Store, log: Logger, watch: Watch = createWatch()): Loop {
  return store.loops.every({ everyMs: LOOK_EVERY_MS, name: 'look for lapsed leases', log }, async () => {
    const taskIds = await endLapsedTasks(store, watch).catch((error) => {
      watch.missed();
      throw error;
    });
    if (taskIds.length > 0)
      log.warn({ taskIds }, 'ended tasks, or gave them back, whose runner was lost or whose time was over');
  });
}

/**
 * Ends tasks that nobody settled: past their deadline → `timed_out`, out of budget → `failed`/`budget_exceeded`,
 * lease lapsed → `failed`/`interrupted`, or back to the queue if not begun. Several servers may call it at once.
 * Silence ends a lease only where `watch` has listened for a whole one. Returns the ids of the changed tasks.
 */
export async function endLapsedTasks(store: Store, watch: Watch): Promise<string[]> {
  const changed: string[] = [];
  for (;;) {
    const watchedMs = await watch.look(await timeIn(store, store.db));
    const id = await endLapsedTask(store, watchedMs);
    if (id === null) return changed;
    changed.push(id);
  }
}

/** One in a transaction: with it end the tasks below it, and nobody may wait for locks while holding others. */
async function endLapsedTask(store: Store, watchedMs: number): Promise<string | null> {
  return changeTasks(store, async (tx) => {
    const now = await timeIn(store, tx);
    if (watchedMs === 0) await boundLeases(tx, now);
    const lapsed = await findLapsed(tx, now, watchedMs);
    if (!lapsed) return null;
    const task = await lockTask(tx, lapsed.id);
    const isOver = lapsed.overdue || task?.overspent != null;
    if (task !== undefined && !isOver && isToBeFreed(task, now)) await freeTask(tx, task, now);
    else {
      const decide = (it: TaskRow) => changeOf(it, lapsed, now);
      await transition(store, tx, { taskId: lapsed.id, decide, now, locked: task });
    }
    return lapsed.id;
  });
}

interface Lapsed {
  id: string;
  overdue: boolean;
}

async function findLapsed(tx: Tx, now: Date, watchedMs: number): Promise<Lapsed | undefined> {
  const latestDeadline = later(now, -SETTLE_GRACE_MS);
  // What nobody began goes back first; this is for a runner that keeps it and does not get any further.
  const latestUnbegun = later(now, -BEGIN_WITHIN_MS);
  const latestRefusal = later(now, -OVERSPENT_GRACE_MS);
  const { rows } = await sql<Lapsed>`
    select id, deadline < ${latestDeadline} as overdue from tasks
    where (${statusIn(LEASED)} and deadline < ${latestDeadline}
        and (begun_at is not null or deadline < ${latestUnbegun}) and ${watchedMs >= SETTLE_AFTER_GAP_MS})
      or (${statusIn(LEASED)} and lease_expires_at < ${now}
        and (begun_at is null or (free_since is not null and lease_id is not null) or ${watchedMs >= LEASE_MS}))
      or (status = 'running' and overspent_at < ${latestRefusal})
    limit 1 for no key update skip locked`.execute(tx);
  return rows[0];
}

/** A clock of the database that was set back would leave leases that last for as long. */
async function boundLeases(tx: Tx, now: Date): Promise<void> {
  const lease_expires_at = later(now, LEASE_MS);
  await tx
    .updateTable('tasks')
    .set({ lease_expires_at })
    .where(statusIn(LEASED))
    .where('lease_expires_at', '>', lease_expires_at)
    .execute();
}

function changeOf(task: TaskRow, { overdue }: Lapsed, now: Date): Change | null {
  if (task.overspent !== null) return outOfBudget(task.overspent);
  const isLapsed = task.lease_expires_at !== null && task.lease_expires_at < now;
  return overdue && !(isLapsed && task.begun_at === null) ? { status: 'timed_out' } : withoutRunner(task);
}

/** Tells whether silence means anything: a look that is late, or after a failed one, has missed what was said. */
export interface Watch {
  /**
   * Notes a look at the database's time `now`. Returns for how many milliseconds looks have come in time: 0 after
   * a gap, which a clock of the database that was set makes, too.
   */
  look(now: Date): number | Promise<number>;
  missed(): void;
}

/** @param monotonicMs a clock that only goes forward */
export function createWatch(monotonicMs: () => number = () => performance.now()): Watch {
  let since = new Date(0);
  let last: { database: Date; here: number } | null = null;
  return {
    look(now) {
      const here = monotonicMs();
      const passedMs = last && now.getTime() - last.database.getTime();
      const isLate = last === null || passedMs === null || passedMs > LATE_MS || here - last.here > LATE_MS;
      if (isLate || passedMs < -LATE_MS) since = now;
      last = { database: now, here };
      return now.getTime() - since.getTime();
    },
    missed() {
      last = null;
    },
  };
}
