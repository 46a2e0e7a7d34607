// What failed, by the code of the error.
import type { CommandOutput } from '../../api/commands.ts';
import { count } from '../../format/numbers.ts';
import { CsvButton } from '../../ui/csv-button.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { Section } from '../../ui/section.tsx';
import { ErrorNotice, SkeletonRows } from '../../ui/states.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { type Asked, useErrors } from './use-usage.ts';

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

export function Errors({ between }: { between: Asked }) {
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
