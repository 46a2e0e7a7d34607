// The measurement of many tasks at once, in its smallest form: real servers, runners and guests end every task once
// and right, and the table and the line of JSON come of it. What fails in it ends it with an error.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const FLEET = join(import.meta.dirname, '../../bench/fleet.ts');
const SIZE = { tasks: 24, running: 8, free: 2, watchers: 4, probes: 2, speaks: 2, holdMs: 200 };

test('a small fleet runs all of its tasks, each once, and is measured', { timeout: 120_000 }, async () => {
  const size = Object.entries(SIZE).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [FLEET, '--quick', ...size]);
  expect(stderr).toContain(`all ${SIZE.tasks} tasks ended right, each once`);
  expect(stdout).toMatch(/^tasks that ended wrong, twice or never +0 /m);
  const measured = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, number>;
  expect(Object.keys(measured)).toEqual(
    expect.arrayContaining(['claimsPerSecond', 'cpuMsPerTask', 'fanOutMsP99']),
  );
  expect(Object.values(measured).filter((value) => !(value >= 0))).toEqual([]);
});
