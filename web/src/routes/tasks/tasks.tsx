// The list of tasks, newest first, kept up to date.
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import { useRowKeys } from '../../shell/keyboard/use-shortcut.ts';
import { Button } from '../../ui/button.tsx';
import { classNames } from '../../ui/class-names.ts';
import { Icon } from '../../ui/icon.tsx';
import { ErrorNotice, SkeletonRows } from '../../ui/states.tsx';
import { useSettled } from '../../ui/use-settled.ts';
import { NoTasks } from './no-tasks.tsx';
import { type Filters, TaskFilters } from './task-filters.tsx';
import { TaskListHead, TaskRow } from './task-row.tsx';
import { useKeyNames } from './use-key-names.ts';
import { useTaskList } from './use-task-list.ts';

export function Tasks() {
  const filters = useSearch({ from: '/shell/tasks' });
  const navigate = useNavigate();
  const setFilters = (changed: Filters) =>
    void navigate({ to: '/tasks', search: { ...filters, ...changed }, replace: true });
  const [pointed, setPointed] = useState(false);
  const [scrolled, setScrolled] = useState(false);
  const list = useRef<HTMLDivElement>(null);
  useRowKeys(list, 'task');
  const names = useKeyNames();
  const q = useSettled(filters.q);
  const { status, key, parent } = filters;
  const { tasks, waiting, showWaiting, error, refetch, hasNextPage, fetchNextPage, ...read } = useTaskList(
    { q, status, keyId: key, parentTaskId: parent },
    pointed || scrolled,
  );
  const showNewest = () => {
    showWaiting();
    list.current?.scrollTo({ top: 0 });
  };
  return (
    <div className="flex h-full flex-col">
      <title>Tasks · Seed</title>
      <header className="flex flex-col gap-3 border-b border-line px-4 pt-4 pb-3 md:px-6">
        <h1 className="text-lg font-semibold">Tasks</h1>
        <TaskFilters filters={filters} names={names} onChange={setFilters} />
      </header>
      <div className="relative min-h-0 flex-1">
        {waiting > 0 && (
          <Button
            kind="primary"
            className="absolute top-3 left-1/2 z-20 -translate-x-1/2 rounded-full! shadow-lg"
            onClick={showNewest}
          >
            {waiting === 1 ? 'Show 1 new task' : `Show ${waiting} new tasks`}
          </Button>
        )}
        {/* biome-ignore lint/a11y/noStaticElementInteractions: it only notices where the pointer and the focus are */}
        <div
          ref={list}
          className="h-full overflow-y-auto"
          onPointerEnter={() => setPointed(true)}
          onPointerLeave={() => setPointed(false)}
          onFocus={() => setPointed(true)}
          onBlur={() => setPointed(false)}
          onScroll={(event) => setScrolled(event.currentTarget.scrollTop > 0)}
        >
          {error && (
            <div className="p-4 md:px-6">
              <ErrorNotice error={error} retry={() => void refetch()} />
            </div>
          )}
          {read.isPending && !error && <SkeletonRows />}
          {tasks.length > 0 && <TaskListHead />}
          <ul
            aria-label="Tasks"
            className={classNames('divide-y divide-line', read.isPlaceholderData && 'opacity-60')}
          >
            {tasks.map((task) => (
              <TaskRow key={task.id} task={task} names={names} />
            ))}
          </ul>
          {read.isSuccess && tasks.length === 0 && !hasNextPage && (
            <NoTasks filtered={Object.values(filters).some(Boolean)} clear={() => setFilters(NO_FILTERS)} />
          )}
          {hasNextPage && (
            <div className="flex flex-col items-center gap-2 p-6">
              {tasks.length === 0 && <p className="text-muted">Nothing among the newest thousand tasks.</p>}
              <Button busy={read.isFetchingNextPage} onClick={() => void fetchNextPage()}>
                {read.isFetchingNextPage && <Icon name="repeat" className="animate-spin" />}
                {q ? 'Search older tasks' : 'Load more'}
              </Button>
            </div>
          )}
        </div>
      </div>
    </div>
  );
}

const NO_FILTERS: Filters = { q: undefined, status: undefined, key: undefined, parent: undefined };
