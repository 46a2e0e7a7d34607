// The driver's conformance suite on a double of E2B, in sandboxes that wake up from a snapshot of a whole machine.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { testDriver } from '../conformance/driver-suite.ts';
import { inE2b } from '../doubles/e2b/in-e2b.ts';

// Each program in a sandbox of the double is a process or five of this machine.
process.env['SEED_SANDBOX_PATIENCE'] ??= '3';
const there = await inE2b(await readFile(join(import.meta.dirname, '../fixtures/echo-guest.mjs')));
afterAll(() => there[Symbol.asyncDispose]());

await testDriver({
  choice: 'e2b',
  streamMegabytes: 30,
  parallel: 6,
  vitalPrograms: [],
  measuresMemory: false,
  countsWaiting: true,
  identity: [],
  enforces: [],
  lateMs: 4000,
  forgetsEnded: true,
  remote: there.remote,
});
