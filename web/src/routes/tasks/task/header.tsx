// What a task is, how far it is, and what can be done with it.
import { Link } from '@tanstack/react-router';
import { useSeed } from '../../../api/seed-context.ts';
import { count, money } from '../../../format/numbers.ts';
import { buttonLook, IconButton } from '../../../ui/button.tsx';
import { copyText } from '../../../ui/copy-button.tsx';
import { ForeignText } from '../../../ui/foreign-text.tsx';
import { Icon } from '../../../ui/icon.tsx';
import { RelativeTime } from '../../../ui/relative-time.tsx';
import { toast } from '../../../ui/toast.tsx';
import { RunAgainLink } from '../new-task-link.tsx';
import { TaskStatusView } from '../task-status.tsx';
import { taskTitle } from '../task-title.ts';
import { StopTask } from './stop-task.tsx';
import { useTask } from './task-context.ts';
import { TimeLeft } from './time-left.tsx';
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
          <CopyLink />
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
    </header>
  );
}

function CopyLink() {
  const copy = async () => {
    const copied = await copyText(window.location.href);
    toast(copied ? 'The link is copied' : 'The link could not be copied: take it from the address bar');
  };
  return <IconButton label="Copy the link to this task" icon="link" onClick={copy} />;
}
