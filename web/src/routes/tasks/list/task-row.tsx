// One task of the list: a row of columns, or two lines on a phone.
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { money, shortCount } from '../../../format/numbers.ts';
import { duration } from '../../../format/times.ts';
import { classNames } from '../../../ui/class-names.ts';
import { ForeignText } from '../../../ui/foreign-text.tsx';
import { RelativeTime } from '../../../ui/relative-time.tsx';
import type { KeyNames, ListedTask } from './task-list.ts';
import { TaskStatusView, taskTitle } from './task-status.tsx';

const COLUMNS =
  'md:grid md:grid-cols-[7.5rem_minmax(0,1fr)_7rem_5.5rem_5rem_4.5rem_4.5rem] md:gap-x-4 px-4 md:px-6';

export function TaskListHead() {
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

export function TaskRow({ task, names }: { task: ListedTask; names: KeyNames }) {
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
