import { expect, test } from 'vitest';
import { waitedMs, waitMs } from './wait.ts';

const at = (ms: number) => new Date(ms);
const span = (from: number, to: number | null) => ({ from: at(from), to: to === null ? null : at(to) });

test('time in which several wait counts once', () => {
  expect(waitedMs([], at(99))).toBe(0);
  expect(waitedMs([span(0, 10), span(5, 12), span(20, 21)], at(99))).toBe(13);
  expect(waitedMs([span(5, 6), span(0, 10)], at(99))).toBe(10);
});

test('what still waits counts up to now', () => {
  expect(waitedMs([span(0, null), span(3, 4)], at(7))).toBe(7);
});

test('the least of what a task and its keys say', () => {
  const approval = { wait: 5_000, onExpiry: 'continue', budget: 'deny', selfApprove: false } as const;
  expect(waitMs([{ approval: null }])).toBe(600_000);
  expect(waitMs([{ approval: { ...approval, wait: 7_200_000 } }, { approval: null }])).toBe(7_200_000);
  expect(waitMs([{ approval: { ...approval, wait: 7_200_000 } }, { approval }])).toBe(5_000);
});
