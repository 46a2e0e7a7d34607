// /usage: totals, charts by day, a table by key, model or command, and what failed.
import { useNavigate, useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Summary } from '../../../../src/protocol/obs.ts';
import type { CommandOutput } from '../../api/commands.ts';
import { useCommand, useSeed } from '../../api/use-command.ts';
import { count, money, shortCount } from '../../format/numbers.ts';
import { type SpanSearch, spanInput } from '../../format/spans.ts';
import { fullTime } from '../../format/times.ts';
import { Button } from '../../ui/button.tsx';
import { CodeBlock } from '../../ui/code.tsx';
import { PageFrame, Section } from '../../ui/page-frame.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { SpanPicker } from '../../ui/span-picker.tsx';
import { ErrorNotice, Skeleton, SkeletonRows } from '../../ui/states.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { ByDay } from './by-day.tsx';
import { CsvButton } from './csv-button.tsx';
import { GroupTable } from './group-table.tsx';
import { isGrouping, USAGE_SPANS } from './groupings.ts';
import { type Asked, useErrors, useOverview } from './reports.ts';

export function Usage() {
  const { by, key, ...span } = useSearch({ from: '/shell/usage' });
  const navigate = useNavigate({ from: '/usage' });
  const asked: Asked = { ...spanInput(span, Date.now()), ...(key !== undefined && { keyId: key }) };
  const { data, error, refetch } = useOverview(asked);
  const setSpan = (chosen: SpanSearch) => void navigate({ search: { by, key, ...chosen }, replace: true });
  const setKey = (chosen: string | undefined) =>
    void navigate({ search: (before) => ({ ...before, key: chosen }) });
  return (
    <PageFrame title="Usage" actions={<SpanPicker offered={USAGE_SPANS} value={span} onChange={setSpan} />}>
      {key !== undefined && <OnlyKey id={key} onClear={() => setKey(undefined)} />}
      {error && <ErrorNotice error={error} retry={() => void refetch()} />}
      {!data && !error && <UsageSkeleton />}
      {data && (
        <>
          {data.summary.missingBefore && <Missing before={data.summary.missingBefore} />}
          <Totals summary={data.summary} />
          <ByDay reports={data.days} from={data.summary.from} to={data.summary.to} />
          <GroupTable
            by={isGrouping(by) ? by : 'key'}
            between={data.between}
            onBy={(chosen) =>
              void navigate({ search: (before) => ({ ...before, by: chosen }), replace: true })
            }
            onKey={setKey}
          />
          <Errors between={data.between} />
        </>
      )}
      <Section title="The same in the CLI">
        <CodeBlock text={cliCall(asked)} label="Copy the command" />
      </Section>
    </PageFrame>
  );
}

function UsageSkeleton() {
  return (
    <div role="status" aria-label="Loading" className="flex flex-col gap-5">
      <Skeleton className="h-24 w-full" />
      <Skeleton className="h-72 w-full" />
      <Skeleton className="h-40 w-full" />
    </div>
  );
}

function Missing({ before }: { before: string }) {
  return (
    <p className="rounded-lg bg-warn-soft px-3 py-2 text-warn">
      This begins before {fullTime(before)}: what is older may be deleted already.
    </p>
  );
}

function cliCall({ since, until, month, keyId }: Asked): string {
  const flags = { '--since': since, '--until': until, '--month': month, '--key-id': keyId };
  const given = Object.entries(flags).flatMap(([flag, value]) => (value === undefined ? [] : [flag, value]));
  return ['seed obs summary', ...given].join(' ');
}

/** The figures of the whole span, one tile each. */
function Totals({ summary }: { summary: Summary }) {
  const { requests, tasks, modelCalls, tokens, cost } = summary;
  const failedTasks = tasks.failed + tasks.timed_out;
  return (
    <dl className="grid grid-cols-2 overflow-hidden rounded-lg border border-line bg-line gap-px lg:grid-cols-5">
      <Total term="Requests" value={count(requests.total)}>
        {count(requests.refused)} refused, {count(requests.failed)} failed
      </Total>
      <Total term="Tasks" value={count(tasks.total)}>
        {count(tasks.completed)} completed, {count(failedTasks)} failed
      </Total>
      <Total term="Model calls" value={count(modelCalls.total)}>
        {count(modelCalls.failed)} failed
      </Total>
      <Total
        term="Tokens"
        value={shortCount(tokens.input + tokens.output)}
        title={count(tokens.input + tokens.output)}
      >
        {shortCount(tokens.input)} in, {shortCount(tokens.output)} out
      </Total>
      <Total term="Cost" value={money(cost.total)} title={`$${cost.total}`} last>
        {money(cost.llm)} models, {money(cost.compute)} sandboxes
      </Total>
    </dl>
  );
}

interface TotalProps {
  term: string;
  value: string;
  /** All its digits. */
  title?: string;
  /** Takes what is left of a row of two. */
  last?: boolean;
  children: ReactNode;
}

function Total({ term, value, title, last = false, children }: TotalProps) {
  return (
    <div className={`flex flex-col gap-0.5 bg-surface px-4 py-3 ${last ? 'col-span-2 lg:col-span-1' : ''}`}>
      <dt className="text-sm text-muted">{term}</dt>
      <dd title={title} className="text-xl font-semibold tabular-nums">
        {value}
      </dd>
      <dd className="text-sm text-muted tabular-nums">{children}</dd>
    </div>
  );
}

/** Says that the page is kept to one key, and takes that back. */
function OnlyKey({ id, onClear }: { id: string; onClear(): void }) {
  const { may } = useSeed();
  const { data } = useCommand('keys get', { id }, { enabled: may('keys get') });
  return (
    <p className="flex flex-wrap items-center justify-between gap-2 rounded-lg bg-info-soft py-1.5 pr-1.5 pl-3">
      <span className="wrap-anywhere">
        Only what counts for the key <strong className="font-medium">{data?.key.name ?? id}</strong>, its
        tasks included
      </span>
      <Button icon="close" onClick={onClear}>
        Show all keys
      </Button>
    </p>
  );
}

type ErrorGroup = CommandOutput<'obs errors'>['items'][number];

const CSV = ['group', 'errors', 'refused', 'failed', 'modelCalls', 'tasks', 'lastAt'];

const COLUMNS: readonly Column<ErrorGroup>[] = [
  { title: 'Code', cell: ({ group }) => <code className="font-mono text-sm wrap-anywhere">{group}</code> },
  { title: 'Errors', numeric: true, cell: ({ errors }) => count(errors) },
  {
    title: 'Calls refused',
    numeric: true,
    className: 'hidden md:table-cell',
    cell: ({ refused }) => count(refused),
  },
  {
    title: 'Calls failed',
    numeric: true,
    className: 'hidden md:table-cell',
    cell: ({ failed }) => count(failed),
  },
  {
    title: 'Model calls',
    numeric: true,
    className: 'hidden md:table-cell',
    cell: ({ modelCalls }) => count(modelCalls),
  },
  { title: 'Tasks', numeric: true, className: 'hidden md:table-cell', cell: ({ tasks }) => count(tasks) },
  { title: 'Last', className: 'text-muted', cell: ({ lastAt }) => lastAt && <RelativeTime at={lastAt} /> },
];

/** What failed, by the code of the error. */
function Errors({ between }: { between: Asked }) {
  const { data, error, refetch } = useErrors(between);
  const items = data?.items ?? [];
  return (
    <Section
      title="Errors"
      actions={<CsvButton name="errors-by-code" label="Errors by code" columns={CSV} rows={items} />}
    >
      {error && <ErrorNotice error={error} retry={() => void refetch()} />}
      {!data && !error && <SkeletonRows rows={3} />}
      {data && items.length === 0 && <p className="text-muted">Nothing failed in this time.</p>}
      {items.length > 0 && (
        <Table label="Errors" columns={COLUMNS} rows={items} rowKey={({ group }) => group} />
      )}
    </Section>
  );
}
