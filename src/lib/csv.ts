// Lines of CSV as RFC 4180 has them, ended by a line feed alone so that Unix tools read them as well as
// spreadsheets do. Used by the CLI for --csv, by the dashboard and by the scripted model for its reports.

export type CsvCell = string | number | boolean | null;

/** What a spreadsheet takes for a formula, also behind white space; the last four are the full-width forms. */
const FORMULA = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r]/;

/** Text that a spreadsheet would run as a formula begins with ' instead. Numbers stay numbers; null is empty. */
export function csvLine(cells: readonly CsvCell[]): string {
  return `${cells.map(cellText).join(',')}\n`;
}

function cellText(cell: CsvCell): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return decimalText(cell);
  if (typeof cell === 'boolean') return String(cell);
  const text = FORMULA.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const DECIMALS_MOST = 12;

export function decimalText(number: number): string {
  const text = String(number);
  if (!text.includes('e-')) return text;
  return number.toFixed(DECIMALS_MOST).replace(/\.?0+$/, '');
}
