// The list of tasks: its filters in the address, the tasks kept up to date, the names of their keys.
import { useEffect, useState } from 'react';
import type { CommandInput, ItemOf } from '../../../api/commands.ts';
import { useCommand, usePages, useSeed } from '../../../api/use-command.ts';
import { textIn } from '../../../shell/page.ts';
import { isTaskStatus } from './task-status.tsx';

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
