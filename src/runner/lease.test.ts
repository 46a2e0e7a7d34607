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
  const lived = { livedMs: 4_000.2, pausedMs: 0 };
  expect(billedUsage({ cpuSeconds, peakMemoryBytes: 10.4, problem }, lived, 2, log)).toEqual(billed);
  expect(lines.read() ?? '').toMatch(said);
});

test('time off the processor is told apart, and not billed', () => {
  const measured = { cpuSeconds: 1, peakMemoryBytes: 10, problem: null };
  const usage = billedUsage(measured, { livedMs: 10_000, pausedMs: 7_500.4 }, 2, pino({ level: 'silent' }));
  expect(usage).toEqual({ cpuSeconds: 1, peakMemoryBytes: 10, wallMs: 2_500, pausedMs: 7_500 });
});
