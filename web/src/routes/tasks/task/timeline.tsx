// Queued, starting, working, finishing, ended: what took how long.
import type { Task } from '../../../../../src/protocol/task.ts';
import { duration } from '../../../format/readable.ts';
import { classNames } from '../../../ui/class-names.ts';
import { useNow } from '../../../ui/relative-time.tsx';
import { useTask } from './open-task.tsx';

const TICK_MS = 250;
const BARS: Record<Step['state'], string> = {
  done: 'bg-accent',
  current: 'bg-info animate-pulse',
  ahead: 'bg-line',
  never: 'bg-line',
};

export function Timeline() {
  const { task, transcript } = useTask();
  const now = useNow(task.completedAt === null ? TICK_MS : null);
  const finishing = transcript.entries.findLast((entry) => entry.type === 'status' && entry.phase === 'finishing');
  const steps = timelineSteps(task, finishing?.at ?? null, now);
  return (
    <ol aria-label="Timeline" className="grid max-w-2xl grid-cols-4 gap-1.5">
      {steps.map(({ label, ms, state }) => (
        <li key={label} aria-current={state === 'current' ? 'step' : undefined} className="min-w-0">
          <span aria-hidden="true" className={classNames('block h-1 rounded-full', BARS[state])} />
          <span className="mt-1 flex flex-col text-sm sm:flex-row sm:gap-2">
            <span className={state === 'current' ? 'font-medium text-ink' : 'text-muted'}>{label}</span>
            <span className="text-muted tabular-nums">{ms === null ? '–' : duration(ms)}</span>
          </span>
        </li>
      ))}
    </ol>
  );
}

interface Step {
  label: 'Queued' | 'Starting' | 'Working' | 'Finishing';
  /** How long it took so far; null where it has not come to that, or never will. */
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
