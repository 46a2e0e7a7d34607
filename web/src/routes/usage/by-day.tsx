// Requests, tokens and cost of each day, as charts.
import { count, money, shortCount } from '../../format/numbers.ts';
import { daysBetween } from '../../format/spans.ts';
import { ChartPanel } from '../../ui/chart/chart-panel.tsx';
import { CsvButton } from '../../ui/csv-button.tsx';
import { Section } from '../../ui/section.tsx';
import { DAY_COLUMNS } from './groupings.ts';
import { fillDays, mergeReports, type Report } from './merge-reports.ts';

interface ByDayProps {
  reports: readonly Report[];
  from: string;
  to: string;
}

const NAMES = DAY_COLUMNS.map(({ name }) => name);

export function ByDay({ reports, from, to }: ByDayProps) {
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
      actions={
        <CsvButton name="usage-by-day" label="Usage by day" columns={['group', ...NAMES]} rows={rows} />
      }
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
