// What a command takes.
import type { ReactNode } from 'react';
import type { ManifestCommand } from '../../../../src/protocol/manifest.ts';
import { type Column, Table } from '../../ui/table.tsx';
import { type InputRow, inputRows } from './input-rows.ts';

const COLUMNS: readonly Column<InputRow>[] = [
  {
    title: 'Name and type',
    className: 'w-2/5',
    cell: ({ name, type, required }) => (
      <>
        <code className="block font-mono text-sm wrap-break-word">{breakable(name)}</code>
        <span className="block text-xs text-muted">
          {type}
          {required && <strong className="font-medium text-ink"> · required</strong>}
        </span>
      </>
    ),
  },
  {
    title: 'Meaning',
    cell: (row) => (
      <>
        {row.description}
        {row.default !== null && (
          <span className="block text-xs text-muted">
            Default: <code className="font-mono">{row.default}</code>
          </span>
        )}
      </>
    ),
  },
];

/** Long names break before their capitals and dots. */
function breakable(name: string): ReactNode[] {
  // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a name do not move
  return name.split(/(?=[A-Z.])/).map((part, place) => [place > 0 && <wbr key={place} />, part]);
}

export function InputTable({ command }: { command: ManifestCommand }) {
  const rows = inputRows(command.input);
  if (rows.length === 0) return <p className="text-muted">It takes none.</p>;
  return (
    <Table label={`Inputs of ${command.name}`} columns={COLUMNS} rows={rows} rowKey={({ name }) => name} />
  );
}
