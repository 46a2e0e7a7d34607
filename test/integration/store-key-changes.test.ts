// Rotation, use and search of keys in the store, on a clock that the test moves.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLog } from '../../src/lib/log.ts';
import { setAdminKey } from '../../src/server/access/accounts.ts';
import { rotateKey, updateKey } from '../../src/server/access/key-changes.ts';
import { KeyUse, saveKeyUses } from '../../src/server/access/key-use.ts';
import { getKey, listKeys } from '../../src/server/access/keys.ts';
import { findPresentedKey } from '../../src/server/access/presented-key.ts';
import { openTestStore, randomHash, type TestStore } from '../fixtures/store.ts';

const DAY_MS = 86_400_000;
let seed: TestStore;
beforeAll(async () => {
  seed = await openTestStore();
});
afterAll(() => seed.close());

const now = () => seed.clock.now();
const inMs = (ms: number) => new Date(now().getTime() + ms);
const rotate = (id: string, secretHash: string, graceMs: number) =>
  rotateKey(
    seed.store,
    { accountId: seed.account.id, id: id },
    { secretHash, prefix: 'sk_live_next', expiresAt: null, previousUntil: inMs(graceMs) },
    now(),
  );

test('after any rotations, a secret works as long as the shortest grace since it was replaced', async () => {
  const step = fc.record({
    graceMs: fc.integer({ min: 0, max: 1000 }),
    waitMs: fc.integer({ min: 0, max: 500 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), async (steps) => {
      const { key, secretHash } = await seed.addKey();
      const until = new Map<string, number>();
      let present = secretHash;
      for (const { graceMs, waitMs } of steps) {
        const next = randomHash();
        await rotate(key.id, next, graceMs);
        until.set(present, Number.POSITIVE_INFINITY);
        const bound = now().getTime() + graceMs;
        for (const [hash, time] of until) until.set(hash, Math.min(time, bound));
        present = next;
        seed.clock.advance(waitMs);
        for (const [hash, time] of until) {
          const found = await findPresentedKey(seed.store.db, hash, now());
          expect(found?.key.id).toBe(key.id);
          expect((found?.replacedSecretUntil ?? inMs(0)) > now()).toBe(time > now().getTime());
        }
        expect(await findPresentedKey(seed.store.db, present, now())).toMatchObject({
          replacedSecretUntil: null,
        });
      }
    }),
    { numRuns: 15 },
  );
});

test('of rotations at once none is lost: every secret that was given out is known', async () => {
  const { key, secretHash } = await seed.addKey();
  const hashes = Array.from({ length: 8 }, randomHash);
  await Promise.all(hashes.map((hash) => rotate(key.id, hash, 60_000)));
  const found = await Promise.all(
    [secretHash, ...hashes].map((hash) => findPresentedKey(seed.store.db, hash, now())),
  );
  expect(found.map((presented) => presented?.key.id)).toEqual(found.map(() => key.id));
  expect(found.filter((presented) => presented?.replacedSecretUntil === null)).toHaveLength(1);
});

test('settings cannot bring back an admin key that was rotated away or disabled', async () => {
  const admin = { prefix: 'sk_live_adm1', scopes: ['*'], secretHash: randomHash() };
  await setAdminKey(seed.store.db, admin, now());
  const id = (await findPresentedKey(seed.store.db, admin.secretHash, now()))?.key.id ?? '';
  await rotate(id, randomHash(), 1000);
  await setAdminKey(seed.store.db, admin, now());
  seed.clock.advance(1000);
  await expect(setAdminKey(seed.store.db, admin, now())).rejects.toMatchObject({ code: 'invalid_settings' });
  const second = { ...admin, secretHash: randomHash() };
  await setAdminKey(seed.store.db, second, now());
  const other = (await findPresentedKey(seed.store.db, second.secretHash, now()))?.key.id ?? '';
  await updateKey(seed.store, { accountId: seed.account.id, id: other }, { enabled: false }, now());
  await expect(setAdminKey(seed.store.db, second, now())).rejects.toMatchObject({ code: 'invalid_settings' });
});

test('the later use counts, whoever writes it, and writers of many keys do not deadlock', async () => {
  const keys = await Promise.all(Array.from({ length: 20 }, () => seed.addKey()));
  const ids = keys.map(({ key }) => key.id);
  const uses = (order: string[], at: Date) => new Map(order.map((id) => [id, at]));
  const later = inMs(5_000);
  await Promise.all([
    saveKeyUses(seed.store.db, uses(ids, later)),
    saveKeyUses(seed.store.db, uses(ids.toReversed(), now())),
    saveKeyUses(seed.store.db, uses(ids, inMs(1))),
  ]);
  for (const id of ids)
    expect((await getKey(seed.store.db, seed.account.id, id, now()))?.lastUsedAt).toBe(later.toISOString());
});

test('uses are written once an interval, and kept while they cannot be', async () => {
  const { key } = await seed.addKey();
  const lastUsedAt = async () => (await getKey(seed.store.db, seed.account.id, key.id, now()))?.lastUsedAt;
  let broken = true;
  const store = {
    ...seed.store,
    get db() {
      if (broken) throw new Error('no database');
      return seed.store.db;
    },
  };
  await using uses = new KeyUse(store, createLog('test', 'silent'), 3_600_000);
  uses.note(key.id);
  const at = now().toISOString();
  await uses.write();
  expect(await lastUsedAt()).toBeNull();
  broken = false;
  await uses.write();
  expect(await lastUsedAt()).toBe(at);
});

test('unused keys are those that exist and were not used for so many days', async () => {
  const accountId = seed.account.id;
  const { key: old } = await seed.addKey({ name: 'unused test' });
  const { key: used } = await seed.addKey({ name: 'unused test' });
  seed.clock.advance(30 * DAY_MS);
  const { key: young } = await seed.addKey({ name: 'unused test' });
  await saveKeyUses(seed.store.db, new Map([[used.id, inMs(-1)]]));
  const find = async (unusedForDays: number) => {
    const page = await listKeys(
      seed.store.db,
      accountId,
      { unusedForDays, q: 'unused test', taskKeys: false, limit: 100 },
      now(),
    );
    return page.items.map(({ id }) => id);
  };
  expect(await find(30)).toEqual([old.id]);
  expect(await find(31)).toEqual([]);
  seed.clock.advance(30 * DAY_MS);
  expect(new Set(await find(30))).toEqual(new Set([old.id, used.id, young.id]));
});
