import { expect, it } from 'vitest';
import { fillDays, mergeReports, mergeTotals } from './reports.ts';

const REQUESTS = {
  items: [{ group: 'b', name: 'bee', requests: 3 }],
  totals: { requests: 3 },
  cut: 0,
};
const COSTS = {
  items: [
    { group: 'a', name: 'ant', total: 2, llm: 2 },
    { group: 'b', name: 'bee', total: 1, llm: 1 },
  ],
  totals: { total: 3, llm: 3 },
  cut: 0,
};
const NAMES = ['requests', 'total', 'llm'];

it('has every group once, with nothing where a report has none', () => {
  expect(mergeReports([COSTS, REQUESTS], NAMES)).toEqual([
    { group: 'a', name: 'ant', requests: 0, total: 2, llm: 2 },
    { group: 'b', name: 'bee', requests: 3, total: 1, llm: 1 },
  ]);
  expect(mergeTotals([COSTS, REQUESTS])).toEqual({ total: 3, llm: 3, requests: 3 });
});

it('has every day, in order', () => {
  const rows = [{ group: '2026-11-24', requests: 2 }];
  expect(fillDays(['2026-11-23', '2026-11-24'], rows, ['requests'])).toEqual([
    { group: '2026-11-23', requests: 0 },
    { group: '2026-11-24', requests: 2 },
  ]);
});
