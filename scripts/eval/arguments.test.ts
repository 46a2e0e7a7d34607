import { describe, expect, it } from 'vitest';
import { HELP, readArguments } from './arguments.ts';
import { TASKS } from './tasks.ts';

describe('the command line of the eval', () => {
  it('takes all tasks once where nothing is said', () => {
    expect(readArguments([])).toMatchObject({ tasks: TASKS, runs: 1, models: [], timeoutMs: 300_000, atOnce: 1 });
  });

  it('takes several models, and tasks by name and by kind, in the order of the list', () => {
    const given = readArguments([
      '--model',
      'small, large,small',
      '--only',
      'crm-renewal,refusal,date',
      '--runs',
      '5',
    ]);
    expect(given.models).toEqual(['small', 'large']);
    expect(given.tasks.map(({ name }) => name)).toEqual([
      'date',
      'crm-renewal',
      'may-not-revoke',
      'may-not-set-price',
      'may-not-remove-user',
    ]);
    expect(given.runs).toBe(5);
  });

  it.each([
    ['--only', 'nothing'],
    ['--runs', '0'],
    ['--runs', '1.5'],
    ['--timeout', '600001'],
    ['--at-once', '51'],
    ['--colour', 'red'],
  ])('refuses %s %s', (...args) => {
    expect(() => readArguments(args)).toThrow(expect.objectContaining({ code: 'usage' }));
  });

  it('names every option in its help', () => {
    for (const option of ['base-url', 'model', 'runs', 'only', 'timeout', 'at-once', 'out', 'against', 'list']) {
      expect(HELP).toContain(`--${option}`);
    }
  });
});

it('names no task twice, and none like a kind', () => {
  const names = TASKS.map(({ name }) => name);
  const kinds = TASKS.map(({ kind }) => kind.replaceAll(' ', '-'));
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => kinds.includes(name))).toEqual([]);
});
