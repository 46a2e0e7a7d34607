import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mistakesOf, reportOf } from './report.ts';
import { type Conditions, openResults, type Results, type Run, readResults, saveResults } from './results.ts';
import { missingRuns } from './run-all.ts';
import { chooseTasks } from './tasks.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seed-eval-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const CONDITIONS: Conditions = {
  at: '2026-01-01T00:00:00.000Z',
  upstream: 'http://127.0.0.1:8080/v1',
  timeoutMs: 60_000,
  machine: '2 × made up, 8 GiB',
  settings: {},
  modelsFile: null,
};

function run(task: string, number: number, problems: string[], more: Partial<Run> = {}): Run {
  return {
    task,
    kind: 'one command',
    model: 'small',
    number,
    problems,
    taskId: 'id',
    status: 'completed',
    error: null,
    calls: 2,
    inputTokens: 1_000,
    outputTokens: 40,
    firstRequestTokens: 500,
    costUsd: 0.002,
    costSource: 'prices',
    durationMs: 12_000,
    answer: null,
    transcript: [],
    ...more,
  };
}

const results = (...runs: Run[]): Results => ({ version: 1, conditions: [CONDITIONS], runs });
const ORDER = ['date', 'write-file'];

describe('the file of results', () => {
  it('goes on with what it holds: only the runs that are missing are made', async () => {
    const file = join(folder, 'on.json');
    await saveResults(file, results(run('date', 1, []), run('date', 2, ['wrong']), run('write-file', 3, [])));
    const opened = await openResults(file, { ...CONDITIONS, at: '2026-01-02T00:00:00.000Z' });
    expect(opened.conditions).toHaveLength(2);
    const plan = { tasks: chooseTasks(['date', 'write-file']), models: ['small', 'large'], runs: 3 };
    const missing = missingRuns(opened, plan).map(({ task, model, number }) => `${task.name} ${model} ${number}`);
    expect(missing).toEqual([
      'date small 3',
      ...['date large 1', 'date large 2', 'date large 3'],
      ...['write-file small 1', 'write-file small 2'],
      ...['write-file large 1', 'write-file large 2', 'write-file large 3'],
    ]);
  });

  it.each([
    { upstream: 'http://other/v1' },
    { timeoutMs: 1_000 },
    { settings: { SEED_LLM_MODEL: 'x' } },
    { modelsFile: '{}' },
  ])('refuses to mix in what was measured with %j', async (other) => {
    const file = join(folder, 'other.json');
    await saveResults(file, results());
    await expect(openResults(file, { ...CONDITIONS, ...other })).rejects.toMatchObject({ code: 'usage' });
  });

  it.each(['{}', 'no JSON', '{"version": 2}'])('refuses a file that holds %s', async (text) => {
    const file = join(folder, 'odd.json');
    await writeFile(file, text);
    await expect(readResults(file)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(file),
    });
  });

  it('says that there is no such file', async () => {
    await expect(readResults(join(folder, 'none.json'))).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('the report', () => {
  const now = results(
    run('write-file', 1, []),
    run('date', 1, [], { firstRequestTokens: null, costUsd: 0, costSource: 'unknown' }),
    run('date', 2, ['the answer does not say it'], { calls: 5, durationMs: 20_000 }),
  );

  it('has a line for each task, kind and all, in the order of the tasks', () => {
    expect(reportOf(now, ORDER)).toEqual([
      {
        model: 'small',
        rows: [
          ['task', 'right', 'calls', 'input', 'output', 'first', 'cost', 'seconds'],
          ['date', '1/2', '3.5', '1000', '40', '500', '0.0010?', '16.0'],
          ['write-file', '1/1', '2.0', '1000', '40', '500', '0.0020', '12.0'],
          ['= one command', '2/3', '3.0', '1000', '40', '500', '0.0013?', '14.7'],
          ['= all', '2/3', '3.0', '1000', '40', '500', '0.0013?', '14.7'],
        ],
      },
    ]);
  });

  it('stands beside what was measured before, of the same tasks, also of a model with another name', () => {
    const before = results(
      run('date', 1, ['wrong'], { model: 'old', firstRequestTokens: 1_200 }),
      run('count-users', 1, [], { model: 'old' }),
    );
    const [table] = reportOf(now, ORDER, before);
    expect(table?.rows[1]?.slice(0, 2)).toEqual(['date', '0/1 → 1/2']);
    expect(table?.rows[1]?.[5]).toBe('1200 → 500');
    expect(table?.rows[2]?.[1]).toBe('1/1');
    expect(table?.rows.at(-1)?.[1]).toBe('0/1 → 2/3');
  });

  it('counts what was wrong', () => {
    const wrong = results(run('date', 1, ['a', 'b']), run('date', 2, ['b']));
    expect(mistakesOf(wrong)).toEqual(['2 × date (small): b', '1 × date (small): a']);
  });
});
