// How long a running task still has.
import type { Task } from '../../../../../src/protocol/task.ts';
import { duration, fullTime } from '../../../format/times.ts';
import { classNames } from '../../../ui/class-names.ts';
import { useNow } from '../../../ui/use-now.ts';

const SOON_MS = 10_000;

export function TimeLeft({
  task: { deadline, completedAt },
}: {
  task: Pick<Task, 'deadline' | 'completedAt'>;
}) {
  const counts = deadline !== null && completedAt === null;
  const now = useNow(counts ? 1_000 : null);
  if (!counts) return null;
  const leftMs = Date.parse(deadline) - now;
  return (
    <span
      role="timer"
      title={`Killed at ${fullTime(deadline)}`}
      className={classNames(leftMs < SOON_MS && 'text-warn')}
    >
      {leftMs > 0 ? `${duration(Math.ceil(leftMs / 1_000) * 1_000)} left` : 'past its deadline'}
    </span>
  );
}
