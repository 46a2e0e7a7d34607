// Requests, tokens and cost of each day, as charts.
import { lazy, type ReactNode, Suspense, useState } from 'react';
import { count, money, shortCount } from '../../format/readable.ts';
import { daysBetween } from '../../format/spans.ts';
import { classNames } from '../../ui/class-names.ts';
import { Section } from '../../ui/page-frame.tsx';
import { Skeleton } from '../../ui/states.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { CsvButton } from './csv-button.tsx';
import { DAY_COLUMNS } from './groupings.ts';
import { type BarSeries, dayName, fillDays, mergeReports, type Report } from './reports.ts';

const NAMES = DAY_COLUMNS.map(({ name }) => name);

export function ByDay({ reports, from, to }: { reports: readonly Report[]; from: string; to: string }) {
  const days = daysBetween(from, new Date(Math.min(Date.parse(to), Date.now())).toISOString());
  const rows = fillDays(days, mergeReports(reports, NAMES), NAMES);
  const values = (figure: string) => rows.map((row) => Number(row[figure]));
  const wrong = rows.map((row) => Number(row['refused']) + Number(row['failed']));
  const good = values('requests').map((requests, day) => requests - (wrong[day] ?? 0));
  const sum = (...figures: string[]) => figures.flatMap(values).reduce((total, value) => total + value, 0);
  const startsWithin = !from.endsWith('T00:00:00.000Z');
  return (
    <Section
      title="By day"
      actions={<CsvButton name="usage-by-day" label="Usage by day" columns={['group', ...NAMES]} rows={rows} />}
    >
      <div className="grid gap-4 lg:grid-cols-3">
        <ChartPanel
          title="Requests"
          total={count(sum('requests'))}
          days={days}
          series={[
            { name: 'Answered', tone: 'accent', values: good },
            { name: 'Refused or failed', tone: 'bad', values: wrong },
          ]}
          axisFormat={shortCount}
          format={count}
          whole
        />
        <ChartPanel
          title="Tokens"
          total={count(sum('inputTokens', 'outputTokens'))}
          days={days}
          series={[
            { name: 'Input', tone: 'accent', values: values('inputTokens') },
            { name: 'Output', tone: 'info', values: values('outputTokens') },
          ]}
          axisFormat={shortCount}
          format={count}
          whole
        />
        <ChartPanel
          title="Cost"
          total={money(sum('total'))}
          days={days}
          series={[
            { name: 'Models', tone: 'accent', values: values('llm') },
            { name: 'Sandboxes', tone: 'info', values: values('compute') },
          ]}
          axisFormat={money}
          format={money}
        />
      </div>
      <p className="text-sm text-muted">
        Days are those of UTC
        {startsWithin && `, and the first counts from ${from.slice(11, 16)} on`}.
      </p>
    </Section>
  );
}

const BarChart = lazy(async () => ({ default: (await import('./bar-chart.tsx')).BarChart }));

interface ChartPanelProps {
  title: string;
  total: ReactNode;
  days: readonly string[];
  series: readonly BarSeries[];
  /** Writes a value in short, for the axis. */
  axisFormat(value: number): string;
  /** Writes a value in full, for legend and table. */
  format(value: number): string;
  whole?: boolean;
}

const SWATCHES: Record<BarSeries['tone'], string> = { accent: 'bg-accent', info: 'bg-info', bad: 'bg-bad' };

/** A chart and all that it says in words: the sums, or the figures of the day pointed at, and a table below. */
function ChartPanel({ title, total, days, series, axisFormat, format, whole = false }: ChartPanelProps) {
  const [pointed, setPointed] = useState<number | null>(null);
  const day = pointed === null ? undefined : days[pointed];
  const shown = ({ values }: BarSeries) =>
    pointed === null || day === undefined ? sum(values) : (values[pointed] ?? 0);
  return (
    <figure
      aria-label={`${title} by day`}
      className="flex min-w-0 flex-col gap-3 rounded-lg border border-line bg-surface p-4"
    >
      <figcaption className="flex flex-col gap-1">
        <span className="flex items-baseline justify-between gap-3">
          <span className="font-medium">{title}</span>
          <span className="text-sm text-muted tabular-nums">{day === undefined ? total : dayName(day)}</span>
        </span>
        <span className="flex flex-wrap gap-x-4 gap-y-1 text-sm text-muted">
          {series.map((one) => (
            <span key={one.name} className="flex items-center gap-1.5 tabular-nums">
              <span aria-hidden="true" className={classNames('size-2.5 rounded-xs', SWATCHES[one.tone])} />
              {one.name} {format(shown(one))}
            </span>
          ))}
        </span>
      </figcaption>
      {/* What is drawn is said by the table below. */}
      <div aria-hidden="true">
        <Suspense fallback={<Skeleton className="h-42 w-full" />}>
          <BarChart days={days} series={series} format={axisFormat} whole={whole} onPoint={setPointed} />
        </Suspense>
      </div>
      <details>
        <summary className="w-fit rounded text-sm text-muted hover:text-ink">Figures by day</summary>
        <div className="mt-2 max-h-72 overflow-y-auto">
          <DayTable title={title} days={days} series={series} format={format} />
        </div>
      </details>
    </figure>
  );
}

function DayTable({ title, days, series, format }: Pick<ChartPanelProps, 'title' | 'days' | 'series' | 'format'>) {
  const columns: Column<number>[] = [
    { title: 'Day', className: 'whitespace-nowrap', cell: (index) => days[index] },
    ...series.map(({ name, values }) => ({
      title: name,
      numeric: true,
      cell: (index: number) => format(values[index] ?? 0),
    })),
  ];
  const indexes = days.map((_, index) => index).toReversed();
  return <Table label={`${title} by day`} columns={columns} rows={indexes} rowKey={(index) => index} />;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
