// Saves what is shown as CSV: a line of names, then a line for each row, as the CLI's --csv writes them.
import { type CsvCell, csvLine } from '../../../../src/lib/csv.ts';
import { Button } from '../../ui/button.tsx';

interface CsvButtonProps {
  /** The name of the file without its ending, such as `usage-by-key`. */
  name: string;
  columns: readonly string[];
  rows: readonly object[];
  label: string;
}

export function CsvButton({ name, columns, rows, label }: CsvButtonProps) {
  const save = () => {
    const lines = [columns, ...rows.map((row) => columns.map((column) => cellOf(row, column)))];
    const url = URL.createObjectURL(new Blob([lines.map(csvLine).join('')], { type: 'text/csv;charset=utf-8' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = `${name}.csv`;
    link.click();
    URL.revokeObjectURL(url);
  };
  return (
    <Button aria-label={`${label} as CSV`} disabled={rows.length === 0} onClick={save}>
      CSV
    </Button>
  );
}

function cellOf(row: object, column: string): CsvCell {
  const value = (row as Record<string, unknown>)[column];
  if (value === null || value === undefined) return null;
  return typeof value === 'number' || typeof value === 'boolean' ? value : String(value);
}
