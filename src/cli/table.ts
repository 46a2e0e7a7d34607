// Lays rows out as a table. Used by list-view.ts.
import { padEnd, padStart, textWidth, truncate } from './text-width.ts';

export interface Column {
  header: string;
  cells: string[];
  /** Numbers stand to the right, digit under digit. */
  isNumber?: boolean;
  /** Never cut: an id that is cut cannot be copied. */
  isWhole: boolean;
}

export interface TableLayout {
  /** Lines of cells, the header first; each cell padded to its column's width. */
  lines: string[][];
  /** Headers of the columns that did not fit. */
  hidden: string[];
}

const GAP = 2;
const NARROWEST = 8;

/** @param width cells of the terminal; null leaves every column as wide as it is */
export function layOut(columns: readonly Column[], width: number | null): TableLayout {
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

function naturalWidth(column: Column): number {
  return Math.max(textWidth(column.header), ...column.cells.map(textWidth));
}

function narrowestWidth(column: Column): number {
  const natural = naturalWidth(column);
  return column.isWhole ? natural : Math.min(natural, Math.max(NARROWEST, textWidth(column.header)));
}

function total(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0) + GAP * Math.max(0, widths.length - 1);
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
  mayGive: (column: number) => boolean,
): void {
  const narrowest = columns.map(narrowestWidth);
  while (total(widths) > width) {
    const givers = widths.map((cells, i) => (mayGive(i) && cells > (narrowest[i] ?? 0) ? cells : 0));
    const widest = givers.indexOf(Math.max(...givers));
    if ((givers[widest] ?? 0) === 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}
