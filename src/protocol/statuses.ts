// The statuses of a task: what each can become, and every set of them that code or SQL asks for. Every change of a
// status goes through server/tasks/transition.ts, which asks here; db/task-conditions.ts makes SQL of the sets.
import type { TaskStatus } from './task.ts';

const TRANSITIONS: Record<TaskStatus, readonly TaskStatus[]> = {
  queued: ['running', 'stopped'],
  /** Back to queued only as long as its runner has not begun the run: nothing runs twice. */
  running: ['queued', 'waiting_for_approval', 'completed', 'failed', 'timed_out', 'stopped'],
  waiting_for_approval: ['running', 'failed', 'timed_out', 'stopped'],
  completed: [],
  failed: [],
  timed_out: [],
  stopped: [],
};

const ALL = Object.keys(TRANSITIONS) as TaskStatus[];

export function canBecome(from: TaskStatus, to: TaskStatus): boolean {
  return TRANSITIONS[from].includes(to);
}

export function isTerminal(status: TaskStatus): boolean {
  return TRANSITIONS[status].length === 0;
}

/** The statuses of a task that has not ended. */
export const UNFINISHED: readonly TaskStatus[] = ALL.filter((status) => !isTerminal(status));

/** The statuses in which a runner holds the task: it takes one of the runner's slots. */
export const LEASED: readonly TaskStatus[] = UNFINISHED.filter((status) => status !== 'queued');

/** The ends that are reported as errors: nobody asked for them. */
export const FAILED: readonly TaskStatus[] = ['failed', 'timed_out'];
