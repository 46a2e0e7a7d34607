// Queued, starting, working, finishing, ended: what took how long.
import { duration } from '../../../format/times.ts';
import { classNames } from '../../../ui/class-names.ts';
import { useNow } from '../../../ui/use-now.ts';
import { useTask } from './task-context.ts';
import { type Step, timelineSteps } from './timeline-steps.ts';

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
  const finishing = transcript.entries.findLast(
    (entry) => entry.type === 'status' && entry.phase === 'finishing',
  );
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
