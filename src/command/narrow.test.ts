import { expect, it } from 'vitest';
import type { Command } from './define-command.ts';
import { Narrowing, narrowed } from './narrow.ts';

const command = (name: string, summary: string, scope: string) => ({ name, summary, scope }) as Command;
const ALL = [
  command('issues list', 'List the issues of a repository', 'issues:read'),
  command('issues open', 'Open an issue', 'issues:write'),
  command('pulls list', 'List pull requests', 'pulls:read'),
];
const names = (narrowing: object) => narrowed(ALL, Narrowing.parse(narrowing)).commands.map(({ name }) => name);

it.each<[object, string[]]>([
  [{}, ['issues list', 'issues open', 'pulls list']],
  [{ noun: 'issues' }, ['issues list', 'issues open']],
  [{ noun: 'issue' }, []],
  [{ scope: 'pulls:read' }, ['pulls list']],
  [{ search: 'LIST repository' }, ['issues list']],
  [{ search: 'list', noun: 'pulls' }, ['pulls list']],
])('%j gives %j', (narrowing, expected) => {
  expect(names(narrowing)).toEqual(expected);
});

it('gives pages, each after the last command of the one before', () => {
  const first = narrowed(ALL, { limit: 2 });
  expect(first.nextCursor).toBe('issues open');
  const second = narrowed(ALL, { limit: 2, cursor: first.nextCursor ?? '' });
  expect([second.commands.map(({ name }) => name), second.nextCursor]).toEqual([['pulls list'], null]);
  expect(() => narrowed(ALL, { cursor: 'gone' })).toThrow(/not one that this list gave out/);
});
