// Where a task is on its way, and how long each part took.
import { expect, it } from 'vitest';
import { timelineSteps } from './task.tsx';

const time = (ms: number) => new Date(Date.UTC(2026, 10, 24) + ms).toISOString();
const steps = (task: object, finishingAt: string | null = null, now = 10_000) =>
  timelineSteps(
    { createdAt: time(0), startedAt: null, queuedMs: null, startMs: null, completedAt: null, ...task },
    finishingAt,
    Date.parse(time(now)),
  ).map(({ ms, state }) => (ms === null ? state : `${state} ${ms}`));

it.each([
  ['waits', {}, null, ['current 10000', 'ahead', 'ahead', 'ahead']],
  ['starts', { startedAt: time(40), queuedMs: 40 }, null, ['done 40', 'current 9960', 'ahead', 'ahead']],
  [
    'works',
    { startedAt: time(40), queuedMs: 40, startMs: 60 },
    null,
    ['done 40', 'done 60', 'current 9900', 'ahead'],
  ],
  [
    'has ended',
    { startedAt: time(40), queuedMs: 40, startMs: 60, completedAt: time(900) },
    time(800),
    ['done 40', 'done 60', 'done 700', 'done 100'],
  ],
  [
    'was killed at work',
    { startedAt: time(40), queuedMs: 40, startMs: 60, completedAt: time(900) },
    null,
    ['done 40', 'done 60', 'done 800', 'never'],
  ],
  ['was stopped while it waited', { completedAt: time(500) }, null, ['done 500', 'never', 'never', 'never']],
] as const)('a task that %s', (_, task, finishingAt, expected) => {
  expect(steps(task, finishingAt)).toEqual(expected);
});
