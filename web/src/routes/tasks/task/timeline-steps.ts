// The way of a task from acceptance to its end, with how long each part took.
import type { Task } from '../../../../../src/protocol/task.ts';

export interface Step {
  label: 'Queued' | 'Starting' | 'Working' | 'Finishing';
  /** Null: it has not come to that, or never will. */
  ms: number | null;
  state: 'done' | 'current' | 'ahead' | 'never';
}

type Times = Pick<Task, 'createdAt' | 'startedAt' | 'queuedMs' | 'startMs' | 'completedAt'>;

/** @param finishingAt from the events: the task object does not tell it */
export function timelineSteps(task: Times, finishingAt: string | null, now: number): Step[] {
  const { queuedMs, startMs, startedAt, completedAt } = task;
  const created = Date.parse(task.createdAt);
  const started = startedAt === null ? null : created + (queuedMs ?? 0);
  const working = started === null || startMs === null ? null : started + startMs;
  const finishing = working === null || finishingAt === null ? null : Date.parse(finishingAt);
  const end = completedAt === null ? null : Date.parse(completedAt);
  const step = (label: Step['label'], from: number | null, to: number | null): Step => {
    if (from === null) return { label, ms: null, state: end === null ? 'ahead' : 'never' };
    const until = to ?? end;
    return { label, ms: Math.max(0, (until ?? now) - from), state: until === null ? 'current' : 'done' };
  };
  return [
    step('Queued', created, started),
    step('Starting', started, working),
    step('Working', working, finishing),
    step('Finishing', finishing, null),
  ];
}
