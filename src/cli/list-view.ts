// A page of items as a table. Used by answer-view.ts and object-view.ts.
import { cellText, isRecord, valueAt, words } from './cell.ts';
import { readableNumbers } from './numbers.ts';
import { paintStatus, type Style } from './style.ts';
import { type Column, layOut } from './table.ts';

export interface ViewOptions {
  style: Style;
  /** Cells of the terminal; null when the output is no terminal. */
  width: number | null;
  /** Times are shortened relative to this, and numbers made readable; null leaves both as they are. */
  now: Date | null;
}

const COLUMNS_MOST = 6;
const GAP = '  ';
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The table's text and the names of the columns that did not fit. Columns that no item has are left out.
 * @param totals of all items, for the last line
 */
export function listView(
  items: readonly unknown[],
  columns: readonly string[],
  options: ViewOptions,
  totals: Record<string, unknown> | null = null,
): { text: string; hidden: string[] } {
  const names = (columns.length > 0 ? columns : chooseColumns(items[0])).filter((name) =>
    items.some((item) => valueAt(item, name) !== undefined),
  );
  const layout = layOut(
    names.map((name, i) => {
      const column = columnOf(name, items, totals?.[name], options.now);
      if (totals !== null && i === 0) column.cells[items.length] = 'total';
      return column;
    }),
    options.width,
  );
  const statusColumn = names.findIndex((name) => name === 'status' || name === 'outcome');
  const lines = layout.lines.map((cells, row) =>
    cells
      .map((cell, i) => paintCell(cell, lineKind(row, items.length), i === statusColumn, options.style))
      .join(GAP)
      .trimEnd(),
  );
  return { text: `${lines.join('\n')}\n`, hidden: layout.hidden };
}

function columnOf(name: string, items: readonly unknown[], total: unknown, now: Date | null): Column {
  const values = items.map((item) => valueAt(item, name));
  const all = total === undefined ? values : [...values, total];
  const numbers = all.filter((value) => typeof value === 'number');
  const isNumber = numbers.length > 0 && all.every((value) => typeof value === 'number' || value == null);
  const texts = new Map(now === null ? [] : readableNumbers(numbers).map((text, i) => [numbers[i], text]));
  const cellOf = (value: unknown) =>
    (typeof value === 'number' ? texts.get(value) : undefined) ?? cellText(value, now);
  return {
    header: words(name).toUpperCase(),
    cells: all.map(cellOf),
    isNumber,
    isWhole: isNumber || name === 'id' || name.endsWith('Id') || values.some(isUuid),
  };
}

function isUuid(value: unknown): boolean {
  return typeof value === 'string' && UUID.test(value);
}

function lineKind(row: number, items: number): 'header' | 'item' | 'totals' {
  if (row === 0) return 'header';
  return row <= items ? 'item' : 'totals';
}

function paintCell(cell: string, line: ReturnType<typeof lineKind>, isStatus: boolean, style: Style): string {
  if (line === 'header') return style.dim(cell);
  if (line === 'totals') return style.bold(cell);
  return isStatus ? paintStatus(cell, style) : cell;
}

/** Without columns in the manifest: the first plain values of the first item. */
function chooseColumns(item: unknown): string[] {
  if (!isRecord(item)) return ['value'];
  const plain = Object.entries(item).filter(([, value]) => !isRecord(value) && !Array.isArray(value));
  return plain.slice(0, COLUMNS_MOST).map(([name]) => name);
}
