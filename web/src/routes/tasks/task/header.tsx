// What a task is, how far it is, and what can be done with it.
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { Task } from '../../../../../src/protocol/task.ts';
import { useAction, useSeed } from '../../../api/use-command.ts';
import { count, money } from '../../../format/numbers.ts';
import { duration, fullTime } from '../../../format/times.ts';
import { Button, buttonLook } from '../../../ui/button.tsx';
import { classNames } from '../../../ui/class-names.ts';
import { CopyLink } from '../../../ui/code.tsx';
import { FormDialog } from '../../../ui/dialog.tsx';
import { ForeignText } from '../../../ui/foreign-text.tsx';
import { Icon } from '../../../ui/icon.tsx';
import { RelativeTime, useNow } from '../../../ui/relative-time.tsx';
import { toast } from '../../../ui/toast.tsx';
import { RunAgainLink, TaskStatusView, taskTitle } from '../list/task-status.tsx';
import { useTask } from './open-task.tsx';
import { Timeline } from './timeline.tsx';

export function TaskHeader() {
  const { task } = useTask();
  const { may } = useSeed();
  return (
    <header className="flex flex-col gap-3 px-4 pt-3 pb-2 md:px-6">
      <div className="flex items-center justify-between gap-2">
        <Link to="/tasks" className={buttonLook('quiet', '-ml-2 px-2!')}>
          <Icon name="chevron" className="rotate-180" />
          Tasks
        </Link>
        <div className="flex items-center gap-2">
          <CopyLink label="Copy the link to this task" />
          {may('tasks run') && <RunAgainLink task={task} />}
          {task.completedAt === null && may('tasks stop') && <StopTask id={task.id} />}
        </div>
      </div>
      <h1 className="line-clamp-2 text-xl leading-7 font-semibold wrap-anywhere">
        <ForeignText text={taskTitle(task.instruction)} />
      </h1>
      <div className="flex flex-wrap items-center gap-x-5 gap-y-1.5 text-muted tabular-nums">
        <strong className="font-medium text-ink">
          <TaskStatusView task={task} />
        </strong>
        <RelativeTime at={task.createdAt} />
        <span>
          {count(task.inputTokens)} in · {count(task.outputTokens)} out
        </span>
        <span>{money(task.cost.total)}</span>
        <TimeLeft task={task} />
      </div>
      <Timeline />
      {task.statusNote && <p className="text-muted">{task.statusNote}</p>}
      {task.modelNote && <p className="text-xs text-muted">{task.modelNote}</p>}
    </header>
  );
}

/** Stops a task, after asking. */
function StopTask({ id }: { id: string }) {
  const [asking, setAsking] = useState(false);
  const stop = useAction('tasks stop');
  const onSuccess = ({ task }: { task: { status: string } }) => {
    setAsking(false);
    toast(task.status === 'stopped' ? 'The task is stopped' : 'The task had already ended');
  };
  return (
    <>
      <Button kind="danger" icon="stop" onClick={() => setAsking(true)}>
        Stop
      </Button>
      <FormDialog
        title="Stop this task?"
        open={asking}
        onClose={() => setAsking(false)}
        submit="Stop the task"
        kind="danger"
        action={stop}
        onSubmit={() => stop.mutate({ id }, { onSuccess })}
      >
        <p>
          Its sandbox is killed at once, and so are tasks that its agent started. What it has done stays done, and
          its output so far is kept.
        </p>
      </FormDialog>
    </>
  );
}

const SOON_MS = 10_000;

/** How long a running task still has. */
function TimeLeft({ task: { deadline, completedAt } }: { task: Pick<Task, 'deadline' | 'completedAt'> }) {
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
