// Calls that are only counted: few rows, and every call in the reports.
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CallLog, type NewCall } from '../../src/server/ledger/call-log.ts';
import { sumErrors, sumRequests } from '../../src/server/telemetry/reports/reports.ts';
import { openTestStore, silent, type TestStore } from '../fixtures/store.ts';

let seed: TestStore;
beforeAll(async () => {
  seed = await openTestStore();
});
afterAll(() => seed?.close());

const START = Date.parse('2026-03-25T23:59:59.500Z');
const call = (more: Partial<NewCall> = {}): NewCall => ({
  id: randomUUID(),
  at: new Date(START),
  accountId: seed.account.id,
  keyId: seed.key.id,
  billedKeyId: seed.key.id,
  taskId: null,
  command: 'tasks get',
  effect: 'read',
  scope: 'tasks:read',
  status: 200,
  code: null,
  durationMs: 1,
  arguments: null,
  changes: null,
  times: 1,
  idempotencyKey: null,
  inputHash: null,
  ...more,
});
const rows = () => seed.rows('select command, times, created_at as at from calls order by created_at, command');
const written = async (calls: readonly NewCall[]) => {
  await seed.rows('delete from calls');
  await using log = new CallLog(seed.store, silent, (lost) => expect(lost).toBe(0));
  for (const one of calls) log.count(one);
};

test('calls of a second that are alike are one row, with the time of the last', async () => {
  const later = new Date(START + 400);
  await written([call(), call({ at: later }), call({ command: 'whoami' })]);
  expect(await rows()).toEqual([
    { command: 'whoami', times: null, at: new Date(START) },
    { command: 'tasks get', times: 2, at: later },
  ]);
});

test('a call in another second is a row of its own', async () => {
  await written([call(), call({ at: new Date(START + 500) })]);
  expect((await rows()).map(({ times }) => times)).toEqual([null, null]);
});

test('reports count every call, however few rows they became', async () => {
  const { key: other } = await seed.addKey();
  const made = fc.record({
    keyId: fc.constantFrom(seed.key.id, other.id),
    command: fc.constantFrom('tasks get', 'whoami'),
    status: fc.constantFrom(200, 403, 404),
    durationMs: fc.nat({ max: 2 }),
    at: fc.integer({ min: START, max: START + 1_500 }).map((ms) => new Date(ms)),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(made, { minLength: 1, maxLength: 60 }), async (some) => {
      await written(some.map((one) => call({ ...one, billedKeyId: one.keyId })));
      const range = { from: new Date(START), to: new Date(START + 2_000) };
      const wanted = { accountId: seed.account.id, range, limit: 100 };
      const sorted = some.map(({ durationMs }) => durationMs).sort((one, two) => one - two);
      const disc = (part: number) => sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)];
      const statuses = (status: number) => some.filter((one) => one.status === status).length;
      expect((await sumRequests(seed.store.db, 'key', wanted)).totals).toEqual({
        requests: some.length,
        refused: statuses(403),
        failed: statuses(404),
        medianMs: disc(0.5),
        p95Ms: disc(0.95),
      });
      const byDay = await sumRequests(seed.store.db, 'day', wanted);
      const day = (name: string) => some.filter(({ at }) => at.toISOString().startsWith(name)).length;
      expect(Object.fromEntries(byDay.items.map(({ group, requests }) => [group, requests]))).toEqual(
        Object.fromEntries(
          ['2026-03-25', '2026-03-26'].map((name) => [name, day(name)]).filter(([, count]) => count !== 0),
        ),
      );
      const errors = await sumErrors(seed.store.db, 'command', wanted);
      expect(errors.totals.errors).toBe(statuses(403) + statuses(404));
    }),
    { numRuns: 30 },
  );
});
