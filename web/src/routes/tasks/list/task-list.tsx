// What pages of tasks share: filters in the address, the list, status, titles, names of keys, links.
import { Link } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import type { Task } from '../../../../../src/protocol/task.ts';
import type { CommandInput, ItemOf } from '../../../api/seed.ts';
import { useCommand, usePages, useSeed } from '../../../api/use-command.ts';
import { textIn } from '../../../shell/page.ts';
import { Status, type Tone } from '../../../ui/badge.tsx';
import { buttonLook } from '../../../ui/button.tsx';
import { Icon } from '../../../ui/icon.tsx';

export type ListedTask = ItemOf<'tasks list'>;

export interface TasksSearch extends Pick<CommandInput<'tasks list'>, 'q' | 'status'> {
  /** The id of the key that started them. */
  key?: string | undefined;
  /** The id of the task whose agent started them. */
  parent?: string | undefined;
}

export function tasksSearch({ q, status, key, parent }: Record<string, unknown>): TasksSearch {
  return {
    q: textIn(q),
    status: isTaskStatus(status) ? status : undefined,
    key: textIn(key),
    parent: textIn(parent),
  };
}

const REFRESH_MS = 2_500;
const PAGE = 50;

/** @param held somebody points into the list or has scrolled: newer tasks wait, so that nothing moves away */
export function useTaskList({ q, status, key, parent }: TasksSearch, held: boolean) {
  const filter = { q, status, keyId: key, parentTaskId: parent, limit: PAGE };
  const pages = usePages('tasks list', filter, { refreshMs: REFRESH_MS });
  const { items } = pages;
  const newest = items[0]?.id;
  const [first, setFirst] = useState(newest);
  useEffect(() => {
    if (!held) setFirst(newest);
  }, [held, newest]);
  // A first one that is there no longer holds nothing back.
  const firstIndex = items.findIndex(({ id }) => id === first);
  const waiting = held ? Math.max(0, firstIndex) : 0;
  return {
    ...pages,
    tasks: items.slice(waiting),
    /** How many newer tasks are not shown yet. */
    waiting,
    showWaiting: () => setFirst(newest),
  };
}

/** The newest keys; older ones are shown by the beginning of their ids. */
const KEYS_MOST = 100;

export function useKeyNames() {
  const { key, may } = useSeed();
  const { data, isLoading } = useCommand('keys list', { limit: KEYS_MOST }, { enabled: may('keys list') });
  const keys = data?.items ?? [];
  const nameOf = (id: string) => {
    if (id === key.id) return key.name;
    if (isLoading) return '…';
    return keys.find((one) => one.id === id)?.name ?? `key ${id.slice(0, 8)}`;
  };
  return { keys, nameOf };
}

export type KeyNames = ReturnType<typeof useKeyNames>;

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

function isTaskStatus(value: unknown): value is TaskStatus {
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
  // Of a forgotten task nothing is left of it.
  return (line ?? instruction).trim().slice(0, TITLE_MOST) || 'Forgotten task';
}

export function NewTaskLink() {
  return (
    <Link to="/tasks/new" className={buttonLook('primary')}>
      <Icon name="plus" />
      New task
    </Link>
  );
}

/** With the same values; what was not asked for stays open. */
export function RunAgainLink({ task }: { task: Pick<Task, 'instruction' | 'scopes' | 'timeout' | 'model'> }) {
  const { instruction, scopes, timeout, model } = task;
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
