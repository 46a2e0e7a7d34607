// What limits have counted goes when nothing asks for it any more, and not before.
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { pruneCounts } from '../../src/server/grants/prune.ts';
import { openTestStore } from '../fixtures/store.ts';

it('is removed once its day, month or task is over', async () => {
  const { store, close } = await openTestStore();
  const daysAgo = (days: number) => new Date(store.clock.now().getTime() - days * 86_400_000);
  const holder_id = randomUUID();
  const counted = [
    ['key', 500],
    ['day:2026-01-01', 3],
    ['day:2026-01-04', 1],
    ['month:2026-01', 39],
    ['month:2025-12', 41],
    [`task:${randomUUID()}`, 3],
    [`task:${holder_id}`, 1],
  ] as const;
  const rows = counted.map(([span, days]) => ({
    holder_id,
    counter: 'calls',
    span,
    amount: '1',
    updated_at: daysAgo(days),
  }));
  await store.db.insertInto('grant_counts').values(rows).execute();
  const reserved = { holder_id, counter: 'calls', span: 'key', amount: '1' };
  await store.db
    .insertInto('grant_reservations')
    .values([2, 0].map((days) => ({ ...reserved, call_id: randomUUID(), created_at: daysAgo(days) })))
    .execute();
  await pruneCounts(store);
  const kept = await store.db.selectFrom('grant_counts').select('span').orderBy('span').execute();
  expect(kept.map(({ span }) => span)).toEqual(
    ['day:2026-01-04', 'key', 'month:2026-01', `task:${holder_id}`].sort(),
  );
  expect(await store.db.selectFrom('grant_reservations').select('call_id').execute()).toHaveLength(1);
  await close();
});
