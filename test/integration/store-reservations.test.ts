// Reservations and limits on spending in the store, with a clock that the test moves: days, months, killed
// servers.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Prices } from '../../src/lib/money.ts';
import type { SomeKeyLimits } from '../../src/protocol/key-limits.ts';
import { revokeKey, updateKey } from '../../src/server/access/key-changes.ts';
import { lineageOf } from '../../src/server/access/presented-key.ts';
import { refuseSpent } from '../../src/server/spending/bounds.ts';
import type { Estimate } from '../../src/server/spending/budget.ts';
import { chargeLapsedCalls, recordModelCall } from '../../src/server/spending/model-calls.ts';
import { type PlannedCall, renewReservations, tryReserve } from '../../src/server/spending/reservations.ts';
import { lockAncestors } from '../../src/server/spending/sums.ts';
import { recordUsage, stopTask } from '../../src/server/tasks/end.ts';
import { appendAgentEvents } from '../../src/server/tasks/events.ts';
import { renewLeases, tasksToStop } from '../../src/server/tasks/hold.ts';
import { endLapsedTasks } from '../../src/server/tasks/lapse.ts';
import { modelCall } from '../fixtures/model-call.ts';
import { openTestStore, type TestStore, WATCHED } from '../fixtures/store.ts';
import { expectSumsToAgree } from '../fixtures/sums.ts';

let seed: TestStore;
beforeAll(async () => {
  seed = await openTestStore();
});
afterAll(() => seed?.close());

const running: string[] = [];
afterEach(async () => {
  for (const id of running.splice(0)) await stopTask(seed.store, seed.account.id, id);
});

async function start(task: Parameters<TestStore['post']>[0] = {}) {
  const { id } = await seed.post(task);
  running.push(id);
  return { ...(await seed.lease()), id };
}
const UNKNOWN: Estimate = { tokens: null, nanoUsd: null, calls: 1 };
const prices: Prices = { models: { m: { input: 1, output: 1 } }, compute: { vcpuSecond: 1, gbSecond: 0 } };
const budget = (more: object) => ({ tokens: null, usd: null, calls: null, ...more });
const reserve = (id: string, atMost = UNKNOWN, more: Partial<PlannedCall> = {}) =>
  tryReserve(seed.store, id, { model: 'm', inputTokens: 100, priced: true, atMost, ...more }, async () => null);
const kindOf = async (id: string) => (await reserve(id)).kind;
async function reserved(id: string, atMost?: Estimate): Promise<string> {
  const outcome = await reserve(id, atMost);
  if (outcome.kind !== 'go') throw new Error(`not reserved: ${outcome.kind}`);
  return outcome.reservation;
}
const record = (id: string, more = {}, reservation: string | null = null) =>
  recordModelCall(seed.store, id, modelCall(more), reservation);
/** As when all servers are killed. */
const chargeAll = () => {
  seed.clock.advance(30_000);
  return chargeLapsedCalls(seed.store, prices);
};
const taskOf = (id: string) => seed.findTask(seed.account.id, id);
const at = (time: string) => seed.clock.advance(Date.parse(time) - seed.clock.now().getTime());

describe('a reservation', () => {
  it('takes no lock where nothing bounds the call', async () => {
    const { id } = await start();
    await seed.store.db.transaction().execute(async (tx) => {
      await lockAncestors(tx, id);
      await reserved(id);
    });
    await chargeAll();
  });

  it('goes with the record of its call', async () => {
    const { id } = await start({ budget: budget({ calls: 2 }) });
    const first = await reserved(id);
    const second = await reserved(id);
    expect(await kindOf(id)).toBe('wait');
    await record(id, {}, first);
    expect(await kindOf(id)).toBe('wait');
    await record(id, {}, second);
    expect(await reserve(id)).toEqual({
      kind: 'refused',
      why: 'this task is out of budget: 2 of 2 calls of this task are used',
    });
    expect(await seed.store.db.selectFrom('reservations').select('id').execute()).toEqual([]);
  });

  it('lasts as long as its server renews it, and is charged when that was killed', async () => {
    const { id, runnerId } = await start({ budget: budget({ calls: 1 }), timeoutMs: 600_000 });
    const held = await reserved(id);
    for (let time = 0; time < 6; time += 1) {
      seed.clock.advance(10_000);
      await renewLeases(seed.store, { runnerId, taskIds: [id] });
      await renewReservations(seed.store, [{ id: held, outputTokens: time }]);
      await chargeLapsedCalls(seed.store, prices);
      expect(await kindOf(id)).toBe('wait');
    }
    seed.clock.advance(30_000);
    // It bounds other calls until it has become a charge.
    expect(await kindOf(id)).toBe('wait');
    await Promise.all([chargeLapsedCalls(seed.store, prices), chargeLapsedCalls(seed.store, prices)]);
    expect(await reserve(id)).toMatchObject({
      kind: 'refused',
      why: expect.stringContaining('1 of 1 calls'),
    });
    expect(await taskOf(id)).toMatchObject({
      used: { calls: 1, tokens: 105 },
      inputTokens: 100,
      outputTokens: 5,
      cost: { llm: 0.000105 },
      costSource: 'estimated',
    });
    expect(await seed.store.db.selectFrom('reservations').select('id').execute()).toEqual([]);
  });

  it('that was charged too early, its server having stood still, is corrected', async () => {
    const { id } = await start({ timeoutMs: 600_000 });
    const held = await reserved(id);
    await chargeAll();
    await record(id, { inputTokens: 90, outputTokens: 400, costNanoUsd: 7_000 }, held);
    await record(id, { inputTokens: 90, outputTokens: 400, costNanoUsd: 7_000 }, held);
    expect(await taskOf(id)).toMatchObject({
      used: { calls: 1, tokens: 490, usd: 0.000007 },
      inputTokens: 90,
      outputTokens: 400,
    });
    await expectSumsToAgree(seed.databaseUrl);
  });

  it('of a task that is gone, or of a server from before there were charges, goes without one', async () => {
    const { id } = await start();
    await reserved(id);
    await seed.store.db.updateTable('reservations').set({ task_id: null, asked_model: null }).execute();
    await chargeAll();
    expect(await seed.store.db.selectFrom('reservations').select('id').execute()).toEqual([]);
    expect((await taskOf(id))?.used.calls).toBe(0);
  });

  it('is not given where money is limited and nobody knows what the model costs', async () => {
    const { id } = await start({ budget: budget({ usd: 1 }) });
    expect(await reserve(id, UNKNOWN, { priced: false })).toMatchObject({
      kind: 'unpriced',
      bound: { says: '0 of 1 US dollars of this task are used' },
    });
    const other = await start({ budget: budget({ tokens: 1 }) });
    expect((await reserve(other.id, UNKNOWN, { priced: false })).kind).toBe('go');
  });

  it('is not given to a task that has ended, nor to one whose key was revoked meanwhile', async () => {
    const { key } = await seed.addKey();
    const first = await start({ budget: budget({ calls: 1 }), keyId: key.id });
    await revokeKey(seed.store, { accountId: seed.account.id, id: key.id }, null, seed.clock.now());
    expect(await kindOf(first.id)).toBe('ended');
    const second = await start({ budget: budget({ calls: 1 }) });
    await stopTask(seed.store, seed.account.id, second.id);
    expect(await kindOf(second.id)).toBe('ended');
  });
});

describe('a task that was refused the model', () => {
  it('has two seconds to hand over what it has, then it ends and its runner has to kill it', async () => {
    const { id, leaseId, runnerId } = await start({ budget: budget({ calls: 1 }) });
    await record(id);
    expect(await kindOf(id)).toBe('refused');
    seed.clock.advance(1_000);
    // A second refusal gives no more time.
    expect(await kindOf(id)).toBe('refused');
    const events = [{ type: 'text' as const, text: 'half an answer' }];
    await appendAgentEvents(seed.store, { taskId: id, leaseId, batch: 1, events });
    seed.clock.advance(1_000);
    expect(await endLapsedTasks(seed.store, WATCHED)).toEqual([]);
    expect(await tasksToStop(seed.store, runnerId, [id])).toEqual([]);
    seed.clock.advance(1);
    expect(await endLapsedTasks(seed.store, WATCHED)).toEqual([id]);
    expect(await tasksToStop(seed.store, runnerId, [id])).toEqual([id]);
    expect(await seed.findTask(seed.account.id, id)).toMatchObject({
      status: 'failed',
      error: { code: 'budget_exceeded', message: expect.stringContaining('out of budget') },
      stdout: 'half an answer',
    });
  });
});

describe('limits of a key', () => {
  async function limitedKey(limits: SomeKeyLimits) {
    const { key } = await seed.addKey(limits);
    const refusal = () =>
      seed.store.db.transaction().execute(async (tx) => {
        const now = seed.clock.now();
        const [own, ...rest] = await lineageOf(tx, key.id, now);
        if (!own) throw new Error('no such key');
        return refuseSpent(tx, [own, ...rest], now).then(
          () => null,
          (error) => ({ code: error.code, after: error.retryAfterSeconds }),
        );
      });
    return { id: key.id, refusal };
  }

  it('of a day begin anew with the UTC day; what a call takes counts for the day in which it ends', async () => {
    at('2026-02-10T23:59:59.000Z');
    const key = await limitedKey({ spendPerDay: 0.000002 });
    const { id } = await start({ keyId: key.id, timeoutMs: 600_000 });
    const yesterday = await reserved(id);
    await record(id, { costNanoUsd: 2_000 });
    expect(await kindOf(id)).toBe('refused');
    expect(await key.refusal()).toEqual({ code: 'spend_limit_reached', after: 1 });

    seed.clock.advance(1_000);
    expect(await key.refusal()).toBeNull();
    const next = await start({ keyId: key.id });
    // The call from before midnight has not ended, and nobody knows what it takes.
    expect(await kindOf(next.id)).toBe('wait');
    await record(id, { costNanoUsd: 2_500 }, yesterday);
    expect(await kindOf(next.id)).toBe('refused');
    expect(await key.refusal()).toEqual({ code: 'spend_limit_reached', after: 86_400 });
  });

  it('of a month begin anew with the month, those of tokens with the day', async () => {
    at('2026-03-01T00:00:00.000Z');
    const key = await limitedKey({ spendPerMonth: 0.00001, spendPerDay: 0.000008, tokensPerDay: 100 });
    const spend = async (time: string, costNanoUsd: number, inputTokens = 0) => {
      at(time);
      const { id } = await start({ keyId: key.id });
      await record(id, { costNanoUsd, inputTokens, outputTokens: 0 });
    };
    await spend('2026-03-01T00:00:00.000Z', 4_000);
    expect(await key.refusal()).toBeNull();
    await spend('2026-03-31T12:00:00.000Z', 5_999);
    expect(await key.refusal()).toBeNull();
    await spend('2026-03-31T23:59:59.999Z', 1);
    expect(await key.refusal()).toEqual({ code: 'spend_limit_reached', after: 1 });
    at('2026-04-01T00:00:00.000Z');
    expect(await key.refusal()).toBeNull();
    await spend('2026-04-01T06:00:00.000Z', 0, 100);
    expect(await key.refusal()).toEqual({ code: 'spend_limit_reached', after: 18 * 3600 });
    at('2026-04-02T00:00:00.000Z');
    expect(await key.refusal()).toBeNull();
  });

  it('count what was spent before they were set, and sandboxes', async () => {
    at('2026-05-05T10:00:00.000Z');
    const key = await limitedKey({});
    const { id, leaseId } = await start({ keyId: key.id });
    await record(id, { costNanoUsd: 1_000_000_000 });
    const usage = { cpuSeconds: 1, peakMemoryBytes: 1, wallMs: 1_000 };
    await recordUsage(seed.store, { taskId: id, leaseId, usage }, prices);
    await record(id, { costNanoUsd: 0 }, await reserved(id));
    const limit = (usd: number) =>
      updateKey(seed.store, { accountId: seed.account.id, id: key.id }, { spendPerDay: usd }, seed.clock.now());
    await limit(2.5);
    await reserved(id);
    await limit(2);
    expect(await key.refusal()).toMatchObject({ code: 'spend_limit_reached' });
    expect(await kindOf(id)).toBe('refused');
  });

  it('bound the tasks of one key together: what is not covered is called one at a time', async () => {
    at('2026-06-06T10:00:00.000Z');
    const key = await limitedKey({ tokensPerDay: 1_000 });
    const one = await start({ keyId: key.id });
    const two = await start({ keyId: key.id });
    const call = (tokens: number | null) => ({ tokens, nanoUsd: null, calls: 1 });
    const first = await reserved(one.id, call(null));
    await reserved(two.id, call(600));
    await reserved(one.id, call(400));
    expect((await reserve(two.id, call(1))).kind).toBe('wait');
    await record(one.id, { inputTokens: 1, outputTokens: 0 }, first);
    expect((await reserve(two.id, call(1))).kind).toBe('wait');
    const rows = await seed.store.db.selectFrom('spend').select('tokens').where('key_id', '=', key.id).execute();
    expect(rows.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(1);
  });

  it('and all sums agree with the rows behind them', () => expectSumsToAgree(seed.databaseUrl));
});
