// One entry of the conversation. Entries that have not changed are not drawn anew while others come.
import { memo, type ReactNode } from 'react';
import { duration, fullTime } from '../../../../format/times.ts';
import { classNames } from '../../../../ui/class-names.ts';
import { ForeignBlock } from '../../../../ui/foreign-block.tsx';
import { Icon } from '../../../../ui/icon.tsx';
import { CommandView } from './command-view.tsx';
import type { Row } from './conversation-rows.ts';
import { StatusView } from './status-view.tsx';
import { ToolCallView } from './tool-call-view.tsx';
import type { Entry } from './transcript.ts';

interface EntryViewProps {
  row: Row;
  /** What times are counted from. */
  startedAt: string;
  /** The task has ended: nothing runs any more. */
  over: boolean;
}

export function EntryView({ row, startedAt, over }: EntryViewProps) {
  if (row.type === 'entry') return <EventView entry={row.entry} startedAt={startedAt} over={over} />;
  if (row.type === 'instruction') {
    return (
      <Line at={row.at} startedAt={row.at}>
        <Box title="Instruction" className="border-line bg-surface">
          <ForeignBlock text={row.text} />
        </Box>
      </Line>
    );
  }
  return (
    <Line at={row.at} startedAt={startedAt}>
      <Box title="Answer" className="border-accent bg-accent-soft">
        <ForeignBlock text={row.text} mono={isAligned(row.text)} />
      </Box>
    </Line>
  );
}

/** Columns made of spaces stand under each other only where all characters are of one width. */
function isAligned(text: string): boolean {
  return /\S {3,}\S/.test(text);
}

const EventView = memo(function EventView({
  entry,
  startedAt,
  over,
}: Omit<EntryViewProps, 'row'> & { entry: Entry }) {
  return (
    <Line at={entry.at} startedAt={startedAt}>
      <Content entry={entry} over={over} />
    </Line>
  );
});

function Content({ entry, over }: { entry: Entry; over: boolean }) {
  switch (entry.type) {
    case 'text':
      return <ForeignBlock text={entry.text} mono={isAligned(entry.text)} className="py-1" />;
    case 'tool_call':
      return <ToolCallView call={entry} over={over} />;
    case 'command':
      return <CommandView event={entry} />;
    case 'status':
      return <StatusView event={entry} />;
    case 'diagnostic':
      return (
        <div className="flex gap-2 py-1 text-sm text-muted">
          <Icon name="warning" className="mt-0.5" />
          <ForeignBlock text={entry.text} className="min-w-0 flex-1" />
        </div>
      );
  }
}

/** The entry, with the time since the start beside it. */
function Line({ at, startedAt, children }: { at: string; startedAt: string; children: ReactNode }) {
  const passedMs = Math.max(0, Date.parse(at) - Date.parse(startedAt));
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-x-4 md:grid-cols-[minmax(0,1fr)_4.5rem]">
      <div className="min-w-0">{children}</div>
      <time
        dateTime={at}
        title={fullTime(at)}
        className="hidden pt-1.5 text-right text-xs text-faint tabular-nums md:block"
      >
        {passedMs > 0 && `+${duration(passedMs)}`}
      </time>
    </div>
  );
}

function Box({ title, className, children }: { title: string; className: string; children: ReactNode }) {
  return (
    <section aria-label={title} className={classNames('rounded-lg border px-4 py-3', className)}>
      <h2 className="mb-1 text-sm font-medium text-muted">{title}</h2>
      {children}
    </section>
  );
}
