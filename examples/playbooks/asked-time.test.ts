import { expect, it } from 'vitest';
import { askedDays, askedMonth } from './asked-time.ts';

it.each([
  ["which ones haven't been used in 30 days", 30],
  ['unused for 2 weeks', 14],
  ['a 3-month audit', 90],
  ['unused for 0 days', 1],
  ['unused for 9999 days', 3650],
  ['which are unused', null],
  ['30 keys', null],
])('%s: %j days', (instruction, days) => {
  expect(askedDays(instruction)).toBe(days);
});

it.each([
  ['a monthly usage report', 'present'],
  ['the report for 2026-11.', { month: '2026-11' }],
  ['the report for March 2025', { month: '2025-03' }],
  ['usage of last month', 'last'],
  ['in the previous month', 'last'],
  ['for 2026-13', 'present'],
])('%s: %j', (instruction, month) => {
  expect(askedMonth(instruction)).toEqual(month);
});
