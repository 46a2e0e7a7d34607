// Views of a task: what it has used, every command that its agent called, and everything else that it tells.
import { Link } from '@tanstack/react-router';
import { costNote } from '../../../../../src/protocol/cost-source.ts';
import type { Task } from '../../../../../src/protocol/task.ts';
import type { ItemOf } from '../../../api/seed.ts';
import { usePages } from '../../../api/use-command.ts';
import { bytes, count, duration, fullTime, money } from '../../../format/readable.ts';
import { BadgeList, EffectBadge } from '../../../ui/badge.tsx';
import { classNames } from '../../../ui/class-names.ts';
import { CopyableId, CopyButton, Mono } from '../../../ui/code.tsx';
import { ForeignBlock, ForeignText } from '../../../ui/foreign-text.tsx';
import { Facts, Section } from '../../../ui/page-frame.tsx';
import { EmptyState, ListAnswer } from '../../../ui/states.tsx';
import { type Column, Table } from '../../../ui/table.tsx';
import { useKeyNames } from '../list/task-list.tsx';
import { AnswerStatus } from './entry-view.tsx';
import { useTask, ViewFrame } from './open-task.tsx';

const LINK = 'text-accent underline';

export function Details() {
  const { task } = useTask();
  const { nameOf } = useKeyNames();
  const { scopes, resources, metadata, parentTaskId } = task;
  return (
    <ViewFrame label="Details">
      <Section title="Instruction" actions={<CopyButton text={task.instruction} label="Copy the instruction" />}>
        <ForeignBlock text={task.instruction} className="rounded-lg border border-line bg-surface px-4 py-3" />
      </Section>
      <Section title="Scopes">
        <Facts
          of={{
            'Asked for': scopes.requested ? <Scopes of={scopes.requested} /> : 'all that the key has',
            Effective: <Scopes of={scopes.effective} />,
            Denied: scopes.denied.length > 0 && <Scopes of={scopes.denied} />,
          }}
        />
      </Section>
      <Section title="Task">
        <Facts
          of={{
            Id: <CopyableId id={task.id} />,
            Key: (
              <Link to="/tasks" search={{ key: task.keyId }} className={LINK}>
                <ForeignText text={nameOf(task.keyId)} />
              </Link>
            ),
            'Started by': parentTaskId && (
              <Link to="/tasks/$id" params={{ id: parentTaskId }} className={LINK}>
                task {parentTaskId.slice(0, 8)}
              </Link>
            ),
            'Tasks it started': (
              <Link to="/tasks" search={{ parent: task.id }} className={LINK}>
                Show them
              </Link>
            ),
            Model: (
              <Mono>
                <ForeignText text={[task.model, ...task.fallbackModels].join(', then ')} />
              </Mono>
            ),
            Created: fullTime(task.createdAt),
            'Time limit': (
              <>
                {duration(task.timeout)}
                {task.deadline && <span className="text-muted"> · until {fullTime(task.deadline)}</span>}
              </>
            ),
            Sandbox: [
              `${resources.vcpus} processors`,
              `${resources.memoryMb} MiB memory`,
              `${resources.diskMb} MiB files`,
              `${resources.processes} processes`,
            ].join(' · '),
            'Exit code': task.exitCode,
          }}
        />
      </Section>
      {task.files.length > 0 && (
        <Section title="Files it was given">
          <Pairs
            titles={['Name', 'Size and type']}
            pairs={task.files.map(({ name, size, type }) => [name, `${bytes(size)} · ${type}`])}
          />
        </Section>
      )}
      {Object.keys(metadata).length > 0 && (
        <Section title="Metadata">
          <Pairs titles={['Name', 'Value']} pairs={Object.entries(metadata)} />
        </Section>
      )}
      {task.stderr && (
        <Section title="Diagnostics">
          <ForeignBlock mono text={task.stderr} className="rounded-lg border border-line bg-surface px-4 py-3" />
        </Section>
      )}
    </ViewFrame>
  );
}

type Pair = readonly [string, string];

function Pairs({ titles: [name, value], pairs }: { titles: Pair; pairs: readonly Pair[] }) {
  return (
    <Table
      label={`${name} and ${value}`}
      columns={[
        { title: name, className: 'w-1/3 wrap-anywhere', cell: (pair) => <ForeignText text={pair[0]} /> },
        { title: value, className: 'wrap-anywhere', cell: (pair) => <ForeignText text={pair[1]} /> },
      ]}
      rows={pairs}
      rowKey={(pair) => pair[0]}
    />
  );
}

function Scopes({ of: scopes }: { of: readonly string[] }) {
  if (scopes.length === 0) return <span className="text-muted">none: the agent could call no command</span>;
  return <BadgeList items={scopes} />;
}

const MIB = 1024 * 1024;

export function Usage() {
  const { task } = useTask();
  const { cost, usage, used, budget, resources } = task;
  const note = costNote(task.costSource);
  return (
    <ViewFrame label="Usage">
      <div className="grid gap-x-10 gap-y-6 lg:grid-cols-2">
        <Section title="Tokens">
          <Facts
            of={{
              Input: count(task.inputTokens),
              Output: count(task.outputTokens),
              'Calls of the model': count(used.calls),
            }}
          />
        </Section>
        <Section title="Cost">
          <Facts
            of={{
              Model: note === null ? money(cost.llm) : `${money(cost.llm)}, ${note}`,
              Sandbox: usage || task.completedAt ? money(cost.compute) : 'counted when it has ended',
              Total: <strong className="font-semibold">{money(cost.total)}</strong>,
            }}
          />
        </Section>
        <Section title="Sandbox">
          {usage ? (
            <Facts
              of={{
                Processor: duration(usage.cpuSeconds * 1_000),
                'Memory at its peak': `${bytes(usage.peakMemoryBytes)} of ${bytes(resources.memoryMb * MIB)}`,
                Time: duration(usage.wallMs),
              }}
            />
          ) : (
            <p className="text-muted">
              {task.completedAt === null
                ? 'Measured when it has ended.'
                : 'There was no sandbox, or nothing was measured.'}
            </p>
          )}
        </Section>
        {budget && (
          <Section title="Budget">
            <BudgetUse budget={budget} used={used} />
          </Section>
        )}
      </div>
    </ViewFrame>
  );
}

const PARTS = [
  { name: 'usd', label: 'US dollars', show: money },
  { name: 'tokens', label: 'Tokens', show: count },
  { name: 'calls', label: 'Calls of the model', show: count },
] as const;

function BudgetUse({ budget, used }: { budget: NonNullable<Task['budget']>; used: Task['used'] }) {
  return (
    <ul className="flex max-w-md flex-col gap-3">
      {PARTS.map(({ name, label, show }) => {
        const limit = budget[name];
        if (limit === null) return null;
        const share = Math.min(1, used[name] / limit);
        return (
          <li key={name}>
            <div className="flex justify-between gap-4">
              <span className="text-muted">{label}</span>
              <span className="tabular-nums">
                {show(used[name])} of {show(limit)}
              </span>
            </div>
            <div aria-hidden="true" className="mt-1 h-1.5 overflow-hidden rounded-full bg-sunken">
              <div
                className={classNames('h-full rounded-full', share >= 1 ? 'bg-bad' : 'bg-accent')}
                style={{ width: `${share * 100}%` }}
              />
            </div>
          </li>
        );
      })}
    </ul>
  );
}

const REFRESH_MS = 3_000;

type LedgerEntry = ItemOf<'tasks ledger'>;

const COLUMNS: readonly Column<LedgerEntry>[] = [
  {
    title: 'Time',
    from: 'sm',
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
  { title: 'Effect', from: 'md', cell: ({ effect }) => <EffectBadge effect={effect} /> },
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
    from: 'md',
    numeric: true,
    className: 'whitespace-nowrap',
    cell: ({ durationMs }) => (durationMs === null ? '–' : duration(durationMs)),
  },
  {
    title: 'What',
    className: 'w-1/2 min-w-36 sm:min-w-60',
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
  const refresh = task.completedAt === null ? { refreshMs: REFRESH_MS } : {};
  const pages = usePages('tasks ledger', { id: task.id, limit: 100 }, refresh);
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
