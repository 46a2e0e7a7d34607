// A page of items as a table that fits the terminal. Used by answer-view.ts and snapshots.ts.
import { isRecord } from '../lib/json.ts';
import { namedCellText, readableNumbers, valueAt, words } from './cell.ts';
import { padEnd, padStart, paintStatus, type Style, textWidth, truncate } from './terminal.ts';

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
  const { style } = options;
  const lines = layout.lines.map((cells, row) => {
    if (row === 0) return cells.map(style.dim);
    if (row > items.length) return cells.map(style.bold);
    return cells.map((cell, i) => (i === statusColumn ? paintStatus(cell, style) : cell));
  });
  return { text: lines.map((cells) => `${cells.join(GAP).trimEnd()}\n`).join(''), hidden: layout.hidden };
}

function columnOf(name: string, items: readonly unknown[], total: unknown, now: Date | null): Column {
  const values = items.map((item) => valueAt(item, name));
  const all = total === undefined ? values : [...values, total];
  const numbers = all.filter((value) => typeof value === 'number');
  const isNumber = numbers.length > 0 && all.every((value) => typeof value === 'number' || value == null);
  const texts = new Map(now === null ? [] : readableNumbers(numbers).map((text, i) => [numbers[i], text]));
  const cellOf = (value: unknown) =>
    (typeof value === 'number' ? texts.get(value) : undefined) ?? namedCellText(name, value, now);
  return {
    header: words(name).toUpperCase(),
    cells: all.map(cellOf),
    isNumber,
    isWhole: isNumber || name === 'id' || name.endsWith('Id') || values.some(isUuid),
  };
}

const isUuid = (value: unknown): boolean => typeof value === 'string' && UUID.test(value);

/** Without columns in the manifest: the first plain values of the first item. */
function chooseColumns(item: unknown): string[] {
  if (!isRecord(item)) return ['value'];
  const plain = Object.entries(item).filter(([, value]) => !isRecord(value) && !Array.isArray(value));
  return plain.slice(0, COLUMNS_MOST).map(([name]) => name);
}

export interface Column {
  header: string;
  cells: string[];
  /** Numbers stand to the right, digit under digit. */
  isNumber?: boolean;
  /** Never cut: an id that is cut cannot be copied. */
  isWhole: boolean;
}

const NARROWEST = 8;

/**
 * Lines of cells padded to their columns' widths, the header first, and the headers of columns that did not fit.
 * @param width cells of the terminal; null leaves every column as wide as it is
 */
export function layOut(columns: readonly Column[], width: number | null): { lines: string[][]; hidden: string[] } {
  const shown = [...columns];
  const hidden: string[] = [];
  let widths = shown.map(naturalWidth);
  if (width !== null) {
    while (shown.length > 1 && total(shown.map(narrowestWidth)) > width) {
      hidden.unshift(shown.pop()?.header ?? '');
    }
    widths = shrink(shown, width);
  }
  const rows = Math.max(0, ...shown.map((column) => column.cells.length));
  const lineOf = (cellOf: (column: Column) => string) =>
    shown.map((column, i) => {
      const cell = truncate(cellOf(column), widths[i] ?? 0);
      if (column.isNumber) return padStart(cell, widths[i] ?? 0);
      return i === shown.length - 1 ? cell : padEnd(cell, widths[i] ?? 0);
    });
  const header = lineOf((column) => column.header);
  const body = Array.from({ length: rows }, (_, row) => lineOf((column) => column.cells[row] ?? ''));
  return { lines: [header, ...body], hidden };
}

const naturalWidth = (column: Column) => Math.max(textWidth(column.header), ...column.cells.map(textWidth));

function narrowestWidth(column: Column): number {
  const natural = naturalWidth(column);
  return column.isWhole ? natural : Math.min(natural, Math.max(NARROWEST, textWidth(column.header)));
}

function total(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0) + GAP.length * Math.max(0, widths.length - 1);
}

/** Takes cells from running text first: a code or a word that is cut says little. */
function shrink(columns: readonly Column[], width: number): number[] {
  const widths = columns.map(naturalWidth);
  const isText = columns.map((column) => column.cells.some((cell) => cell.includes(' ')));
  takeFromWidest(columns, widths, width, (i) => isText[i] === true);
  takeFromWidest(columns, widths, width, () => true);
  return widths;
}

/** Takes cells from the widest column that may give some, until all fit or none can. */
function takeFromWidest(
  columns: readonly Column[],
  widths: number[],
  width: number,
  mayGive: (i: number) => boolean,
) {
  const narrowest = columns.map(narrowestWidth);
  while (total(widths) > width) {
    const givers = widths.map((cells, i) => (mayGive(i) && cells > (narrowest[i] ?? 0) ? cells : 0));
    const widest = givers.indexOf(Math.max(...givers));
    if ((givers[widest] ?? 0) === 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}
