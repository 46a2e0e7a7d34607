// The driver's conformance suite by the real SDK against the double of Vercel.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { testDriver } from '../conformance/driver-suite.ts';
import { readyDouble } from '../fixtures/vercel-double.ts';

const double = await readyDouble(await readFile(join(import.meta.dirname, '../fixtures/echo-guest.mjs')));
afterAll(() => double[Symbol.asyncDispose]());

await testDriver({
  choice: 'vercel',
  streamMegabytes: 30,
  parallel: 4,
  vitalPrograms: [],
  // What a machine of its own holds, its system included.
  measuresMemory: false,
  // gVisor's own clock, of the double's machines; Vercel's bill at the end is of the host's.
  countsWaiting: true,
  identity: [],
  // Memory and processors are the machine's, as large as was asked for.
  enforces: [],
  lateMs: 5000,
  remote: double.remote,
});

test('none of all was persistent, and none was started again', () => {
  expect(double.sessions.bills).toMatchObject({ resumed: 0, storedBytes: 0 });
});
