// Events are written with what causes them: there if it is committed, and not there if it is not. And keys that
// will expire.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LIMITS } from '../../src/protocol/limits.ts';
import { revokeKey, rotateKey } from '../../src/server/access/key-changes.ts';
import { announceExpiringKeys } from '../../src/server/access/key-expiring.ts';
import { createKey } from '../../src/server/access/keys.ts';
import { settleTask, stopTask } from '../../src/server/tasks/end.ts';
import { endLapsedTasks } from '../../src/server/tasks/lapse.ts';
import { emitEvent } from '../../src/server/webhooks/events.ts';
import { NO_PRICES, openTestStore, randomHash, type TestStore, WATCHED } from '../fixtures/store.ts';

const DAY_MS = 86_400_000;

let seed: TestStore;
beforeEach(async () => {
  seed = await openTestStore();
});
afterEach(() => seed.close());

interface Written {
  type: string;
  data: Record<string, unknown>;
}

async function events(): Promise<Written[]> {
  const { rows } = await sql<Written>`select type, data from webhook_events order by created_at, type`.execute(
    seed.store.db,
  );
  return rows;
}
const types = async () => (await events()).map(({ type }) => type);

it('a change that is rolled back has no event', async () => {
  const { store, account, clock } = seed;
  const { db } = store;
  const key = {
    accountId: account.id,
    name: 'x',
    secretHash: randomHash(),
    prefix: 'sk_live_x',
    scopes: ['keys:read'],
    expiresAt: null,
  };
  const failing = db.transaction().execute(async (tx) => {
    await createKey(tx, key);
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect(await events()).toEqual([]);
  await db.transaction().execute((tx) => createKey(tx, key));
  expect(await types()).toEqual(['key.created']);
  const large = { accountId: account.id, type: 'a.b', data: { text: 'x'.repeat(LIMITS.webhookEventBytes) } };
  await expect(db.transaction().execute((tx) => emitEvent(tx, large, clock.now()))).rejects.toThrow(/larger than/);
});

it('a task has one event for its start and one for its end, whatever that is', async () => {
  const settlement = {
    outcome: 'completed' as const,
    stdout: 'x',
    stderr: null,
    exitCode: 0,
    error: null,
    usage: null,
  };
  const ways: [string, string, (id: string, leaseId: string) => Promise<unknown>][] = [
    [
      'task.completed',
      'completed',
      (id, leaseId) => settleTask(seed.store, id, { ...settlement, leaseId }, NO_PRICES),
    ],
    [
      'task.failed',
      'failed',
      (id, leaseId) =>
        settleTask(seed.store, id, { ...settlement, leaseId, outcome: 'failed', exitCode: 1 }, NO_PRICES),
    ],
    [
      'task.failed',
      'timed_out',
      (id, leaseId) => settleTask(seed.store, id, { ...settlement, leaseId, outcome: 'timed_out' }, NO_PRICES),
    ],
    ['task.stopped', 'stopped', (id) => stopTask(seed.store, seed.account.id, id)],
    [
      'task.failed',
      'failed',
      () => {
        seed.clock.advance(DAY_MS);
        return endLapsedTasks(seed.store, WATCHED);
      },
    ],
  ];
  for (const [type, status, end] of ways) {
    const { id } = await seed.post();
    const { leaseId } = await seed.lease();
    await end(id, leaseId);
    await end(id, leaseId);
    const own = (await events()).filter(({ data }) => data['taskId'] === id);
    expect(own.map((event) => event.type).sort(), status).toEqual([type, 'task.started'].sort());
    const ended = own.find((event) => event.type === type)?.data;
    expect(ended).toMatchObject({ taskId: id, keyId: seed.key.id });
    if (type === 'task.failed')
      expect(ended?.['error']).toEqual({ code: expect.any(String), message: expect.any(String) });
    else expect(ended?.['error']).toBeNull();
  }
  const timedOut = (await events()).find(({ data }) => data['status'] === 'timed_out');
  expect(timedOut?.data['error']).toMatchObject({ code: 'timed_out' });
});

it('keys that Seed mints for tasks come and go unannounced; what a task made is revoked aloud', async () => {
  await seed.post();
  const { leaseId, task } = await seed.lease();
  const { rows } = await sql<{ id: string }>`select id from keys where task_id = ${task.id}`.execute(
    seed.store.db,
  );
  const made = await seed.addKey({ callerKeyId: rows[0]?.id ?? '', name: 'made by the task' });
  const end = {
    leaseId,
    outcome: 'completed' as const,
    stdout: null,
    stderr: null,
    exitCode: 0,
    error: null,
    usage: null,
  };
  await settleTask(seed.store, task.id, end, NO_PRICES);
  const keys = (await events()).filter(({ type }) => type.startsWith('key.'));
  expect(keys).toEqual([
    { type: 'key.revoked', data: { keyId: made.key.id, name: 'made by the task', revokedBy: null } },
  ]);
});

it('a key is revoked once, also by many at once', async () => {
  const { key } = await seed.addKey();
  const { store } = seed;
  await Promise.all(
    Array.from({ length: 10 }, () =>
      revokeKey(store, { accountId: seed.account.id, id: key.id }, seed.key.id, seed.clock.now()),
    ),
  );
  await revokeKey(store, { accountId: seed.account.id, id: randomUUID() }, seed.key.id, seed.clock.now());
  expect(await types()).toEqual(['key.revoked']);
});

it('a key that will expire is announced a week ahead, once for each expiry', async () => {
  const inDays = (days: number) => new Date(seed.clock.now().getTime() + days * DAY_MS);
  const { key } = await seed.addKey({ name: 'quarterly', expiresAt: inDays(90) });
  await seed.addKey({ name: 'for ever' });
  await seed.addKey({ name: 'short', expiresAt: inDays(6) });
  await seed.addKey({ name: 'of a task', expiresAt: inDays(90), taskId: randomUUID() });
  const revoked = await seed.addKey({ name: 'revoked', expiresAt: inDays(90) });
  await revokeKey(seed.store, { accountId: seed.account.id, id: revoked.key.id }, null, seed.clock.now());
  const announced = async () =>
    (await events()).filter(({ type }) => type === 'key.expiring').map(({ data }) => data['name']);
  seed.clock.advance(83 * DAY_MS - 1);
  expect(await announceExpiringKeys(seed.store)).toBe(0);
  seed.clock.advance(1);
  const counts = await Promise.all([announceExpiringKeys(seed.store), announceExpiringKeys(seed.store)]);
  expect(counts.toSorted()).toEqual([0, 1]);
  expect(await announceExpiringKeys(seed.store)).toBe(0);
  expect(await announced()).toEqual(['quarterly']);
  const rotation = {
    secretHash: randomHash(),
    prefix: 'sk_live_x',
    expiresAt: inDays(90),
    previousUntil: inDays(1),
  };
  await rotateKey(seed.store, { accountId: seed.account.id, id: key.id }, rotation, seed.clock.now());
  expect(await announceExpiringKeys(seed.store)).toBe(0);
  seed.clock.advance(85 * DAY_MS);
  expect(await announceExpiringKeys(seed.store)).toBe(1);
  expect(await announced()).toEqual(['quarterly', 'quarterly']);
});
