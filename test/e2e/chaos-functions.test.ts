// The short form of `npm run chaos -- --fault 'function-*'`: the built function with real tasks, while its processes
// are killed in the middle of answers, and its Postgres behind them.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { causeChaos, FAULTS } from '../chaos/suite.ts';
import { problems, type Result } from '../chaos/verdict.ts';

const SHORT = ['function-kill', 'function-postgres-kill'];
const TASKS = 3;
const WITHIN_MS = 300_000;

const giveUp = new AbortController();
let results: Result[] = [];
beforeAll(async () => {
  const faults = FAULTS.filter(({ name }) => SHORT.includes(name));
  results = await causeChaos({ faults, tasks: TASKS, signal: giveUp.signal, say: () => undefined });
}, WITHIN_MS);
afterAll(() => giveUp.abort());

it.each(SHORT)('%s: nothing is lost, nothing comes twice, and no task ends by it', (name) => {
  const result = results.find(({ fault }) => fault.name === name);
  if (result === undefined || !('row' in result)) throw new Error(`it did not happen: ${JSON.stringify(result)}`);
  expect(problems(result.fault, result.row), result.row.remarks.join('\n')).toEqual([]);
});
