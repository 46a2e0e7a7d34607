// What the store knows for a moment without looking, and what makes it look again.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openStore } from '../../src/db/store.ts';
import { revokeKey, rotateKey } from '../../src/server/access/key-changes.ts';
import { type KeyCache, openKeyCache } from '../../src/server/access/presented-key.ts';
import { releaseOldFiles } from '../../src/server/files/artifacts.ts';
import { recordModelCall } from '../../src/server/spending/model-calls.ts';
import { recordUsage, settleTask, stopTask } from '../../src/server/tasks/end.ts';
import { modelCall } from '../fixtures/model-call.ts';
import { NO_PRICES, openTestStore, randomHash, silent, type TestStore } from '../fixtures/store.ts';

let seed: TestStore;
beforeAll(async () => {
  seed = await openTestStore();
});
afterAll(() => seed?.close());

const LONG_MS = 60_000;
const inMs = (ms: number) => new Date(seed.clock.now().getTime() + ms);
/** A machine that stands still for half a second has forgotten. */
const KNOWN = { retry: 3 };
/** Behind the store's back: whoever still answers as before has not looked. */
const rename = (id: string, name: string) =>
  sql`update keys set name = ${name} where id = ${id}`.execute(seed.store.db);

describe('a presented key', () => {
  const presented = async (hash: string) => (await seed.keys.presentedKey(hash))?.key;

  test('is known for a moment, and forgotten with any change of a key', KNOWN, async () => {
    const { key, secretHash } = await seed.addKey({ name: 'before' });
    await presented(secretHash);
    await rename(key.id, 'after');
    expect(await presented(secretHash)).toMatchObject({ name: 'before' });
    const { key: other } = await seed.addKey();
    await revokeKey(seed.store, { accountId: seed.account.id, id: other.id }, null, seed.clock.now());
    expect(await presented(secretHash)).toMatchObject({ name: 'after' });
  });

  test('expires by the clock, however well it is known', async () => {
    const { secretHash } = await seed.addKey({ expiresAt: inMs(1_000) });
    seed.clock.advance(999);
    expect(await presented(secretHash)).toMatchObject({ status: 'active' });
    seed.clock.advance(1);
    expect(await presented(secretHash)).toMatchObject({ status: 'expired' });
  });

  test('of a task expires with the key that posted it', async () => {
    const { key } = await seed.addKey({ expiresAt: inMs(1_000) });
    await seed.post({ keyId: key.id });
    const { secretHash } = await seed.lease();
    const callerStatus = async () => (await seed.keys.presentedKey(secretHash))?.callerStatus;
    expect(await callerStatus()).toBe('active');
    seed.clock.advance(1_000);
    expect(await callerStatus()).toBe('expired');
  });

  test('by a replaced secret is looked at again when its grace is over', KNOWN, async () => {
    const { key, secretHash } = await seed.addKey({ name: 'before' });
    const rotation = {
      secretHash: randomHash(),
      prefix: 'sk_live_next',
      expiresAt: null,
      previousUntil: inMs(1_000),
    };
    using changes = seed.store.signals.subscribe('keys');
    await rotateKey(seed.store, { accountId: seed.account.id, id: key.id }, rotation, seed.clock.now());
    await changes.next(LONG_MS);
    await presented(secretHash);
    await rename(key.id, 'after');
    expect(await presented(secretHash)).toMatchObject({ name: 'before' });
    seed.clock.advance(1_000);
    expect(await presented(secretHash)).toMatchObject({ name: 'after' });
  });

  test('that is worth nothing is looked up every time', async () => {
    const { key, secretHash } = await seed.addKey({ name: 'before', expiresAt: inMs(0) });
    await presented(secretHash);
    await rename(key.id, 'after');
    expect(await presented(secretHash)).toMatchObject({ name: 'after', status: 'expired' });
    expect(await presented(randomHash())).toBeUndefined();
  });
});

describe('another server', () => {
  const openOther = async () => {
    const other = await openStore({ databaseUrl: seed.databaseUrl, clock: seed.clock, log: silent });
    return { ...other, keys: openKeyCache(other) };
  };
  const statusAt = async ({ keys }: { keys: KeyCache }, hash: string) =>
    (await keys.presentedKey(hash))?.key.status;

  test('forgets its keys when it hears of a change', async () => {
    const other = await openOther();
    const { key, secretHash } = await seed.addKey();
    expect(await statusAt(other, secretHash)).toBe('active');
    using changes = other.signals.subscribe('keys');
    await revokeKey(seed.store, { accountId: seed.account.id, id: key.id }, null, seed.clock.now());
    await changes.next(LONG_MS);
    expect(await statusAt(other, secretHash)).toBe('revoked');

    await seed.post();
    const task = await seed.lease();
    expect(await statusAt(other, task.secretHash)).toBe('active');
    using ends = other.signals.subscribe(`ended:${task.task.id}`);
    await stopTask(seed.store, seed.account.id, task.task.id);
    await ends.next(LONG_MS);
    expect(await statusAt(other, task.secretHash)).toBe('revoked');
    await other.close();
  });

  test('that hears nothing knows its own changes at once, and those of others within a second', async () => {
    const deaf = await openOther();
    await deaf.signals.close();
    const [own, others] = [await seed.addKey(), await seed.addKey()];
    const { id } = await seed.post();
    const task = await seed.lease();
    for (const { secretHash } of [own, others, task]) expect(await statusAt(deaf, secretHash)).toBe('active');

    await revokeKey(deaf, { accountId: seed.account.id, id: own.key.id }, null, seed.clock.now());
    expect(await statusAt(deaf, own.secretHash)).toBe('revoked');
    expect(await statusAt(deaf, task.secretHash)).toBe('active');
    await stopTask(deaf, seed.account.id, id);
    expect(await statusAt(deaf, task.secretHash)).toBe('revoked');

    expect(await statusAt(deaf, others.secretHash)).toBe('active');
    await revokeKey(seed.store, { accountId: seed.account.id, id: others.key.id }, null, seed.clock.now());
    await vi.waitFor(async () => expect(await statusAt(deaf, others.secretHash)).toBe('revoked'), 1_000);
    await deaf.close();
  });
});

describe('a task', () => {
  const find = (id: string, accountId = seed.account.id) => seed.findTask(accountId, id);
  const usage = { cpuSeconds: 1, peakMemoryBytes: 1, wallMs: 1 };
  const relabel = (id: string) => sql`update tasks set model = 'other' where id = ${id}`.execute(seed.store.db);
  async function ended() {
    const { id } = await seed.post({ files: [] });
    const { leaseId } = await seed.lease();
    await stopTask(seed.store, seed.account.id, id);
    expect(await find(id)).toMatchObject({ status: 'stopped', usage: null });
    return { id, leaseId };
  }

  test('that has ended is known for a moment, to its account alone', KNOWN, async () => {
    const { id } = await ended();
    await relabel(id);
    expect(await find(id)).toMatchObject({ model: 'scripted' });
    expect(await find(id, randomUUID())).toBeNull();
    expect(await find(id)).toMatchObject({ model: 'scripted' });
  });

  test('that runs is looked up every time', async () => {
    const { id } = await seed.post();
    await seed.lease();
    await find(id);
    await relabel(id);
    expect(await find(id)).toMatchObject({ status: 'running', model: 'other' });
    await stopTask(seed.store, seed.account.id, id);
    expect(await find(id)).toMatchObject({ status: 'stopped' });
  });

  test('that has ended shows at once what comes late', async () => {
    const { id, leaseId } = await ended();
    await recordModelCall(seed.store, id, modelCall({ inputTokens: 7 }));
    expect(await find(id)).toMatchObject({ inputTokens: 7, used: { calls: 1 }, usage: null });
    await recordUsage(seed.store, { taskId: id, leaseId, usage }, NO_PRICES);
    expect(await find(id)).toMatchObject({ usage });
  });

  test('that was settled after its end shows what its sandbox used', async () => {
    const { id, leaseId } = await ended();
    const settlement = {
      leaseId,
      outcome: 'completed',
      stdout: null,
      stderr: null,
      exitCode: 0,
      error: null,
      usage,
    } as const;
    expect(await settleTask(seed.store, id, settlement, NO_PRICES)).toBe('already_ended');
    expect(await find(id)).toMatchObject({ status: 'stopped', usage });
  });

  test('that has ended shows at once that its files are gone', async () => {
    const file = { name: 'a.txt', size: 1, type: 'text/plain', sha256: 'a'.repeat(64), blobId: randomUUID() };
    const { id } = await ended();
    await sql`update tasks set artifacts = ${JSON.stringify([file])} where id = ${id}`.execute(seed.store.db);
    await sql`insert into blobs (id, task_id, created_at) values (${file.blobId}, ${id}, ${inMs(-1_000)})`.execute(
      seed.store.db,
    );
    seed.store.caches.forget('ended tasks');
    expect(await find(id)).toMatchObject({ artifacts: [{ name: 'a.txt' }] });
    expect(await releaseOldFiles(seed.store, seed.clock.now())).toBe(1);
    expect(await find(id)).toMatchObject({ artifacts: [] });
  });
});
