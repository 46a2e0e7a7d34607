// The ledger: what a task's agent called is there before it is answered, says what was changed, and holds no
// secret; and it is kept in partitions that come and go by the day.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { carePartitions } from '../../src/db/partitions.ts';
import type { LedgerEntry } from '../../src/protocol/ledger.ts';
import { insertCalls, type NewCall } from '../../src/server/ledger/call-log.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';
import { openTestStore, type TestStore } from '../fixtures/store.ts';

const DAY_MS = 86_400_000;
const KEEP = { calls: null, events: null };

describe('over REST', () => {
  let server: TestServer;
  let taskId: string;
  let taskKey: string;

  beforeAll(async () => {
    server = await startTestServer();
    const runner = server.runner();
    await runner.appear();
    const { body } = await server.call('POST', '/api/v1/tasks/run', {
      body: { instruction: 'look', scopes: ['keys:read', 'keys:write'] },
    });
    taskId = body.task.id;
    taskKey = (await runner.lease()).taskKey;
  });
  afterAll(() => server?.stop());

  const call = (method: string, path: string, body?: object) =>
    server.call(method, `/api/v1${path}`, { key: taskKey, ...(body && { body }) });
  const ledger = async (query = ''): Promise<{ items: LedgerEntry[]; nextCursor: string | null }> =>
    (await server.call('GET', `/api/v1/tasks/${taskId}/ledger?${query}`)).body;

  it('has every call of the task, in order, with its arguments and what it changed', async () => {
    expect((await ledger()).items).toEqual([]);
    const created = await call('POST', '/keys', { name: 'made by a task', scopes: ['keys:read'] });
    expect(created.status).toBe(201);
    // Nothing is awaited between an answer and the ledger: the row is there first.
    expect((await ledger()).items).toHaveLength(1);
    await call('GET', '/keys?limit=5');
    await call('POST', '/keys', { name: '', scopes: [] });
    await call('GET', '/audit');
    const { items } = await ledger();
    expect(items).toMatchObject([
      {
        command: 'keys create',
        effect: 'write',
        scope: 'keys:write',
        status: 201,
        code: null,
        arguments: { name: 'made by a task', scopes: ['keys:read'] },
        changes: { key: { id: created.body.key.id }, secret: '[secret]' },
      },
      { command: 'keys list', effect: 'read', status: 200, arguments: { limit: 5 }, changes: null },
      { command: 'keys create', status: 400, code: 'invalid_input', arguments: null, changes: null },
      { command: 'audit list', status: 403, code: 'missing_scope', arguments: null, changes: null },
    ]);
    expect(items[0]?.id).toBe(created.headers.get('x-request-id'));
    expect(JSON.stringify(items)).not.toContain(created.body.secret);
    const first = await ledger('limit=3');
    const second = await ledger(`limit=3&cursor=${first.nextCursor}`);
    expect([...first.items, ...second.items]).toEqual(items);
    expect(second.nextCursor).toBeNull();
  });

  it('is the account’s own', async () => {
    const { body } = await server.call('POST', '/api/v1/accounts', { body: { name: 'other' } });
    const stranger = await server.call('GET', `/api/v1/tasks/${taskId}/ledger`, { key: body.secret });
    const nobody = await server.call('GET', `/api/v1/tasks/${randomUUID()}/ledger`, { key: body.secret });
    expect([stranger.status, stranger.body.error.code]).toEqual([404, 'not_found']);
    expect(nobody.status).toBe(404);
    const unscoped = await server.newKey(['keys:read']);
    expect((await server.call('GET', `/api/v1/tasks/${taskId}/ledger`, { key: unscoped.secret })).status).toBe(
      403,
    );
  });
});

describe('partitions', () => {
  let seed: TestStore;
  beforeAll(async () => {
    seed = await openTestStore();
  });
  afterAll(() => seed?.close());

  const names = async () => {
    const { rows } = await sql<{ name: string }>`
      select inhrelid::regclass::text as name from pg_inherits where inhparent = 'calls'::regclass order by 1`.execute(
      seed.store.db,
    );
    return rows.map(({ name }) => name);
  };
  const countIn = async (table: string) => {
    const { rows } = await sql<{ count: number }>`
      select count(*)::int as count from ${sql.id(table)}`.execute(seed.store.db);
    return rows[0]?.count;
  };
  const callAt = (at: Date): NewCall => ({
    id: randomUUID(),
    at,
    accountId: seed.account.id,
    keyId: seed.key.id,
    billedKeyId: seed.key.id,
    taskId: null,
    command: 'keys list',
    effect: 'read',
    scope: 'keys:read',
    status: 200,
    code: null,
    durationMs: 1,
    arguments: null,
    changes: null,
    times: 1,
    idempotencyKey: null,
    inputHash: null,
  });
  const partition = (day: Date) => `calls_${day.toISOString().slice(0, 10).replaceAll('-', '')}`;

  it('are made a week ahead, by several servers at once, and dropped whole when too old', async () => {
    const { store, clock } = seed;
    const start = clock.now();
    await Promise.all([carePartitions(store, KEEP), carePartitions(store, KEEP)]);
    const week = Array.from({ length: 8 }, (_, day) => partition(new Date(start.getTime() + day * DAY_MS)));
    expect(await names()).toEqual([...week, 'calls_default'].sort());
    const old = new Date(start.getTime() - 40 * DAY_MS);
    const tomorrow = new Date(start.getTime() + DAY_MS);
    await insertCalls(store.db, [callAt(start), callAt(tomorrow), callAt(old)]);
    expect(await countIn(partition(start))).toBe(1);
    expect(await countIn('calls_default')).toBe(1);

    // What is as old as that, to the day, stays.
    expect((await carePartitions(store, { ...KEEP, calls: start })).dropped).toEqual([]);
    expect(await countIn('calls_default')).toBe(0);
    expect((await carePartitions(store, { ...KEEP, calls: tomorrow })).dropped).toContain(partition(start));
    expect(await countIn('calls')).toBe(1);
  });

  it('a day whose calls came before its partition keeps them', async () => {
    const { store, clock } = seed;
    const late = new Date(clock.now().getTime() + 9 * DAY_MS);
    await insertCalls(store.db, [callAt(late)]);
    clock.advance(4 * DAY_MS);
    await carePartitions(store, KEEP);
    expect(await names()).not.toContain(partition(late));
    expect(await countIn('calls_default')).toBe(1);
  });
});
