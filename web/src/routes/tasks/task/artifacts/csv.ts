// The first rows of a CSV text (RFC 4180), for a table to look at. What is not quite CSV is shown as far as it can be read.

const ROWS_MOST = 200;
const COLUMNS_MOST = 50;
const CELL_MOST = 500;

/** `cut`: there are more rows or columns, or longer cells. */
export function parseCsv(text: string, separator: ',' | '\t'): { rows: string[][]; cut: boolean } {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let quoted = false;
  let cut = false;
  const endCell = () => {
    cut ||= cell.length > CELL_MOST || row.length === COLUMNS_MOST;
    if (row.length < COLUMNS_MOST) row.push(cell.slice(0, CELL_MOST));
    cell = '';
  };
  const endRow = () => {
    endCell();
    rows.push(row);
    row = [];
  };
  for (let place = text.startsWith('\ufeff') ? 1 : 0; place < text.length; place += 1) {
    if (rows.length === ROWS_MOST) return { rows, cut: true };
    const char = text.charAt(place);
    const next = text.charAt(place + 1);
    if (quoted && char === '"' && next === '"') {
      cell += '"';
      place += 1;
    } else if (char === '"' && (quoted || cell === '')) quoted = !quoted;
    else if (quoted) cell += char;
    else if (char === separator) endCell();
    else if (char === '\n') endRow();
    else if (char !== '\r' || next !== '\n') cell += char;
  }
  if (cell !== '' || row.length > 0) endRow();
  return { rows, cut };
}
