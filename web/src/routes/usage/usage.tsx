// /usage: totals, charts by day, a table by key, model or command, and what failed.
import { useNavigate, useSearch } from '@tanstack/react-router';
import type { Summary } from '../../../../src/protocol/obs.ts';
import type { CommandOutput } from '../../api/seed.ts';
import { useCommand, useSeed } from '../../api/use-command.ts';
import { count, fullTime, money, shortCount } from '../../format/readable.ts';
import { type SpanSearch, spanInput } from '../../format/spans.ts';
import { Button } from '../../ui/button.tsx';
import { CodeBlock } from '../../ui/code.tsx';
import { SpanPicker } from '../../ui/fields.tsx';
import { PageFrame, Section, Tile, Tiles } from '../../ui/page-frame.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { Answer, Skeleton } from '../../ui/states.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { ByDay } from './by-day.tsx';
import { CsvButton } from './csv-button.tsx';
import { GroupTable } from './group-table.tsx';
import { type Grouping, isGrouping, USAGE_SPANS } from './groupings.ts';
import { type Asked, useOverview } from './reports.ts';

export function Usage() {
  const { by, key, ...span } = useSearch({ from: '/shell/usage' });
  const navigate = useNavigate({ from: '/usage' });
  const asked: Asked = { ...spanInput(span, Date.now()), ...(key !== undefined && { keyId: key }) };
  const overview = useOverview(asked);
  const setSpan = (chosen: SpanSearch) => void navigate({ search: { by, key, ...chosen }, replace: true });
  const setKey = (chosen: string | undefined) =>
    void navigate({ search: (before) => ({ ...before, key: chosen }) });
  const setGrouping = (chosen: Grouping) =>
    void navigate({ search: (before) => ({ ...before, by: chosen }), replace: true });
  return (
    <PageFrame title="Usage" actions={<SpanPicker offered={USAGE_SPANS} value={span} onChange={setSpan} />}>
      {key !== undefined && <OnlyKey id={key} onClear={() => setKey(undefined)} />}
      <Answer query={overview} skeleton={<UsageSkeleton />}>
        {({ summary, days, between }) => (
          <>
            {summary.missingBefore && (
              <p className="rounded-lg bg-warn-soft px-3 py-2 text-warn">
                This begins before {fullTime(summary.missingBefore)}: what is older may be deleted already.
              </p>
            )}
            <Totals summary={summary} />
            <ByDay reports={days} from={summary.from} to={summary.to} />
            <GroupTable by={isGrouping(by) ? by : 'key'} between={between} onBy={setGrouping} onKey={setKey} />
            <Errors between={between} />
          </>
        )}
      </Answer>
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

function cliCall({ since, until, month, keyId }: Asked): string {
  const flags = { '--since': since, '--until': until, '--month': month, '--key-id': keyId };
  const given = Object.entries(flags).flatMap(([flag, value]) => (value === undefined ? [] : [flag, value]));
  return ['seed obs summary', ...given].join(' ');
}

function Totals({ summary }: { summary: Summary }) {
  const { requests, tasks, modelCalls, tokens, cost } = summary;
  const failedTasks = tasks.failed + tasks.timed_out;
  return (
    <Tiles>
      <Tile term="Requests" value={count(requests.total)}>
        {count(requests.refused)} refused, {count(requests.failed)} failed
      </Tile>
      <Tile term="Tasks" value={count(tasks.total)}>
        {count(tasks.completed)} completed, {count(failedTasks)} failed
      </Tile>
      <Tile term="Model calls" value={count(modelCalls.total)}>
        {count(modelCalls.failed)} failed
      </Tile>
      <Tile
        term="Tokens"
        value={shortCount(tokens.input + tokens.output)}
        title={count(tokens.input + tokens.output)}
      >
        {shortCount(tokens.input)} in, {shortCount(tokens.output)} out
      </Tile>
      <Tile term="Cost" value={money(cost.total)} title={`$${cost.total}`}>
        {money(cost.llm)} models, {money(cost.compute)} sandboxes
      </Tile>
    </Tiles>
  );
}

function OnlyKey({ id, onClear }: { id: string; onClear(): void }) {
  const { may } = useSeed();
  const { data } = useCommand('keys get', { id }, { enabled: may('keys get') });
  return (
    <p className="flex flex-wrap items-center justify-between gap-2 rounded-lg bg-info-soft py-1.5 pr-1.5 pl-3">
      <span className="wrap-anywhere">
        Only what counts for the key <strong className="font-medium">{data?.key.name ?? id}</strong>, its tasks
        included
      </span>
      <Button icon="close" onClick={onClear}>
        Show all keys
      </Button>
    </p>
  );
}

type ErrorGroup = CommandOutput<'obs errors'>['items'][number];

const CSV = ['group', 'errors', 'refused', 'failed', 'modelCalls', 'tasks', 'lastAt'];

const wideCount = (title: string, name: 'refused' | 'failed' | 'modelCalls' | 'tasks'): Column<ErrorGroup> => ({
  title,
  numeric: true,
  from: 'md',
  cell: (row) => count(row[name]),
});

const COLUMNS: readonly Column<ErrorGroup>[] = [
  { title: 'Code', cell: ({ group }) => <code className="font-mono text-sm wrap-anywhere">{group}</code> },
  { title: 'Errors', numeric: true, cell: ({ errors }) => count(errors) },
  wideCount('Calls refused', 'refused'),
  wideCount('Calls failed', 'failed'),
  wideCount('Model calls', 'modelCalls'),
  wideCount('Tasks', 'tasks'),
  { title: 'Last', className: 'text-muted', cell: ({ lastAt }) => lastAt && <RelativeTime at={lastAt} /> },
];

function Errors({ between }: { between: Asked }) {
  const errors = useCommand('obs errors', { ...between, by: 'code' });
  const items = errors.data?.items ?? [];
  return (
    <Section
      title="Errors"
      actions={<CsvButton name="errors-by-code" label="Errors by code" columns={CSV} rows={items} />}
    >
      <Answer query={errors}>
        {() =>
          items.length === 0 ? (
            <p className="text-muted">Nothing failed in this time.</p>
          ) : (
            <Table label="Errors" columns={COLUMNS} rows={items} rowKey={({ group }) => group} />
          )
        }
      </Answer>
    </Section>
  );
}
