// The one transition table of a task. Every change of status goes through it (server/tasks/transition.ts).
import type { TaskStatus } from './task.ts';

const TRANSITIONS: Record<TaskStatus, readonly TaskStatus[]> = {
  queued: ['running', 'stopped'],
  /** Back to queued only as long as its runner has not begun the run: nothing runs twice. */
  running: ['queued', 'waiting_for_approval', 'completed', 'failed', 'timed_out', 'stopped'],
  waiting_for_approval: ['running', 'stopped', 'timed_out'],
  completed: [],
  failed: [],
  timed_out: [],
  stopped: [],
};

export function canBecome(from: TaskStatus, to: TaskStatus): boolean {
  return TRANSITIONS[from].includes(to);
}

export function isTerminal(status: TaskStatus): boolean {
  return TRANSITIONS[status].length === 0;
}

/** The statuses from which `to` can be reached; SQL updates guard on them. */
export function sourcesOf(to: TaskStatus): TaskStatus[] {
  return (Object.keys(TRANSITIONS) as TaskStatus[]).filter((from) => canBecome(from, to));
}
