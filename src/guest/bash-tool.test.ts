import { expect, test } from 'vitest';
import { asMeant } from './bash-tool.ts';

const NO_TIMEOUTS = [0, -1, null, '0', '', 'none', Number.NaN, Number.POSITIVE_INFINITY, 1e12, true, {}, []];

const CASES: [given: unknown, meant: unknown][] = [
  [{ command: 'ls' }, { command: 'ls' }],
  [
    { command: 'ls', timeout: 30 },
    { command: 'ls', timeout: 30 },
  ],
  [
    { command: 'ls', timeout: '30' },
    { command: 'ls', timeout: 30 },
  ],
  [
    { command: 'ls', timeout: '1.5 seconds' },
    { command: 'ls', timeout: 1.5 },
  ],
  ...NO_TIMEOUTS.map((timeout): [unknown, unknown] => [{ command: 'ls', timeout }, { command: 'ls' }]),
  ['ls -l', { command: 'ls -l' }],
  [{ cmd: 'ls' }, { command: 'ls' }],
  [{ command: ['bash', '-lc', 'ls | wc -l'] }, { command: 'ls | wc -l' }],
  [{ command: ['echo', 'a b', "it's"] }, { command: `echo 'a b' 'it'\\''s'` }],
  [{ command: ['ls | wc -l'] }, { command: 'ls | wc -l' }],
  // For the schema to refuse.
  [{ command: { a: 1 } }, { command: { a: 1 } }],
  [{ timeout: 3 }, { timeout: 3 }],
  [null, null],
];

test.each(CASES)('%j is taken as %j', (given, meant) => {
  expect(asMeant(given)).toEqual(meant);
});
