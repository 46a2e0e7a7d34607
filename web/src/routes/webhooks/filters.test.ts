import { expect, it } from 'vitest';
import { groupTypes, toggled } from './filters.ts';

const TYPES = ['task.started', 'task.stopped', 'key.created'].map((name) => ({ name, summary: name }));

it('groups by noun and loses no pattern that was chosen', () => {
  expect(
    groupTypes(TYPES, ['*', 'task.stopped', 'crm.deal.*']).map(({ pattern, types }) => [pattern, types.length]),
  ).toEqual([
    ['task.*', 2],
    ['key.*', 1],
    ['crm.deal.*', 0],
  ]);
});

it.each([
  ['adds a type', ['key.created'], 'task.stopped', true, ['key.created', 'task.stopped']],
  [
    'adds all of a noun in the place of each',
    ['task.stopped', 'key.created'],
    'task.*',
    true,
    ['key.created', 'task.*'],
  ],
  ['takes a type away', ['task.stopped', 'key.created'], 'key.created', false, ['task.stopped']],
  ['takes all of a noun away and leaves others', ['task.*', 'key.created'], 'task.*', false, ['key.created']],
])('%s', (_, before, pattern, on, after) => {
  expect(toggled(before, pattern, on)).toEqual(after);
});
