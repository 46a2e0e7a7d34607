import { expect, it } from 'vitest';
import { daysBetween, lastWeek, spanInput, spanSearch } from './spans.ts';

const NOW = Date.parse('2026-11-30T23:59:59.999Z');

it.each([
  [{}, {}],
  [{ span: '7d' }, { since: '7d' }],
  [{ span: 'month' }, { month: '2026-11' }],
  [
    { span: 'own', from: '2026-11-01', to: '2026-11-30' },
    { since: '2026-11-01', until: '2026-12-01' },
  ],
  [{ span: 'own', from: '2026-11-01' }, { since: '2026-11-01' }],
])('%j asks for %j', (search, input) => {
  expect(spanInput(search, NOW)).toEqual(input);
});

it('begins with the week up to today', () => {
  expect(lastWeek(NOW)).toEqual({ span: 'own', from: '2026-11-24', to: '2026-11-30' });
});

it.each([
  [{ span: '7d', from: '2026-11-01' }, { span: '7d' }],
  [{ span: '8d' }, {}],
  [{ span: 7 }, {}],
  [
    { span: 'own', from: '2026-02-31x', to: '2026-99-01' },
    { span: 'own', from: undefined, to: undefined },
  ],
])('of the address %j remains %j', (address, search) => {
  expect(spanSearch(address, ['7d', '30d'])).toEqual(search);
});

it.each([
  ['2026-11-29T12:00:00Z', '2026-12-01T00:00:00Z', ['2026-11-29', '2026-11-30']],
  ['2026-11-29T12:00:00Z', '2026-12-01T00:00:00.001Z', ['2026-11-29', '2026-11-30', '2026-12-01']],
  ['2026-11-29T12:00:00Z', '2026-11-29T13:00:00Z', ['2026-11-29']],
])('the days from %s to %s', (from, to, days) => {
  expect(daysBetween(from, to)).toEqual(days);
});
