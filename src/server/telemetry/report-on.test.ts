import { expect, it } from 'vitest';
import { timeRange } from './report-on.ts';

const now = new Date('2026-11-24T12:00:00.000Z');

it.each([
  [{}, '2026-10-25T12:00:00.000Z', now.toISOString()],
  [{ since: '24h' }, '2026-11-23T12:00:00.000Z', now.toISOString()],
  [{ since: '2026-11-01' }, '2026-11-01T00:00:00.000Z', now.toISOString()],
  [{ since: '2026-11-01', until: '2026-11-02' }, '2026-11-01T00:00:00.000Z', '2026-11-02T00:00:00.000Z'],
  [{ since: '2026-11-01T02:00:00+02:00' }, '2026-11-01T00:00:00.000Z', now.toISOString()],
  [{ until: '7d' }, '2026-10-18T12:00:00.000Z', '2026-11-17T12:00:00.000Z'],
  [{ month: '2026-11' }, '2026-11-01T00:00:00.000Z', '2026-12-01T00:00:00.000Z'],
  [{ month: '2026-12' }, '2026-12-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'],
  [{ month: '2028-02' }, '2028-02-01T00:00:00.000Z', '2028-03-01T00:00:00.000Z'],
])('%j', (asked, from, to) => {
  const range = timeRange(asked, now);
  expect([range.from.toISOString(), range.to.toISOString()]).toEqual([from, to]);
});

it.each([[{ month: '2026-11', until: '1d' }], [{ since: '1d', until: '1d' }], [{ since: '2026-11-25' }]])(
  '%j is no range',
  (asked) => {
    expect(() => timeRange(asked, now)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  },
);
