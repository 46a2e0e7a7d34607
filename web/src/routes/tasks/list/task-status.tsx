// What lists and pages of tasks share: a task's status, what it is called, links to the form for a new one.
import { Link } from '@tanstack/react-router';
import type { Task } from '../../../../../src/protocol/task.ts';
import { Status, type Tone } from '../../../ui/badge.tsx';
import { buttonLook } from '../../../ui/button.tsx';
import { Icon } from '../../../ui/icon.tsx';

export type TaskStatus = Task['status'];

const LOOKS: Record<TaskStatus, { label: string; tone: Tone }> = {
  queued: { label: 'Queued', tone: 'neutral' },
  running: { label: 'Running', tone: 'info' },
  waiting_for_approval: { label: 'Waiting for approval', tone: 'warn' },
  completed: { label: 'Completed', tone: 'ok' },
  failed: { label: 'Failed', tone: 'bad' },
  timed_out: { label: 'Timed out', tone: 'bad' },
  stopped: { label: 'Stopped', tone: 'warn' },
};
const PHASES = { starting: 'Starting', working: 'Working', finishing: 'Finishing' };

export const TASK_STATUSES = Object.keys(LOOKS) as TaskStatus[];

export function isTaskStatus(value: unknown): value is TaskStatus {
  return typeof value === 'string' && value in LOOKS;
}

export function statusLabel(status: TaskStatus): string {
  return LOOKS[status].label;
}

export function TaskStatusView({ task }: { task: Pick<Task, 'status' | 'phase' | 'completedAt'> }) {
  const { label, tone } = LOOKS[task.status];
  return (
    <Status tone={tone} live={task.completedAt === null}>
      {task.status === 'running' && task.phase ? PHASES[task.phase] : label}
    </Status>
  );
}

const TITLE_MOST = 200;
/** What a block of code begins and ends with. */
const FENCE = /^\s*```\w*\s*$/;

/** What a task is called: the first line of its instruction that says something. */
export function taskTitle(instruction: string): string {
  const line = instruction.split('\n').find((one) => one.trim() !== '' && !FENCE.test(one));
  return (line ?? instruction).trim().slice(0, TITLE_MOST);
}

export function NewTaskLink() {
  return (
    <Link to="/tasks/new" className={buttonLook('primary')}>
      <Icon name="plus" />
      New task
    </Link>
  );
}

interface RunAgainLinkProps {
  task: { instruction: string; scopes: { requested: string[] | null }; timeout: number; model: string };
}

/** With the same values; what was not asked for stays open. */
export function RunAgainLink({ task: { instruction, scopes, timeout, model } }: RunAgainLinkProps) {
  return (
    <Link
      to="/tasks/new"
      search={{ instruction, scopes: scopes.requested?.join(','), timeout, model }}
      className={buttonLook()}
    >
      <Icon name="repeat" />
      Run again
    </Link>
  );
}

export function TaskLink({ id }: { id: string }) {
  return (
    <Link to="/tasks/$id" params={{ id }} className="font-mono text-sm text-accent underline">
      {id}
    </Link>
  );
}
