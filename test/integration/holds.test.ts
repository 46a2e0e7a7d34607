// Legal holds: whatever deletes leaves what one names, until it is released. And how long an account keeps things.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { carePartitions } from '../../src/db/partitions.ts';
import { openStore, type Store } from '../../src/db/store.ts';
import type { Task } from '../../src/protocol/task.ts';
import { openBlobs, removeOldFiles } from '../../src/server/files/open-blobs.ts';
import { carryOutRetention } from '../../src/server/forgetting/retention.ts';
import { pruneWebhookEvents } from '../../src/server/webhooks/events.ts';
import { addressesOf, rowsOf } from '../fixtures/database.ts';
import { startTestServer, type TestRunner, type TestServer } from '../fixtures/server.ts';
import { silent } from '../fixtures/store.ts';

let server: TestServer;
let runner: TestRunner;
let store: Store;
let key: string;
beforeAll(async () => {
  server = await startTestServer();
  runner = server.runner({ continues: true, slots: 20, freeSlots: 20 });
  store = await openStore({ ...addressesOf(server.databaseUrl), log: silent });
});
afterAll(async () => {
  await store?.close();
  await server?.stop();
});
// Each in an account of its own.
beforeEach(async () => {
  key = (await server.call('POST', '/api/v1/accounts', { body: { name: 'held' } })).body.secret;
});

const api = (method: string, path: string, body?: object, as = key) =>
  server.call(method, `/api/v1${path}`, { key: as, ...(body && { body }) });
const codeOf = ({ status, body }: Awaited<ReturnType<typeof api>>) => [status, body.error?.code];
const read = async (id: string): Promise<Task> => (await api('GET', `/tasks/${id}`)).body.task;

async function ended(body: object = {}, path = '/tasks/run'): Promise<Task> {
  const files = [{ name: 'in.txt', content: Buffer.from('given').toString('base64') }];
  const task = (await api('POST', path, { instruction: 'begin', files, ...body })).body.task;
  const lease = await runner.lease();
  const headers = { 'seed-lease': lease.leaseId, 'seed-batch': '1' };
  await runner.post(`/tasks/${task.id}/events`, `${JSON.stringify({ type: 'text', text: 'said' })}\n`, headers);
  await runner.put(lease, 'out.txt', 'made');
  await runner.settle(lease);
  return task;
}

const age = (id: string, days: number) =>
  rowsOf(
    server.databaseUrl,
    ...['created_at', 'completed_at'].map(
      (column) => `update tasks set ${column} = ${column} - interval '${days} days' where id = '${id}'`,
    ),
    `update events set created_at = created_at - interval '${days} days' where task_id = '${id}'`,
    `update blobs set created_at = created_at - interval '${days} days' where task_id = '${id}'`,
    `update webhook_events set created_at = created_at - interval '${days} days' where data->>'taskId' = '${id}'`,
  );
const hold = async (body: object) => (await api('POST', '/holds', { reason: 'case 1', ...body })).body.hold;

async function withBlobs<Result>(
  work: (blobs: Awaited<ReturnType<typeof openBlobs>>['blobs']) => Promise<Result>,
) {
  const { blobs } = await openBlobs({ s3: null, retentionDays: null }, server.dataDir, store, silent);
  return work(blobs);
}
const retain = (operator: { content: number | null; ledger: number | null }) =>
  withBlobs((blobs) =>
    carryOutRetention({ store, blobs, log: silent, operator, stopping: new AbortController().signal }),
  );
/** All that deletes by age, as if nothing were kept for longer than a day. */
async function pruneAll(): Promise<void> {
  const before = new Date(Date.now() - 86_400_000);
  await withBlobs((blobs) => removeOldFiles(store, blobs, before));
  await carePartitions(store, { calls: before, events: before });
  await pruneWebhookEvents(store, before);
  await retain({ content: 1, ledger: 1 });
}

describe('a legal hold', () => {
  it('keeps a task from all that deletes, with what its agent started, until it is released', async () => {
    const [held, free] = [await ended(), await ended()];
    for (const { id } of [held, free]) await age(id, 3);
    const { id, createdBy, kind } = await hold({ kind: 'task', taskId: held.id });
    expect([kind, createdBy]).toEqual(['task', held.keyId]);
    expect(codeOf(await api('DELETE', `/tasks/${held.id}`))).toEqual([409, 'held']);
    const dry = await api('POST', '/tasks/forget', { before: '1d', dryRun: true });
    expect(dry.body).toMatchObject({ left: 1, kept: { held: 1 } });
    await pruneAll();
    expect((await read(free.id)).forgottenAt).not.toBeNull();
    const kept = await read(held.id);
    expect(kept).toMatchObject({ forgottenAt: null, instruction: 'begin' });
    expect(kept.artifacts.map(({ name }) => name)).toEqual(['out.txt']);
    const content = await api('GET', `/tasks/${held.id}/artifacts/content?name=out.txt`);
    expect(content.status).toBe(200);
    const [said] = await rowsOf(
      server.databaseUrl,
      `select (select count(*) from events where task_id = '${held.id}') as events,
         (select count(*) from webhook_events where data->>'taskId' = '${held.id}') as hooks`,
    );
    expect(Number(said?.['events'])).toBeGreaterThan(1);
    expect(Number(said?.['hooks'])).toBeGreaterThan(0);

    const released = await api('POST', `/holds/${id}/release`);
    expect(released.body.hold.releasedAt).not.toBeNull();
    expect(codeOf(await api('POST', `/holds/${id}/release`))).toEqual([409, 'conflict']);
    expect((await api('DELETE', `/tasks/${held.id}`)).body.forgotten).toBe(1);
    const { items } = (await api('GET', '/audit?limit=20')).body;
    const commands = items.map((entry: { command: string }) => entry.command);
    expect(commands).toEqual(expect.arrayContaining(['holds create', 'holds release', 'tasks delete']));
  });

  it('keeps a conversation, or all of an account', async () => {
    const first = await ended();
    const second = await ended({}, `/tasks/${first.id}/continue`);
    const ofConversation = await hold({ kind: 'conversation', taskId: second.id });
    expect(ofConversation.subjectId).toBe(first.id);
    expect(codeOf(await api('DELETE', `/tasks/${first.id}`, { conversation: true }))).toEqual([409, 'held']);
    await api('POST', `/holds/${ofConversation.id}/release`);
    await hold({ kind: 'account' });
    expect(codeOf(await api('DELETE', `/tasks/${first.id}`, { conversation: true }))).toEqual([409, 'held']);
    const template = { name: 'kept', instruction: 'x', scopes: ['keys:read'] };
    expect((await api('POST', '/templates', template)).status).toBe(201);
    expect(codeOf(await api('DELETE', '/templates/kept'))).toEqual([409, 'held']);
    await age(second.id, 3);
    await age(first.id, 3);
    await pruneAll();
    expect((await read(first.id)).forgottenAt).toBeNull();
  });

  it('of the operator is released by the operator alone', async () => {
    const task = await ended();
    const { accountId } = await hold({ kind: 'task', taskId: task.id });
    const body = { kind: 'account', accountId, reason: 'authorities' };
    const placed = (await api('POST', '/holds', body, server.adminKey)).body.hold;
    expect(placed).toMatchObject({ byOperator: true, subjectId: accountId });
    expect(codeOf(await api('POST', `/holds/${placed.id}/release`))).toEqual([403, 'operator_only']);
    expect((await api('GET', '/holds')).body.items).toHaveLength(2);
    expect((await api('POST', `/holds/${placed.id}/release`, {}, server.adminKey)).status).toBe(200);
    expect((await api('GET', '/holds')).body.items).toHaveLength(1);
    expect((await api('GET', '/holds?released=true')).body.items).toHaveLength(2);
    const another = (await server.call('POST', '/api/v1/accounts', { body: { name: 'another' } })).body.account.id;
    expect(codeOf(await api('POST', '/holds', { ...body, accountId: another }))).toEqual([403, 'operator_only']);
  });
});

describe('retention', () => {
  it('forgets what is older than the account keeps it, and no kept workspace before its time', async () => {
    const [old, young, kept] = [await ended(), await ended(), await ended()];
    for (const { id } of [old, kept]) await age(id, 40);
    await rowsOf(
      server.databaseUrl,
      `update tasks set workspace = '{"blobId": "00000000-0000-4000-8000-000000000001", "size": 1, "sha256": "x",
         "madeBy": "${kept.id}"}', workspace_until = now() + interval '1 day' where id = '${kept.id}'`,
    );
    const set = await api('PATCH', '/retention', { content: '30d' });
    expect(set.body.retention).toEqual({ content: '30d', ledger: null, contentDays: 30, ledgerDays: null });
    await retain({ content: null, ledger: null });
    expect((await read(old.id)).forgottenAt).not.toBeNull();
    expect([(await read(young.id)).forgottenAt, (await read(kept.id)).forgottenAt]).toEqual([null, null]);
    const { items } = (await api('GET', '/audit?command=retention')).body;
    expect(items).toMatchObject([{ keyId: null, calls: 1 }]);
  });

  it('is never longer than the operator keeps things', async () => {
    const strict = await startTestServer({ contentRetentionDays: 30, retention: { calls: 90, events: 30 } });
    const patch = (body: object) => strict.call('PATCH', '/api/v1/retention', { body });
    expect((await patch({})).status).toBe(200);
    expect(codeOf(await patch({ content: '31d' }))).toEqual([400, 'invalid_input']);
    expect(codeOf(await patch({ ledger: '7y' }))).toEqual([400, 'invalid_input']);
    expect((await patch({ content: '2w', ledger: '60d' })).body.retention).toMatchObject({
      contentDays: 14,
      ledgerDays: 60,
    });
    expect((await patch({ content: null })).body.retention).toMatchObject({ content: null, contentDays: 30 });
    await strict.stop();
  });
});
