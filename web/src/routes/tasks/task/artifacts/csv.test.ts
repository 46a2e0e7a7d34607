// CSV as programs write it, and what only looks like it.
import { expect, it } from 'vitest';
import { parseCsv } from './csv.ts';

it.each([
  [
    'a,b\n1,2\n',
    [
      ['a', 'b'],
      ['1', '2'],
    ],
  ],
  [
    '\ufeffa,b\r\n"1,5","say ""hi"""\r\n',
    [
      ['a', 'b'],
      ['1,5', 'say "hi"'],
    ],
  ],
  ['a\n"two\nlines"', [['a'], ['two\nlines']]],
  [
    'a,,\n,,c',
    [
      ['a', '', ''],
      ['', '', 'c'],
    ],
  ],
  ['never "closed\n"x', [['never "closed'], ['x']]],
  ['', []],
])('%j', (text, rows) => {
  expect(parseCsv(text, ',')).toEqual({ rows, cut: false });
});

it('takes tabs, and a bounded part of what is large', () => {
  expect(parseCsv('a\tb,c', '\t').rows).toEqual([['a', 'b,c']]);
  const { rows, cut } = parseCsv(`${'x,'.repeat(100)}\n`.repeat(1_000), ',');
  expect([rows.length, rows[0]?.length, cut]).toEqual([200, 50, true]);
  expect(parseCsv('x'.repeat(10_000), ',')).toMatchObject({ rows: [['x'.repeat(500)]], cut: true });
});
