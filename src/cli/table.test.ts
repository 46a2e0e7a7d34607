import { expect, it } from 'vitest';
import { type Column, layOut } from './table.ts';
import { textWidth } from './text-width.ts';

const ID = '56bcba9b-3f0e-4d5c-8a52-0d3d1c9a7e11';
const columns: Column[] = [
  { header: 'ID', cells: [ID], isWhole: true },
  { header: 'NAME', cells: ['a name that is rather long for a table'], isWhole: false },
  { header: 'STATUS', cells: ['active'], isWhole: false },
  { header: 'SCOPES', cells: ['keys:read, keys:write'], isWhole: false },
];

const linesOf = (width: number | null) => layOut(columns, width).lines.map((cells) => cells.join('  '));

it('leaves columns as wide as they are without a width', () => {
  expect(linesOf(null)[1]).toBe(
    `${ID}  a name that is rather long for a table  active  keys:read, keys:write`,
  );
});

it.each([120, 90, 80, 70])('fits %i cells and keeps ids whole', (width) => {
  const lines = linesOf(width);
  expect(Math.max(...lines.map(textWidth))).toBeLessThanOrEqual(width);
  expect(lines[1]).toContain(ID);
  expect(layOut(columns, width).hidden).toEqual([]);
});

it('hides the last columns when even the narrowest do not fit, and names them', () => {
  const { lines, hidden } = layOut(columns, 50);
  expect(hidden).toEqual(['STATUS', 'SCOPES']);
  expect(lines[1]).toEqual([ID, 'a name that…']);
});

it('cuts running text before words', () => {
  expect(layOut(columns, 80).lines[1]?.[2]).toBe('active');
  const code = { header: 'PREFIX', cells: ['sk_live_aB31'], isWhole: false };
  expect(layOut([...columns.slice(1, 2), code], 24).lines[1]).toEqual(['a name th…', 'sk_live_aB31']);
});

it('counts wide and combining characters as a terminal does', () => {
  expect([textWidth('漢字'), textWidth('e\u0301'), textWidth('🙂'), textWidth('ü')]).toEqual([4, 1, 2, 1]);
  const wide = layOut([{ header: 'N', cells: ['漢字漢字漢字漢字'], isWhole: false }], 9);
  expect(wide.lines[1]).toEqual(['漢字漢字…']);
});
