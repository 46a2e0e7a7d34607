// How a task's clock stands while it waits for people: what its row says then, and afterwards. Pure. For
// transition.ts and waiting.ts.
import { later } from '../../db/database-clock.ts';
import type { TaskRow } from '../../db/tables.ts';

/** What a runner says of a wait that is over. */
export interface Waited {
  /** How long the clock stood, in milliseconds. */
  waitedMs: number;
  /** What is left of the time-out. */
  leftMs: number;
}

type Waiting = Pick<TaskRow, 'wait_ms' | 'waited_ms'>;

/** What a task may still wait, apart from the present wait. */
export function waitLeftMs({ wait_ms, waited_ms }: Waiting): number {
  return Math.max(0, wait_ms - waited_ms);
}

/** What has come to it when a wait of this task ends at `now`: never more than it may wait. */
export function waitedUntil(task: Waiting & Pick<TaskRow, 'waiting_since'>, now: Date): number {
  if (task.waiting_since === null) return task.waited_ms;
  const waited = Math.max(0, now.getTime() - task.waiting_since.getTime());
  return task.waited_ms + Math.min(waited, waitLeftMs(task));
}

/** The columns of a task that begins to wait. */
export function waitingColumns(task: TaskRow, now: Date) {
  return { waiting_since: now, deadline: task.deadline && later(task.deadline, waitLeftMs(task)) };
}

/**
 * The columns of a task that works again. Its deadline is never after the one that it had while it waited, which
 * is its outside limit.
 */
export function workingColumns(task: TaskRow, { waitedMs, leftMs }: Waited, now: Date) {
  const own = later(now, Math.min(Math.max(leftMs, 0), task.timeout_ms));
  return {
    waiting_since: null,
    waited_ms: task.waited_ms + Math.round(Math.min(Math.max(waitedMs, 0), waitLeftMs(task))),
    deadline: task.deadline !== null && task.deadline < own ? task.deadline : own,
  };
}
