// Limits in words: all of a limit is said, in words where there are some.
import { expect, it } from 'vitest';
import type { Limit } from '../../../../src/protocol/grant.ts';
import { approvalWords, limitWords } from './limit-words.ts';

const limit = (more: Partial<Limit>): Limit => ({ per: 'task', else: 'deny', ...more });

it('tells of which calls, what they may be and come to, and what else', () => {
  const words = limitWords(
    limit({
      scope: 'purchase-orders:write',
      input: { properties: { supplier: { enum: ['acme', 'globex'] }, total: { maximum: 500 } } },
      sum: { '/total': 2000, '/lines/*/total': '100.50', '/a~1b': 1 },
      per: 'day',
      calls: 5,
      else: 'ask',
    }),
  );
  expect(words).toEqual({
    about: 'all commands of purchase-orders:write',
    rules: [
      'supplier is acme or globex',
      'total is at most 500',
      'total comes to at most 2000 a day (UTC)',
      'total of each of lines comes to at most 100.50 a day (UTC)',
      'a/b comes to at most 1 a day (UTC)',
      'at most 5 calls a day (UTC)',
    ],
    otherwise: 'else a person is asked',
  });
});

it.each([
  [{ command: 'orders create' }, 'orders create'],
  [{ effects: ['write', 'destructive'] }, 'every write or destructive command'],
  [{}, 'every command'],
] as const)('is about %j: %s', (of, about) => {
  expect(limitWords(limit(of as Partial<Limit>)).about).toBe(about);
});

it.each([
  [{ required: ['a', 'b'] }, ['a, b are given']],
  [{ properties: { a: {} } }, ['a is given']],
  [
    { properties: { a: { items: { properties: { b: { maxLength: 3 } } } } } },
    ['b of each of a has at most 3 characters'],
  ],
  [{ additionalProperties: false }, ['nothing else is given']],
  [{ properties: { a: { not: { const: 1 } } } }, ['a fits {"not":{"const":1}}']],
  [{ anyOf: [{ required: ['a'] }] }, ['the input fits {"anyOf":[{"required":["a"]}]}']],
  [{ properties: { a: false } }, ['a fits false']],
  [{ properties: { a: { maximum: { $data: '1/b' } } } }, ['a fits {"maximum":{"$data":"1/b"}}']],
])('tells what is asked of the input by %j', (input, rules) => {
  expect(limitWords(limit({ input })).rules).toEqual(rules);
});

it('tells what a person is asked beside limits', () => {
  expect(approvalWords(null, null)).toEqual([]);
  const approval = { wait: 600_000, onExpiry: 'end', budget: 'ask', selfApprove: true } as const;
  expect(approvalWords({ ...approval, effects: ['destructive'] }, 'deny')).toEqual([
    'A person is asked for every destructive command',
    'A task waits 10 min for people in all, and then ends',
    'A task at its budget, or at a spend limit, asks for more',
    'The asking key itself may decide',
    'The third same write of a task is refused',
  ]);
});
