// One entry of the conversation. Entries that have not changed are not drawn anew while others come.
import { memo, type ReactNode } from 'react';
import { duration, fullTime } from '../../../format/readable.ts';
import { Badge, EffectBadge } from '../../../ui/badge.tsx';
import { ForeignBlock, ForeignText } from '../../../ui/foreign-text.tsx';
import { Icon } from '../../../ui/icon.tsx';
import { Terminal } from '../../../ui/terminal.tsx';
import { statusLabel, TaskStatusView } from '../list/task-list.tsx';
import type { Entry, EventOf, Row, ToolCallEntry } from './transcript.ts';

interface EntryViewProps {
  row: Row;
  startedAt: string;
  /** The task has ended: nothing runs any more. */
  over: boolean;
}

export function EntryView({ row, startedAt, over }: EntryViewProps) {
  if (row.type === 'entry') return <EventView entry={row.entry} startedAt={startedAt} over={over} />;
  const isAnswer = row.type !== 'instruction';
  const title = TITLES[row.type];
  const look = isAnswer ? 'border-accent bg-accent-soft' : 'border-line bg-surface';
  return (
    <Line at={row.at} startedAt={isAnswer ? startedAt : row.at}>
      <section
        aria-label={[title, row.turn].join(' ').trimEnd()}
        className={`rounded-lg border px-4 py-3 ${look}`}
      >
        <h2 className="mb-1 text-sm font-medium text-muted">{title}</h2>
        <ForeignBlock text={row.text} mono={row.type === 'value' || (isAnswer && isAligned(row.text))} />
      </section>
    </Line>
  );
}

const TITLES = { instruction: 'Instruction', answer: 'Answer', value: 'Answer as a value' } as const;

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
    case 'approval':
      return <ApprovalView event={entry} />;
    case 'status':
      return <StatusView event={entry} />;
    case 'message':
      return (
        <section aria-label="Message" className="rounded-lg border border-line bg-surface px-4 py-3">
          <h2 className="mb-1 text-sm font-medium text-muted">Message</h2>
          <ForeignBlock text={entry.text} />
        </section>
      );
    case 'diagnostic':
      return (
        <div className="flex gap-2 py-1 text-sm text-muted">
          <Icon name="warning" className="mt-0.5" />
          <ForeignBlock text={entry.text} className="min-w-0 flex-1" />
        </div>
      );
  }
}

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

function StatusView({ event: { status, phase, error, at } }: { event: EventOf<'status'> }) {
  if (error) {
    return (
      <section aria-label="Error" className="flex gap-3 rounded-lg border border-bad bg-bad-soft px-4 py-3">
        <Icon name="warning" className="mt-0.5 text-bad" />
        <div className="min-w-0">
          <h2 className="font-medium">{statusLabel(status)}</h2>
          <ForeignBlock text={error.message} className="text-muted" />
          <p className="font-mono text-xs text-muted">{error.code}</p>
        </div>
      </section>
    );
  }
  return (
    <div className="flex items-center gap-3 py-0.5 text-sm text-muted">
      <TaskStatusView task={{ status, phase, completedAt: at }} />
      <span aria-hidden="true" className="h-px flex-1 bg-line" />
    </div>
  );
}

function ToolCallView({ call, over }: { call: ToolCallEntry; over: boolean }) {
  const { tool, output } = call;
  return (
    <div className="flex flex-col gap-1.5">
      <div className="flex items-center gap-2 text-sm text-muted">
        <span className="max-w-60 truncate font-mono font-medium text-ink">
          <ForeignText text={tool} />
        </span>
        <Outcome call={call} over={over} />
        {call.recovered && (
          <span title="The model wrote the call into its answer; the gateway made a call of it">
            <Badge tone="info">written as text</Badge>
          </span>
        )}
      </div>
      <Terminal label={`Output of ${tool}`} command={commandOf(call)} output={output} />
    </div>
  );
}

function Outcome({ call: { at, endedAt, isError }, over }: { call: ToolCallEntry; over: boolean }) {
  if (endedAt === null) return over ? <Badge tone="warn">did not end</Badge> : <Badge tone="info">running</Badge>;
  return (
    <>
      <span className="tabular-nums">{duration(Math.max(0, Date.parse(endedAt) - Date.parse(at)))}</span>
      {isError && <Badge tone="bad">failed</Badge>}
    </>
  );
}

/** A shell's command line as it is; what other tools are given as JSON. */
function commandOf({ input }: ToolCallEntry): string | null {
  const { command, ...rest } = input;
  if (typeof command === 'string') return command;
  return command === undefined && Object.keys(rest).length === 0 ? null : JSON.stringify(input, null, 2);
}

function CommandView({ event: { command, effect, scope, status, durationMs } }: { event: EventOf<'command'> }) {
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-1 rounded-lg border border-line bg-surface px-4 py-1.5">
      <Icon name="command" className="text-muted" />
      <span className="font-mono text-sm font-medium">
        <ForeignText text={command} />
      </span>
      <EffectBadge effect={effect} />
      {scope && <span className="font-mono text-xs text-muted">{scope}</span>}
      <span className="ml-auto flex items-center gap-3">
        <AnswerStatus status={status} />
        <span className="text-sm text-muted tabular-nums">{duration(durationMs)}</span>
      </span>
    </div>
  );
}

function ApprovalView({ event: { state, summary, reason, decidedBy, message } }: { event: EventOf<'approval'> }) {
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-1 rounded-lg border border-line bg-surface px-4 py-1.5">
      <Icon name="warning" className="text-muted" />
      <span className="text-sm font-medium">
        <ForeignText text={summary} />
      </span>
      <span className="text-sm text-muted">
        <ForeignText text={message ?? (state === 'pending' ? reason : '')} />
      </span>
      <span className="ml-auto flex items-center gap-3">
        <Badge tone={state === 'approved' ? 'ok' : 'warn'}>{state}</Badge>
        {decidedBy !== null && (
          <span className="text-sm text-muted">
            <ForeignText text={decidedBy} />
          </span>
        )}
      </span>
    </div>
  );
}

/** An HTTP status: of a refusal in its colour. Null: what came of the call is not known. */
export function AnswerStatus({ status }: { status: number | null }) {
  if (status === null) {
    return (
      <span title="It is still being called, or was cut off and may have been done">
        <Badge tone="warn">unknown</Badge>
      </span>
    );
  }
  return <Badge tone={status < 400 ? 'ok' : status < 500 ? 'warn' : 'bad'}>{status}</Badge>;
}
