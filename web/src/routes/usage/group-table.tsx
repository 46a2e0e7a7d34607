// The same figures by key, model or command, as a table that can be saved.
import { count, duration, money } from '../../format/readable.ts';
import { SelectField } from '../../ui/fields.tsx';
import { Section } from '../../ui/page-frame.tsx';
import { Answer, EmptyState } from '../../ui/states.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { CsvButton } from './csv-button.tsx';
import { GROUPINGS, type Grouping, type UsageColumn } from './groupings.ts';
import { type Asked, mergeReports, mergeTotals, type UsageRow, useGrouping } from './reports.ts';

interface GroupTableProps {
  by: Grouping;
  between: Asked;
  onBy(by: Grouping): void;
  onKey(id: string): void;
}

const OPTIONS = Object.entries(GROUPINGS).map(([value, { label }]) => ({ value, label }));
const FORMATS: Record<UsageColumn['kind'], (value: number) => string> = { count, money, ms: duration };
const TOTAL = 'Total';

export function GroupTable({ by, between, onBy, onKey }: GroupTableProps) {
  const grouping = useGrouping(by, between);
  const { data } = grouping;
  const label = GROUPINGS[by].label;
  // That of the grouping before, until this one's is there.
  const shown = data?.by ?? by;
  const { head, columns } = GROUPINGS[shown];
  const names = columns.map(({ name }) => name);
  const reports = data?.reports ?? [];
  const rows = mergeReports(reports, names);
  const cut = Math.max(0, ...reports.map((report) => report.cut));
  const groupColumn: Column<UsageRow> = {
    title: head,
    className: 'min-w-36',
    cell: (row) => <Group row={row} {...(shown === 'key' && { onKey })} />,
  };
  const csvColumns = ['group', ...(shown === 'key' ? ['name'] : []), ...names];
  return (
    <Section
      title={label}
      actions={
        <>
          <SelectField
            label="The table is"
            labelHidden
            className="w-36"
            value={by}
            options={OPTIONS}
            onChange={(chosen) => onBy(chosen as Grouping)}
          />
          <CsvButton
            name={`usage-by-${shown}`}
            label={`Usage ${label.toLowerCase()}`}
            columns={csvColumns}
            rows={rows}
          />
        </>
      }
    >
      <Answer query={grouping}>
        {() =>
          rows.length === 0 ? (
            <EmptyState icon="chart" title="Nothing in this time">
              As soon as a key calls a command or a task asks a model, it counts here.
            </EmptyState>
          ) : (
            <Table
              label={GROUPINGS[shown].label}
              columns={[groupColumn, ...columns.map(columnOf)]}
              rows={[...rows, { ...mergeTotals(reports), group: TOTAL }]}
              rowKey={({ group }) => group}
            />
          )
        }
      </Answer>
      {cut > 0 && <p className="text-sm text-muted">{count(cut)} more are not shown; the totals count them.</p>}
    </Section>
  );
}

function columnOf({ name, title, kind, wide }: UsageColumn): Column<UsageRow> {
  return {
    title,
    numeric: true,
    ...(wide && { from: 'lg' }),
    cell: (row) => (
      <span className={row.group === TOTAL ? 'font-semibold' : ''}>{FORMATS[kind](Number(row[name]))}</span>
    ),
  };
}

function Group({ row: { group, name }, onKey }: { row: UsageRow; onKey?: (id: string) => void }) {
  if (group === TOTAL) return <span className="font-semibold">{TOTAL}</span>;
  if (!onKey) return <span className="font-mono text-sm wrap-anywhere">{group}</span>;
  return (
    <button
      type="button"
      title="Only this key"
      onClick={() => onKey(group)}
      className="text-left font-medium wrap-anywhere hover:underline"
    >
      {name || group}
    </button>
  );
}
