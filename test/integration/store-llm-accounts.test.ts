// Requests to an LLM upstream, counted by all servers together: never more than the account's limits, and told
// when again.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore } from '../../src/db/store.ts';
import { countRequest } from '../../src/server/models/account-limits.ts';
import { openTestStore, silent, type TestStore } from '../fixtures/store.ts';

let seed: TestStore;
beforeAll(async () => {
  seed = await openTestStore();
});
afterAll(() => seed.close());

test('in any sixty seconds there are at most so many', async () => {
  const limits = { perMinute: 3, perDay: null };
  const count = () => countRequest(seed.store, 'minute', limits);
  expect(await count()).toBeNull();
  seed.clock.advance(50_000);
  expect([await count(), await count()]).toEqual([null, null]);
  expect(await count()).toEqual({ span: 'minute', waitMs: 10_000 });
  seed.clock.advance(9_999);
  expect(await count()).toEqual({ span: 'minute', waitMs: 1 });
  seed.clock.advance(1);
  expect(await count()).toBeNull();
  // The two of second 50 still count: no burst at the turn of a minute.
  expect(await count()).toEqual({ span: 'minute', waitMs: 50_000 });
});

test('a day ends at midnight UTC', async () => {
  const now = seed.clock.now().getTime();
  const midnight = Math.ceil(now / 86_400_000) * 86_400_000;
  const limits = { perMinute: null, perDay: 2 };
  const count = () => countRequest(seed.store, 'day', limits);
  expect([await count(), await count()]).toEqual([null, null]);
  expect(await count()).toEqual({ span: 'day', waitMs: midnight - now });
  seed.clock.advance(midnight - now);
  expect(await count()).toBeNull();
});

test('two servers that ask at the same time do not pass the limit together', async () => {
  const other = await openStore({ databaseUrl: seed.databaseUrl, log: silent, clock: seed.clock });
  try {
    const limits = { perMinute: 7, perDay: 50 };
    const servers = Array.from({ length: 40 }, (_, index) => (index % 2 ? other : seed.store));
    const counted = await Promise.all(servers.map((server) => countRequest(server, 'shared', limits)));
    expect(counted.filter((noRoom) => noRoom === null)).toHaveLength(7);
  } finally {
    await other.close();
  }
});

test('a server whose clock is behind at midnight gets no second day', async () => {
  const limits = { perMinute: null, perDay: 1 };
  const behind = seed.clock.now();
  const midnight = Math.ceil((behind.getTime() + 1) / 86_400_000) * 86_400_000;
  const ahead = { db: seed.store.db, clock: { now: () => new Date(midnight) } };
  expect(await countRequest(ahead, 'clocks', limits)).toBeNull();
  expect(await countRequest(seed.store, 'clocks', limits)).toMatchObject({ span: 'day' });
  expect(await countRequest(ahead, 'clocks', limits)).toMatchObject({ span: 'day', waitMs: 86_400_000 });
});
