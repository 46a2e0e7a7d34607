import { PassThrough } from 'node:stream';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { billedUsage } from './lease.ts';

test.each([
  ['what was measured is billed', 1.5, null, { cpuSeconds: 1.5, peakMemoryBytes: 10, wallMs: 4_000 }, /^$/],
  [
    'what could not be is billed as all its processors for all its time, and the log says so',
    1.5,
    'EMFILE: too many open files',
    { cpuSeconds: 8, peakMemoryBytes: 10, wallMs: 4_000, estimated: true },
    /EMFILE.*could not be measured/,
  ],
  [
    'and never less than was seen',
    9,
    'EMFILE',
    { cpuSeconds: 9, peakMemoryBytes: 10, wallMs: 4_000, estimated: true },
    /EMFILE/,
  ],
])('%s', (_, cpuSeconds, problem, billed, said) => {
  const lines = new PassThrough({ encoding: 'utf8' });
  const log = pino({}, lines);
  expect(billedUsage({ cpuSeconds, peakMemoryBytes: 10.4, problem }, 4_000, 2, log)).toEqual(billed);
  expect(lines.read() ?? '').toMatch(said);
});
