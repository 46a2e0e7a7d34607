// The short form of `npm run chaos`: the faults that are done in seconds and tell most, on two Seeds side by side.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { causeChaos, FAULTS } from '../chaos/suite.ts';
import { problems, type Result } from '../chaos/verdict.ts';

const HALVES = [
  ['server-kill', 'server-term', 'backend-term'],
  ['runner-kill', 'runner-term', 'all-pause-5'],
];
const SHORT = HALVES.flat();
const TASKS = 3;
const WITHIN_MS = 300_000;

const giveUp = new AbortController();
let results: Result[] = [];
beforeAll(async () => {
  const done = await Promise.all(
    HALVES.map((half) => {
      const faults = FAULTS.filter(({ name }) => half.includes(name));
      return causeChaos({ faults, tasks: TASKS, signal: giveUp.signal, say: () => undefined });
    }),
  );
  results = done.flat();
}, WITHIN_MS);
afterAll(() => giveUp.abort());

it.each(SHORT)('%s: nothing is lost, nothing comes twice, and only what may ends', (name) => {
  const result = results.find(({ fault }) => fault.name === name);
  if (result === undefined || !('row' in result)) throw new Error(`it did not happen: ${JSON.stringify(result)}`);
  expect(problems(result.fault, result.row), result.row.remarks.join('\n')).toEqual([]);
});

const CLEAN = {
  tasks: 4,
  accepted: 4,
  terminal: 4,
  ended: {},
  twice: 0,
  orphans: 0,
  liveKeys: 0,
  unrecorded: 0,
  stepsLost: 0,
  held: 0,
  webhooksMissing: 0,
  remarks: [],
  seconds: 1,
};

it.each([
  ['a post that was lost', { accepted: 3, terminal: 3 }],
  ['a key that made two tasks', { accepted: 5, terminal: 5 }],
  ['a task without an end', { terminal: 3 }],
  ['an end for a reason that is not documented', { ended: { interrupted: 1, agent_failed: 1 } }],
  ['a step that came twice', { twice: 1 }],
  ['a sandbox that is left', { orphans: 1 }],
  ['a task key that still works', { liveKeys: 1 }],
  ['an effect without a ledger row', { unrecorded: 1 }],
  ['a webhook that never came', { webhooksMissing: 1 }],
  ['a step that was lost', { stepsLost: 1 }],
  ['a call that still holds something', { held: 1 }],
])('the verdict sees %s', (_what, figures) => {
  const mayEnd = ['interrupted'] as const;
  expect(problems({ mayEnd }, { ...CLEAN, ended: { interrupted: 2 } })).toEqual([]);
  expect(problems({ mayEnd }, { ...CLEAN, ...figures })).toHaveLength(1);
});
