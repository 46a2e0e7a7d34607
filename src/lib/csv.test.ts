import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseCsv } from '../../test/fixtures/parse-csv.ts';
import { csvLine } from './csv.ts';

it.each<[Parameters<typeof csvLine>[0], string]>([
  [['a', 1, true, null, ''], 'a,1,true,,\n'],
  [['a,b', 'say "x"', 'two\nlines', 'cr\rhere'], '"a,b","say ""x""","two\nlines","cr\rhere"\n'],
  [[-1, 1e-9, 0.1, 12_345], '-1,0.000000001,0.1,12345\n'],
  [['=1+1', '+1', '-1', '@x', '\tx', ' =x', '＝x'], "'=1+1,'+1,'-1,'@x,'\tx,' =x,'＝x\n"],
  [['=HYPERLINK("x","y")'], `"'=HYPERLINK(""x"",""y"")"\n`],
  [['a-b', 'a=b', '2026-11-01'], 'a-b,a=b,2026-11-01\n'],
])('%j', (cells, line) => {
  expect(csvLine(cells)).toBe(line);
});

it('reads back as what it was, but for formulas', () => {
  const rows = fc.array(fc.array(fc.string({ unit: 'binary' }), { minLength: 2, maxLength: 4 }), {
    minLength: 1,
  });
  fc.assert(
    fc.property(rows, (cells) => {
      const read = parseCsv(cells.map(csvLine).join(''));
      expect(read.map((row) => row.map((cell) => cell.replace(/^'/, '')))).toEqual(
        cells.map((row) => row.map((cell) => cell.replace(/^'/, ''))),
      );
      for (const cell of read.flat()) expect(cell).not.toMatch(/^\s*[=+\-@]/);
    }),
  );
});
