// The list as it is shown: read anew every few seconds. While somebody points into it or has scrolled, newer tasks wait above,
// so that nothing moves away from under them.
import { useEffect, useState } from 'react';
import type { CommandInput, ItemOf } from '../../api/commands.ts';
import { usePages } from '../../api/use-command.ts';

const REFRESH_MS = 2_500;
const PAGE = 50;

export type ListedTask = ItemOf<'tasks list'>;

export function useTaskList(filter: Omit<CommandInput<'tasks list'>, 'limit'>, held: boolean) {
  const pages = usePages('tasks list', { ...filter, limit: PAGE }, { refreshMs: REFRESH_MS });
  const { items } = pages;
  const newest = items[0]?.id;
  const [first, setFirst] = useState(newest);
  useEffect(() => {
    if (!held) setFirst(newest);
  }, [held, newest]);
  // One that is there no longer holds nothing back.
  const waiting = held
    ? Math.max(
        0,
        items.findIndex(({ id }) => id === first),
      )
    : 0;
  return {
    ...pages,
    tasks: items.slice(waiting),
    /** Newer tasks that are not shown yet. */
    waiting,
    showWaiting: () => setFirst(newest),
  };
}
