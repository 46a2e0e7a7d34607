// A table of text on stdout: the first row is its head.

export function printTable(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  for (const row of rows) {
    const cells = widths.map((width, column) => (row[column] ?? '').padEnd(width));
    process.stdout.write(`${cells.join('  ').trimEnd()}\n`);
  }
}
