// Keys and accounts in the store: what is listed, what revoking does, whose status a task key depends on.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore } from '../../src/db/store.ts';
import type { KeyFilter } from '../../src/protocol/key.ts';
import { ensureFirstAccount, findAccounts, insertAccount, setAdminKey } from '../../src/server/access/accounts.ts';
import { revokeKey } from '../../src/server/access/key-changes.ts';
import { getKey, listKeys } from '../../src/server/access/keys.ts';
import { findPresentedKey } from '../../src/server/access/presented-key.ts';
import { settleTask, stopTask } from '../../src/server/tasks/end.ts';
import { testDatabase } from '../fixtures/database.ts';
import { NO_PRICES, openTestStore, randomHash, silent, type TestStore } from '../fixtures/store.ts';

let seed: TestStore;

beforeAll(async () => {
  seed = await openTestStore();
});
afterAll(() => seed.close());

const list = async (filter: Partial<KeyFilter> = {}, accountId = seed.account.id) => {
  const page = await listKeys(
    seed.store.db,
    accountId,
    { taskKeys: false, limit: 100, ...filter },
    seed.clock.now(),
  );
  return page.items.map(({ id }) => id);
};

const find = (secretHash: string) => findPresentedKey(seed.store.db, secretHash, seed.clock.now());

const past = () => new Date(seed.clock.now().getTime() - 1);

test('a status filter lists exactly the keys of that status', async () => {
  const account = await insertAccount(seed.store.db, { name: 'filters', operator: false });
  const accountId = account.id;
  const { key: active } = await seed.addKey({ accountId });
  const { key: expired } = await seed.addKey({ accountId, expiresAt: past() });
  const { key: revoked } = await seed.addKey({ accountId, revokedAt: past(), expiresAt: past() });
  expect([active.status, expired.status, revoked.status]).toEqual(['active', 'expired', 'revoked']);
  expect(await list({ status: 'active' }, accountId)).toEqual([active.id]);
  expect(await list({ status: 'expired' }, accountId)).toEqual([expired.id]);
  expect(await list({ status: 'revoked' }, accountId)).toEqual([revoked.id]);
  expect(new Set(await list({}, accountId))).toEqual(new Set([active.id, expired.id, revoked.id]));
});

test('task keys that Seed looks after stay out of a plain listing, those that need attention do not', async () => {
  const { id: ended } = await seed.post();
  const { leaseId } = await seed.lease();
  const settlement = {
    leaseId,
    outcome: 'completed',
    stdout: 'ok',
    stderr: null,
    exitCode: 0,
    error: null,
    usage: null,
  } as const;
  await settleTask(seed.store, ended, settlement, NO_PRICES);
  const { id: running } = await seed.post();
  await seed.lease();
  const { key: left } = await seed.addKey({ taskId: randomUUID(), expiresAt: past() });
  const { key: revoked } = await seed.addKey({ taskId: randomUUID(), expiresAt: past() });
  await revokeKey(seed.store, { accountId: seed.account.id, id: revoked.id }, seed.key.id, seed.clock.now());
  expect(new Set(await list())).toEqual(new Set([seed.key.id, left.id, revoked.id]));
  const page = await listKeys(seed.store.db, seed.account.id, { taskKeys: true, limit: 100 }, seed.clock.now());
  const taskIds = page.items.map(({ taskId }) => taskId);
  expect(taskIds).toEqual(expect.arrayContaining([ended, running]));
  await stopTask(seed.store, seed.account.id, running);
});

test('revoking twice keeps the first time; a foreign account revokes nothing', async () => {
  const { key } = await seed.addKey();
  const now = seed.clock.now();
  expect(await revokeKey(seed.store, { accountId: randomUUID(), id: key.id }, null, now)).toBeNull();
  expect(await getKey(seed.store.db, seed.account.id, key.id, now)).toMatchObject({ status: 'active' });
  expect(await revokeKey(seed.store, { accountId: seed.account.id, id: key.id }, null, now)).toMatchObject({
    status: 'revoked',
  });
  const later = new Date(now.getTime() + 1000);
  const again = await revokeKey(seed.store, { accountId: seed.account.id, id: key.id }, null, later);
  expect(again?.revokedAt).toBe(now.toISOString());
});

test('a task key is worth what the whole chain of keys behind it is worth', async () => {
  const { key: caller, secretHash: callerHash } = await seed.addKey();
  const parent = await seed.post({ keyId: caller.id });
  const parentLease = await seed.lease();
  const parentKey = await find(parentLease.secretHash);
  expect(parentKey).toMatchObject({
    callerStatus: 'active',
    accountName: 'test',
    operator: true,
  });
  const child = await seed.post({ keyId: parentKey?.key.id ?? '', parentTaskId: parent.id });
  const childLease = await seed.lease();
  expect(await find(childLease.secretHash)).toMatchObject({ callerStatus: 'active' });
  expect(await find(callerHash)).toMatchObject({ callerStatus: null });
  await revokeKey(seed.store, { accountId: seed.account.id, id: caller.id }, seed.key.id, seed.clock.now());
  expect(await find(parentLease.secretHash)).toMatchObject({
    callerStatus: 'revoked',
    key: { status: 'active' },
  });
  expect(await find(childLease.secretHash)).toMatchObject({
    callerStatus: 'revoked',
    key: { status: 'active' },
  });
  expect(await find(randomHash())).toBeNull();
  for (const { id } of [child, parent]) await stopTask(seed.store, seed.account.id, id);
});

test('a task key is expired with the key behind it', async () => {
  const { key: caller } = await seed.addKey({ expiresAt: new Date(seed.clock.now().getTime() + 10) });
  const { id } = await seed.post({ keyId: caller.id });
  const { secretHash } = await seed.lease();
  seed.clock.advance(10);
  expect(await find(secretHash)).toMatchObject({ callerStatus: 'expired', key: { status: 'active' } });
  await stopTask(seed.store, seed.account.id, id);
});

test('of five servers that start at once, one makes the first account', async () => {
  const { databaseUrl, drop } = await testDatabase();
  const stores = await Promise.all(Array.from({ length: 5 }, () => openStore({ databaseUrl, log: silent })));
  const first = await Promise.all(
    stores.map(({ db }) =>
      ensureFirstAccount(db, {
        name: 'admin',
        prefix: 'sk_live_adm1',
        scopes: ['*'],
        secretHash: randomHash(),
      }),
    ),
  );
  expect(first.filter(({ created }) => created)).toHaveLength(1);
  expect(new Set(first.map(({ account }) => account.id)).size).toBe(1);
  const [store] = stores;
  if (!store) throw new Error('no store');
  const accounts = await findAccounts(store.db, { limit: 10 });
  expect(accounts).toMatchObject({ items: [{ name: 'default', operator: true }], nextCursor: null });
  await Promise.all(stores.map((each) => each.close()));
  await drop();
});

test('the admin key of the settings is made once and never brought back from the dead', async () => {
  const { databaseUrl, drop } = await testDatabase();
  const store = await openStore({ databaseUrl, log: silent });
  const admin = { prefix: 'sk_live_adm2', scopes: ['*'], secretHash: randomHash() };
  await Promise.all([setAdminKey(store.db, admin), setAdminKey(store.db, admin), setAdminKey(store.db, admin)]);
  const { account } = await ensureFirstAccount(store.db, {
    ...admin,
    name: 'admin',
    secretHash: randomHash(),
  });
  const page = await listKeys(store.db, account.id, { taskKeys: true, limit: 10 }, new Date());
  expect(page.items).toMatchObject([{ name: 'admin', prefix: 'sk_live_adm2' }]);
  const rotated = { ...admin, secretHash: randomHash() };
  await setAdminKey(store.db, rotated);
  const earlier = await findPresentedKey(store.db, admin.secretHash, new Date());
  expect(earlier?.key.status).toBe('active');
  await revokeKey(store, { accountId: account.id, id: earlier?.key.id ?? '' }, null, new Date());
  await expect(setAdminKey(store.db, admin)).rejects.toMatchObject({ code: 'invalid_settings' });
  await store.close();
  await drop();
});
