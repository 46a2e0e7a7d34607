// Wake-ups: none lost between looking and waiting, across servers, and after a broken connection.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore, type Store } from '../../src/db/store.ts';
import { notify } from '../../src/db/telling.ts';
import { stopTask } from '../../src/server/tasks/end.ts';
import { openTestStore, silent, type TestStore } from '../fixtures/store.ts';

const LONG_MS = 60_000;
let seed: TestStore;
let other: Store;

beforeAll(async () => {
  seed = await openTestStore();
  other = await openStore({ databaseUrl: seed.databaseUrl, log: silent });
});
afterAll(async () => {
  await other.close();
  await seed.close();
});

test('what is notified between subscribing and waiting wakes the waiter, once', async () => {
  using early = other.signals.subscribe('task:1');
  using witness = other.signals.subscribe('task:1');
  await notify(seed.store.db, 'task:1');
  await witness.next(LONG_MS);
  // The notification has arrived before this wait began.
  await early.next(LONG_MS);
  const startedAt = performance.now();
  await early.next(50);
  expect(performance.now() - startedAt).toBeGreaterThan(45);
});

test('only the topic that was notified wakes', async () => {
  using mine = other.signals.subscribe('task:a');
  using others = other.signals.subscribe('task:b');
  await notify(seed.store.db, 'task:a');
  await mine.next(LONG_MS);
  const outcome = await Promise.race([
    others.next(30).then(() => 'time-out'),
    mine.next(LONG_MS).then(() => 'woken'),
  ]);
  expect(outcome).toBe('time-out');
});

test('a transaction that rolls back wakes nobody', async () => {
  using waiting = other.signals.subscribe('queue');
  const failed = seed.store.db.transaction().execute(async (tx) => {
    await notify(tx, 'queue');
    throw new Error('rolled back');
  });
  await expect(failed).rejects.toThrow('rolled back');
  using after = other.signals.subscribe('task:after');
  await notify(seed.store.db, 'task:after');
  await after.next(LONG_MS);
  const startedAt = performance.now();
  await waiting.next(30);
  expect(performance.now() - startedAt).toBeGreaterThan(25);
});

test('posting wakes the queue, stopping wakes the runner', async () => {
  using queue = other.signals.subscribe('queue');
  const { id } = await seed.post();
  await queue.next(LONG_MS);
  const { runnerId } = await seed.lease();
  using runner = other.signals.subscribe(`runner:${runnerId}`);
  await stopTask(seed.store, seed.account.id, id);
  await runner.next(LONG_MS);
});

test('an aborted wait and a disposed subscription resolve at once', async () => {
  using waiting = other.signals.subscribe('task:2');
  const abort = new AbortController();
  const aborted = waiting.next(LONG_MS, abort.signal);
  abort.abort();
  await aborted;
  await waiting.next(LONG_MS, abort.signal);
  const disposed = other.signals.subscribe('task:2');
  const wait = disposed.next(LONG_MS);
  disposed[Symbol.dispose]();
  await wait;
});

test('after a broken connection every subscription wakes, and later notifications arrive', async () => {
  using one = other.signals.subscribe('task:one');
  using two = other.signals.subscribe('task:two');
  const { rows } = await seed.store.db.executeQuery({
    sql: `select pg_terminate_backend(pid) from pg_stat_activity where (query = 'listen seed' or query like 'select pg_notify(%') and datname = current_database()`,
    parameters: [],
    query: { kind: 'RawNode', sqlFragments: [], parameters: [] },
    queryId: { queryId: 'terminate' },
  });
  expect(rows).toHaveLength(2);
  await Promise.all([one.next(LONG_MS), two.next(LONG_MS)]);
  await notify(seed.store.db, 'task:one');
  await one.next(LONG_MS);
});
