import { expect, it } from 'vitest';
import { listCsv, objectCsv, objectView } from './answer-view.ts';
import { relativeTime } from './cell.ts';
import { closest } from './find-command.ts';
import { type Column, layOut, listView } from './table.ts';
import { type Style, textWidth } from './terminal.ts';

const same = (text: string) => text;
const style: Style = { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same };
const now = new Date('2026-05-01T12:00:00.000Z');
const terminal = { style, width: 80, now };
const pipe = { style, width: null, now: null };

it.each([
  ['2026-05-01T11:59:58Z', 'now'],
  ['2026-05-01T11:59:20Z', '40 s ago'],
  ['2026-05-01T11:57:40Z', '2 min ago'],
  ['2026-05-01T13:30:00+01:00', 'in 30 min'],
  ['2026-04-30T00:00:00Z', '36 h ago'],
  ['2026-05-11T12:00:00Z', 'in 10 d'],
  ['2025-01-02T03:04:05Z', '2025-01-02'],
])('%s is %s', (time, text) => {
  expect(relativeTime(time, now)).toBe(text);
});

const items = [
  { id: 'x', createdAt: '2026-05-01T11:57:40Z', cost: { total: 2 }, tags: ['a', 'b'], note: 'two\nlines' },
];

it('shortens times on a terminal and leaves them whole elsewhere', () => {
  const columns = ['id', 'createdAt', 'cost.total', 'tags', 'note', 'missing'];
  expect(listView(items, columns, terminal).text).toBe(
    'ID  CREATED AT  COST TOTAL  TAGS  NOTE\nx   2 min ago            2  a, b  two lines\n',
  );
  expect(listView(items, columns, pipe).text).toContain('2026-05-01T11:57:40Z');
});

it('says never of a time that never was, and of nothing else', () => {
  const key = { lastUsedAt: null, expires_at: null, at: null, name: null, format: null, startedAt: '', tags: [] };
  expect(listView([key], Object.keys(key), pipe).text.split('\n')[1]?.split(/ {2,}/)).toEqual([
    'never',
    'never',
    'never',
    '-',
    '-',
    '-',
    '-',
  ]);
  expect(objectView({ key: { name: null, lastUsedAt: null } }, pipe)).toBe(
    'name          -\nlast used at  never\n',
  );
});

it('shows of a long list how it begins', () => {
  const commands = Array.from({ length: 1_000 }, (_, index) => `do-${index}`);
  const { text } = listView([{ name: 'big', commands }], ['name', 'commands'], pipe);
  expect(text).toMatch(/ do-19 and 980 more\n$/);
  expect(text.length).toBeLessThan(400);
});

const costs = [
  { group: 'a', name: 'shop', total: 1234.5, calls: 1_000_000, lastAt: null },
  { group: 'b', total: 0.0000457, calls: 7, lastAt: '2026-05-01T11:57:40Z' },
];
const totals = { total: 1234.5000457, calls: 1_000_007, lastAt: '2026-05-01T11:57:40Z' };

it('aligns numbers digit under digit, thousands apart, with what they come to in the last line', () => {
  const columns = ['group', 'name', 'total', 'calls', 'lastAt', 'missing'];
  expect(listView(costs, columns, terminal, totals).text).toBe(
    [
      'GROUP  NAME         TOTAL      CALLS  LAST AT',
      'a      shop  1,234.500000  1,000,000  never',
      'b      -         0.000046          7  2 min ago',
      'total        1,234.500046  1,000,007  2 min ago',
      '',
    ].join('\n'),
  );
  const [, first, second] = listView(costs, columns, pipe).text.split('\n');
  expect(first).toBe('a      shop     1234.5  1000000  never');
  expect(second).toBe('b      -     0.0000457        7  2026-05-01T11:57:40Z');
});

it('never cuts an id or a number', () => {
  const id = '56bcba9b-3f0e-4d5c-8a52-0d3d1c9a7e11';
  const row = { group: id, name: 'a name that is rather long', calls: 123_456_789 };
  const { text, hidden } = listView([row], [], { ...terminal, width: 60 });
  expect(text).toContain(id);
  expect(text).toContain('123,456,789');
  expect(hidden).toEqual([]);
});

it('chooses plain columns when the manifest names none', () => {
  expect(listView(items, [], pipe).text.split('\n')[0]).toBe('ID  CREATED AT            NOTE');
});

it('shows an object as names and values, groups indented', () => {
  const task = { id: 'x', createdAt: '2026-05-01T11:57:40Z', scopes: { denied: [] }, stdout: 'a\nb\n' };
  expect(objectView({ task }, terminal)).toBe(
    [
      'id          x',
      'created at  2026-05-01T11:57:40Z (2 min ago)',
      'scopes',
      '  denied  -',
      'stdout',
      '  a',
      '  b',
      '',
    ].join('\n'),
  );
});

it('shows counts on one line, without those that are 0, and lists of objects as tables', () => {
  const summary = {
    calls: { total: 1_200, refused: 0, failed: 3 },
    none: { total: 0 },
    keys: costs,
    nobody: [],
  };
  expect(objectView(summary, terminal)).toBe(
    [
      'calls   total 1,200 · failed 3',
      'none    total 0',
      'keys',
      '  GROUP  NAME         TOTAL      CALLS  LAST AT',
      '  a      shop  1,234.500000  1,000,000  never',
      '  b      -         0.000046          7  2 min ago',
      'nobody  -',
      '',
    ].join('\n'),
  );
});

it.each([
  ['keys lst', 'keys list'],
  ['tasks rnu', 'tasks run'],
  ['tas', 'tasks run'],
  ['frobnicate', undefined],
])('%s is meant as %s', (typed, meant) => {
  expect(closest(typed, ['keys list', 'tasks run'])).toBe(meant);
});

const rows = [
  { id: 'x', name: '=cmd()\u001b[31m', tags: ['a', 'b'], cost: { total: 1e-9 }, at: null, limits: { a: 1 } },
  { id: 'y', name: 'two\nlines', tags: [], cost: { total: -2 }, on: true, limits: {} },
];

it('writes a page with the columns of its table, whole and as they are in the JSON', () => {
  expect(listCsv(rows, ['id', 'name', 'tags', 'cost.total', 'at', 'on', 'limits'])).toBe(
    [
      'id,name,tags,cost.total,at,on,limits',
      `x,'=cmd(),"a, b",0.000000001,,,"{""a"":1}"`,
      'y,"two\nlines",,-2,,true,',
      '',
    ].join('\n'),
  );
});

it('has its header also without a row, and takes the columns of the first item where none are named', () => {
  expect(listCsv([], ['id', 'name'])).toBe('id,name\n');
  expect(listCsv([{ a: 1, b: 'x' }], [])).toBe('a,b\n1,x\n');
});

it('writes an object as names and values', () => {
  const answer = {
    task: { id: 'x', cost: { total: 0.5 }, scopes: [], top: [{ key: 'k', n: 2 }] },
    secret: null,
  };
  expect(objectCsv(answer)).toBe(
    [
      'name,value',
      'task.id,x',
      'task.cost.total,0.5',
      'task.scopes,',
      'task.top.0.key,k',
      'task.top.0.n,2',
      'secret,',
      '',
    ].join('\n'),
  );
});

const ID = '56bcba9b-3f0e-4d5c-8a52-0d3d1c9a7e11';
const columns: Column[] = [
  { header: 'ID', cells: [ID], isWhole: true },
  { header: 'NAME', cells: ['a name that is rather long for a table'], isWhole: false },
  { header: 'STATUS', cells: ['active'], isWhole: false },
  { header: 'SCOPES', cells: ['keys:read, keys:write'], isWhole: false },
];

const linesOf = (width: number | null) => layOut(columns, width).lines.map((cells) => cells.join('  '));

it('leaves columns as wide as they are without a width', () => {
  expect(linesOf(null)[1]).toBe(`${ID}  a name that is rather long for a table  active  keys:read, keys:write`);
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
