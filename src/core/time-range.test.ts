import { expect, test } from 'vitest';
import { timeRange } from './time-range.ts';

const now = new Date('2026-11-24T12:00:00Z');
const iso = (from: string, to: string) => ({ from: new Date(from), to: new Date(to) });

test.each([
  [{}, iso('2026-10-25T12:00:00Z', '2026-11-24T12:00:00Z')],
  [{ since: '7d' }, iso('2026-11-17T12:00:00Z', '2026-11-24T12:00:00Z')],
  [{ since: '2026-11-01T00:00:00+02:00', until: '1d' }, iso('2026-10-31T22:00:00Z', '2026-11-23T12:00:00Z')],
  [{ month: '2026-11' }, iso('2026-11-01T00:00:00Z', '2026-12-01T00:00:00Z')],
  [{ month: '2026-12' }, iso('2026-12-01T00:00:00Z', '2027-01-01T00:00:00Z')],
  [{ month: '2028-02' }, iso('2028-02-01T00:00:00Z', '2028-03-01T00:00:00Z')],
])('%j', (asked, range) => {
  expect(timeRange(asked, now)).toEqual(range);
});

test('a month beside other bounds, and a range without a beginning, are refused', () => {
  expect(() => timeRange({ month: '2026-11', since: '7d' }, now)).toThrow('leave out since');
  expect(() => timeRange({ since: '1d', until: '2d' }, now)).toThrow('not before until');
});
