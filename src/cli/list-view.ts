// A page of items as a table. Used by answer-view.ts.
import { cellText, isRecord, words } from './cell.ts';
import { paintStatus, type Style } from './style.ts';
import { layOut } from './table.ts';

export interface ViewOptions {
  style: Style;
  /** Cells of the terminal; null when the output is no terminal. */
  width: number | null;
  /** Times are shortened relative to this; null leaves them as they are. */
  now: Date | null;
}

const COLUMNS_MOST = 6;
const GAP = '  ';

/** The table's text and the names of the columns that did not fit. */
export function listView(
  items: readonly unknown[],
  columns: readonly string[],
  options: ViewOptions,
): { text: string; hidden: string[] } {
  const names = columns.length > 0 ? columns : chooseColumns(items[0]);
  const layout = layOut(
    names.map((name) => ({
      header: words(name).toUpperCase(),
      cells: items.map((item) => cellText(valueAt(item, name), options.now)),
      isWhole: name === 'id' || name.endsWith('Id'),
    })),
    options.width,
  );
  const statusColumn = names.findIndex((name) => name === 'status' || name === 'outcome');
  const lines = layout.lines.map((cells, row) =>
    cells
      .map((cell, i) => paintCell(cell, row, i === statusColumn, options.style))
      .join(GAP)
      .trimEnd(),
  );
  return { text: `${lines.join('\n')}\n`, hidden: layout.hidden };
}

function paintCell(cell: string, row: number, isStatus: boolean, style: Style): string {
  if (row === 0) return style.dim(cell);
  return isStatus ? paintStatus(cell, style) : cell;
}

/** Without columns in the manifest: the first plain values of the first item. */
function chooseColumns(item: unknown): string[] {
  if (!isRecord(item)) return ['value'];
  const plain = Object.entries(item).filter(([, value]) => !isRecord(value) && !Array.isArray(value));
  return plain.slice(0, COLUMNS_MOST).map(([name]) => name);
}

/** `cost.total` reaches into nested objects. */
function valueAt(item: unknown, path: string): unknown {
  if (!isRecord(item)) return item;
  return path.split('.').reduce<unknown>((value, name) => (isRecord(value) ? value[name] : undefined), item);
}
