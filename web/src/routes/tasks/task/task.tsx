// One task: what it is, how far it is and what can be done with it above, and one of its views below.
import { Link, Outlet, useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import type { Task as TaskObject } from '../../../../../src/protocol/task.ts';
import { useDefaultModelNote } from '../../../api/default-model.ts';
import { AnswerError } from '../../../api/request.ts';
import { useAction, useSeed } from '../../../api/use-command.ts';
import { count, duration, fullTime, money } from '../../../format/readable.ts';
import { Button, buttonLook } from '../../../ui/button.tsx';
import { classNames } from '../../../ui/class-names.ts';
import { CopyLink } from '../../../ui/code.tsx';
import { FormDialog } from '../../../ui/dialog.tsx';
import { ForeignText } from '../../../ui/foreign-text.tsx';
import { Icon } from '../../../ui/icon.tsx';
import { useShortcut } from '../../../ui/keyboard.ts';
import { TabLinks } from '../../../ui/page-frame.tsx';
import { RelativeTime, useNow } from '../../../ui/relative-time.tsx';
import { EmptyState, ErrorNotice, SkeletonRows } from '../../../ui/states.tsx';
import { toast } from '../../../ui/toast.tsx';
import { RunAgainLink, TaskStatusView, taskTitle } from '../list/task-list.tsx';
import { ForgetTask } from './forget-task.tsx';
import { TaskContext, useOpenTask, useTask } from './open-task.tsx';
import { WaitingForApproval } from './waiting-for-approval.tsx';

export function Task() {
  const { id } = useParams({ from: '/shell/tasks/$id' });
  // Another task starts with nothing of the one before.
  return <OpenTask key={id} id={id} />;
}

function OpenTask({ id }: { id: string }) {
  const navigate = useNavigate();
  useShortcut('Escape', 'Back to the list', () => void navigate({ to: '/tasks' }));
  const { task, error, retry, transcript, stream } = useOpenTask(id);
  if (!task) {
    if (!error) return <SkeletonRows />;
    // An id that is no id is invalid rather than not found.
    const isMissing = error instanceof AnswerError && ['not_found', 'invalid_input'].includes(error.code);
    return isMissing ? (
      <NoSuchTask id={id} />
    ) : (
      <div className="p-4 md:p-6">
        <ErrorNotice error={error} retry={retry} />
      </div>
    );
  }
  return (
    <TaskContext value={{ task, transcript, stream }}>
      <title>{`${taskTitle(task.instruction).slice(0, 60)} · Seed`}</title>
      <div className="flex h-full flex-col">
        <TaskHeader />
        <TaskTabs />
        <div className="min-h-0 flex-1">
          <Outlet />
        </div>
      </div>
    </TaskContext>
  );
}

function NoSuchTask({ id }: { id: string }) {
  return (
    <EmptyState
      isPage
      icon="search"
      title="There is no such task"
      action={
        <Link to="/tasks" className="text-accent underline">
          All tasks
        </Link>
      }
    >
      This account has no task <span className="font-mono wrap-anywhere">{id}</span>. The address may be cut off,
      or belong to another account.
    </EmptyState>
  );
}

function TaskTabs() {
  const { task } = useTask();
  const { may } = useSeed();
  const views = [
    { name: 'Conversation', to: '/tasks/$id', needs: 'tasks events' },
    { name: 'Ledger', to: '/tasks/$id/ledger', needs: 'tasks ledger' },
    {
      name: 'Artifacts',
      to: '/tasks/$id/artifacts',
      needs: 'tasks artifacts list',
      count: task.artifacts.length,
    },
    { name: 'Usage', to: '/tasks/$id/usage', needs: 'tasks get' },
    { name: 'Details', to: '/tasks/$id/details', needs: 'tasks get' },
  ];
  const tabs = views.filter(({ needs }) => may(needs)).map((view) => ({ ...view, params: { id: task.id } }));
  return <TabLinks label="Views of the task" tabs={tabs} className="px-4 md:px-6" />;
}

function TaskHeader() {
  const { task } = useTask();
  const { may } = useSeed();
  const said = useDefaultModelNote();
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
          {task.completedAt !== null && task.forgottenAt === null && may('tasks delete') && (
            <ForgetTask task={task} />
          )}
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
      <WaitingForApproval />
      {task.forgottenAt !== null && (
        <p className="text-muted">
          Forgotten <RelativeTime at={task.forgottenAt} />: nothing of what was said in it is kept.
        </p>
      )}
      {task.statusNote && <p className="text-muted">{task.statusNote}</p>}
      {/* Not twice: the same stands above each page. */}
      {task.modelNote && task.modelNote !== said && (
        <p className="text-xs text-pretty text-muted">{task.modelNote}</p>
      )}
    </header>
  );
}

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

function TimeLeft({ task: { deadline, completedAt } }: { task: Pick<TaskObject, 'deadline' | 'completedAt'> }) {
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

const TICK_MS = 250;
const BARS: Record<Step['state'], string> = {
  done: 'bg-accent',
  current: 'bg-info animate-pulse',
  ahead: 'bg-line',
  never: 'bg-line',
};

function Timeline() {
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

type Times = Pick<TaskObject, 'createdAt' | 'startedAt' | 'queuedMs' | 'startMs' | 'completedAt'>;

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
