// Every command that the agent called, with what it was given and what it changed.
import type { ItemOf } from '../../../api/commands.ts';
import { usePages } from '../../../api/use-command.ts';
import { duration, fullTime } from '../../../format/readable.ts';
import { EffectBadge } from '../../../ui/badge.tsx';
import { ForeignBlock, ForeignText } from '../../../ui/foreign-text.tsx';
import { EmptyState, ListAnswer } from '../../../ui/states.tsx';
import { type Column, Table } from '../../../ui/table.tsx';
import { AnswerStatus } from './entry-view.tsx';
import { useTask, ViewFrame } from './open-task.tsx';

const REFRESH_MS = 3_000;

type LedgerEntry = ItemOf<'tasks ledger'>;

const COLUMNS: readonly Column<LedgerEntry>[] = [
  {
    title: 'Time',
    className: 'whitespace-nowrap text-muted tabular-nums',
    cell: ({ at }) => (
      <time dateTime={at} title={fullTime(at)}>
        {new Date(at).toLocaleTimeString('en-GB')}
      </time>
    ),
  },
  {
    title: 'Command',
    className: 'whitespace-nowrap',
    cell: ({ command, scope }) => (
      <>
        <span className="block font-mono text-sm font-medium">
          <ForeignText text={command} />
        </span>
        <span className="block font-mono text-xs text-muted">{scope ?? 'any key'}</span>
      </>
    ),
  },
  { title: 'Effect', cell: ({ effect }) => <EffectBadge effect={effect} /> },
  {
    title: 'Answer',
    cell: ({ status, code }) => (
      <span className="flex flex-wrap items-center gap-x-2">
        <AnswerStatus status={status} />
        {code && <span className="font-mono text-xs text-muted">{code}</span>}
      </span>
    ),
  },
  {
    title: 'Took',
    numeric: true,
    className: 'whitespace-nowrap',
    cell: ({ durationMs }) => (durationMs === null ? '–' : duration(durationMs)),
  },
  {
    title: 'What',
    className: 'w-1/2 min-w-60',
    cell: (entry) => (
      <>
        <Json title="Given" value={entry.arguments} />
        <Json title="Changed" value={entry.changes} />
      </>
    ),
  },
];

export function Ledger() {
  const { task } = useTask();
  const pages = usePages(
    'tasks ledger',
    { id: task.id, limit: 100 },
    task.completedAt === null ? { refreshMs: REFRESH_MS } : {},
  );
  return (
    <ViewFrame label="Ledger">
      <ListAnswer
        query={pages}
        empty={
          <EmptyState icon="command" title="No command was called">
            Every command of the platform that the agent calls stands here, with what it was given, how it was
            answered and what it changed; refused ones, too.
          </EmptyState>
        }
      >
        <Table label="Ledger" columns={COLUMNS} rows={pages.items} rowKey={({ id }) => id} />
      </ListAnswer>
    </ViewFrame>
  );
}

function Json({ title, value }: { title: string; value: unknown }) {
  if (value === null || value === undefined) return null;
  return (
    <details className="group">
      <summary className="flex gap-2 text-sm">
        <span className="text-muted">{title}</span>
        <span className="min-w-0 flex-1 truncate font-mono text-xs leading-5 group-open:hidden">
          <ForeignText text={JSON.stringify(value).slice(0, 200)} />
        </span>
      </summary>
      <ForeignBlock mono text={JSON.stringify(value, null, 2)} className="my-1 rounded-md bg-sunken px-3 py-2" />
    </details>
  );
}
