// The list of tasks, newest first, kept up to date, with its search and filters.
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useSeed } from '../../../api/use-command.ts';
import { duration, money, shortCount } from '../../../format/readable.ts';
import { Button } from '../../../ui/button.tsx';
import { classNames } from '../../../ui/class-names.ts';
import { CodeBlock } from '../../../ui/code.tsx';
import { FilterField, SearchField } from '../../../ui/fields.tsx';
import { ForeignText } from '../../../ui/foreign-text.tsx';
import { Icon } from '../../../ui/icon.tsx';
import { useRowKeys } from '../../../ui/keyboard.ts';
import { RelativeTime } from '../../../ui/relative-time.tsx';
import { EmptyState, ErrorNotice, SkeletonRows } from '../../../ui/states.tsx';
import {
  type KeyNames,
  type ListedTask,
  NewTaskLink,
  statusLabel,
  TASK_STATUSES,
  TaskStatusView,
  type TasksSearch,
  taskTitle,
  useKeyNames,
  useTaskList,
} from './task-list.tsx';

const NO_FILTERS: TasksSearch = { q: undefined, status: undefined, key: undefined, parent: undefined };

export function Tasks() {
  const filters = useSearch({ from: '/shell/tasks' });
  const navigate = useNavigate();
  const setFilters = (changed: TasksSearch) =>
    void navigate({ to: '/tasks', search: { ...filters, ...changed }, replace: true });
  const [pointed, setPointed] = useState(false);
  const [scrolled, setScrolled] = useState(false);
  const list = useRef<HTMLDivElement>(null);
  useRowKeys(list, 'task');
  const names = useKeyNames();
  const q = useSettled(filters.q);
  const { tasks, waiting, showWaiting, error, refetch, hasNextPage, fetchNextPage, ...read } = useTaskList(
    { ...filters, q },
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

interface TaskFiltersProps {
  filters: TasksSearch;
  names: KeyNames;
  onChange(changed: TasksSearch): void;
}

const FILTER_LOOK = 'min-w-0 flex-1 sm:w-44 sm:flex-none';
const STATUSES = TASK_STATUSES.map((status) => ({ value: status, label: statusLabel(status) }));

function TaskFilters({ filters, names, onChange }: TaskFiltersProps) {
  const { may } = useSeed();
  const { q = '', status, key, parent } = filters;
  // A key of the address is a choice, too, however old it is.
  const listed = [...new Set([...(key ? [key] : []), ...names.keys.map(({ id }) => id)])];
  return (
    <div className="flex flex-wrap items-center gap-2">
      <SearchField
        label="Search instructions, or an id"
        value={q}
        maxLength={100}
        onChange={(text) => onChange({ q: text || undefined })}
        className="w-full sm:w-auto sm:min-w-60 sm:flex-1"
      />
      <FilterField
        label="Status"
        any="Any status"
        value={status}
        options={STATUSES}
        onChange={(chosen) => onChange({ status: chosen })}
        className={FILTER_LOOK}
      />
      {may('keys list') && (
        <FilterField
          label="Key"
          any="Any key"
          value={key}
          options={listed.map((id) => ({ value: id, label: names.nameOf(id) }))}
          onChange={(chosen) => onChange({ key: chosen })}
          className={FILTER_LOOK}
        />
      )}
      {parent && (
        <Button icon="close" onClick={() => onChange({ parent: undefined })}>
          Started by task {parent.slice(0, 8)}
        </Button>
      )}
    </div>
  );
}

function NoTasks({ filtered, clear }: { filtered: boolean; clear(): void }) {
  const { may } = useSeed();
  if (filtered) {
    return (
      <EmptyState
        icon="search"
        title="No task matches"
        action={<Button onClick={clear}>Clear the filters</Button>}
      >
        The search looks into instructions; eight digits or more of an id find that task.
      </EmptyState>
    );
  }
  return (
    <EmptyState icon="list" title="No tasks yet" action={may('tasks run') && <NewTaskLink />}>
      <div className="flex flex-col gap-3 text-left">
        <p className="text-center">
          A task is an instruction in plain language. An agent follows it in a sandbox, with the commands that its
          scopes allow and nothing else.
        </p>
        {may('tasks run') ? (
          <CodeBlock text='seed tasks run "How many keys do we have?"' label="Copy the command line" />
        ) : (
          <p className="text-center">This key may not start one: that takes the scope tasks:write.</p>
        )}
      </div>
    </EmptyState>
  );
}

const SETTLED_MS = 250;

/** A value once it has not changed for a moment, so that not every letter of a search is asked for. */
function useSettled<Value>(value: Value): Value {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

const COLUMNS =
  'md:grid md:grid-cols-[7.5rem_minmax(0,1fr)_7rem_5.5rem_5rem_4.5rem_4.5rem] md:gap-x-4 px-4 md:px-6';

function TaskListHead() {
  return (
    <div
      aria-hidden="true"
      className={classNames(
        COLUMNS,
        'sticky top-0 z-10 hidden border-b border-line bg-canvas py-2 text-sm text-muted',
      )}
    >
      <span>Status</span>
      <span>Instruction</span>
      <span>Key</span>
      <span>Created</span>
      <span className="text-right">Took</span>
      <span className="text-right">Tokens</span>
      <span className="text-right">Cost</span>
    </div>
  );
}

function TaskRow({ task, names }: { task: ListedTask; names: KeyNames }) {
  const tookMs = task.startMs !== null && task.runMs !== null ? task.startMs + task.runMs : null;
  const tokens = task.inputTokens + task.outputTokens;
  return (
    <li>
      <Link
        data-row
        to="/tasks/$id"
        params={{ id: task.id }}
        className={classNames(
          COLUMNS,
          'flex flex-wrap items-center gap-x-3 gap-y-1 py-2.5 -outline-offset-2! hover:bg-sunken focus-visible:bg-sunken',
        )}
      >
        <TaskStatusView task={task} />
        <span className="order-first w-full truncate font-medium md:order-none md:w-auto md:font-normal">
          <ForeignText text={taskTitle(task.instruction)} />
        </span>
        <Cell label="Key" className="max-w-40 truncate">
          <ForeignText text={names.nameOf(task.keyId)} />
        </Cell>
        <Cell label="Created">
          <RelativeTime at={task.createdAt} />
        </Cell>
        <Cell label="Took" numeric shown={tookMs !== null}>
          {tookMs === null ? '–' : duration(tookMs)}
        </Cell>
        <Cell label="Tokens" numeric shown={tokens > 0} className="hidden sm:block">
          {tokens > 0 ? shortCount(tokens) : '–'}
        </Cell>
        <Cell label="Cost" numeric shown={task.cost.total > 0}>
          {task.cost.total > 0 ? money(task.cost.total) : '–'}
        </Cell>
      </Link>
    </li>
  );
}

interface CellProps {
  /** The name of the column, which is read out. */
  label: string;
  numeric?: boolean;
  /** Whether it stands there on a phone, where a column that has nothing would only be in the way. */
  shown?: boolean;
  className?: string;
  children: ReactNode;
}

function Cell({ label, numeric = false, shown = true, className, children }: CellProps) {
  return (
    <span
      className={classNames(
        'text-sm whitespace-nowrap text-muted md:text-base',
        numeric && 'tabular-nums md:text-right',
        !shown && 'max-md:hidden',
        className,
      )}
    >
      <span className="sr-only">{label}: </span>
      {children}
    </span>
  );
}
