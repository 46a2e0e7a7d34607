import { expect, it } from 'vitest';
import { listCsv, objectCsv } from './csv-view.ts';

const items = [
  { id: 'x', name: '=cmd()\u001b[31m', tags: ['a', 'b'], cost: { total: 1e-9 }, at: null, limits: { a: 1 } },
  { id: 'y', name: 'two\nlines', tags: [], cost: { total: -2 }, on: true, limits: {} },
];

it('writes a page with the columns of its table, whole and as they are in the JSON', () => {
  expect(listCsv(items, ['id', 'name', 'tags', 'cost.total', 'at', 'on', 'limits'])).toBe(
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
