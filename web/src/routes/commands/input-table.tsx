// What a command takes.
import type { ManifestCommand } from '../../../../src/protocol/manifest.ts';
import { type Column, Table } from '../../ui/table.tsx';
import { type InputRow, inputRows } from './input-rows.ts';

const COLUMNS: readonly Column<InputRow>[] = [
  {
    title: 'Name',
    className: 'w-48',
    cell: ({ name, required }) => (
      <>
        <code className="font-mono text-sm">{name}</code>
        {required && <span className="block text-xs text-faint">required</span>}
      </>
    ),
  },
  { title: 'Type', className: 'w-40 text-sm text-muted', cell: ({ type }) => type },
  {
    title: 'Meaning',
    className: 'min-w-56',
    cell: (row) => (
      <>
        {row.description}
        {row.default !== null && (
          <span className="block text-sm text-muted">
            Default: <code className="font-mono">{row.default}</code>
          </span>
        )}
      </>
    ),
  },
];

export function InputTable({ command }: { command: ManifestCommand }) {
  const rows = inputRows(command.input);
  if (rows.length === 0) return <p className="text-muted">It takes none.</p>;
  return (
    <Table label={`Inputs of ${command.name}`} columns={COLUMNS} rows={rows} rowKey={({ name }) => name} />
  );
}
