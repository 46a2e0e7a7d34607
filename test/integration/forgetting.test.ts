// Tasks that are deleted, by hand and by age, without sandboxes: what goes, what stays, what is refused.
import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Lease } from '../../src/protocol/runner.ts';
import type { Task } from '../../src/protocol/task.ts';
import { rowsOf } from '../fixtures/database.ts';
import { until } from '../fixtures/seed.ts';
import { startTestServer, type TestRunner, type TestServer } from '../fixtures/server.ts';

let server: TestServer;
let runner: TestRunner;
beforeAll(async () => {
  server = await startTestServer();
  runner = server.runner({ continues: true, slots: 20, freeSlots: 20 });
});
afterAll(() => server?.stop());

const api = (method: string, path: string, body?: object, headers: Record<string, string> = {}) =>
  server.call(method, `/api/v1${path}`, { headers, ...(body && { body }) });
const codeOf = ({ status, body }: Awaited<ReturnType<typeof api>>) => [status, body.error?.code];

const post = async (body: object = {}): Promise<Task> =>
  (await api('POST', '/tasks/run', { instruction: 'begin', ...body })).body.task;
const say = async ({ taskId, leaseId }: Lease, text: string) => {
  const headers = { 'seed-lease': leaseId, 'seed-batch': '1' };
  await runner.post(`/tasks/${taskId}/events`, `${JSON.stringify({ type: 'text', text })}\n`, headers);
};

async function ended(body: object = {}): Promise<Task> {
  const task = await post(body);
  const lease = await runner.lease();
  await say(lease, 'said');
  await runner.put(lease, 'out.txt', 'made');
  await runner.settle(lease);
  return (await api('GET', `/tasks/${task.id}`)).body.task;
}
const goOn = async (id: string): Promise<Task> => {
  const { body } = await api('POST', `/tasks/${id}/continue`, { instruction: 'go on' });
  const lease = await runner.lease();
  await say(lease, 'said');
  await runner.settle(lease);
  return body.task;
};
/** All that the account is told of what it owes: by key, by model, by day. */
const bill = async () => {
  const reports: Record<string, unknown> = {};
  for (const path of ['costs?by=key', 'costs?by=day', 'costs?by=model', 'usage?by=key', 'usage?by=model']) {
    const { status, body } = await api('GET', `/obs/${path}&since=7d`);
    expect(status).toBe(200);
    reports[path] = { ...body, from: null, to: null };
  }
  const spend = await rowsOf(
    server.databaseUrl,
    'select key_id, sum(nano_usd), sum(tokens) from spend group by 1 order by 1',
  );
  return { reports, spend };
};

describe('tasks delete', () => {
  it('leaves what the bill needs, and says of the rest that it was forgotten', async () => {
    const files = [{ name: 'in.txt', content: Buffer.from('given').toString('base64') }];
    const headers = { 'idempotency-key': randomUUID() };
    const body = { instruction: 'secret plan', files, metadata: { customer: 'acme' } };
    const first = await api('POST', '/tasks/run', body, headers);
    const { id } = first.body.task;
    const lease = await runner.lease();
    await say(lease, 'said');
    await runner.put(lease, 'out.txt', 'made');
    const asked = { model: 'scripted', messages: [{ role: 'user', content: 'secret plan' }] };
    await server.call('POST', '/llm/v1/chat/completions', { key: lease.taskKey, body: asked });
    const message = { 'idempotency-key': randomUUID() };
    expect((await api('POST', `/tasks/${id}/messages`, { text: 'and more' }, message)).status).toBe(202);
    await runner.settle(lease);
    const before = (await api('GET', `/tasks/${id}`)).body.task as Task;
    const bytes = await readdir(join(server.dataDir, 'artifacts'));
    const sums = await bill();
    expect(JSON.stringify(sums)).toContain('scripted');

    const deleted = await api('DELETE', `/tasks/${id}`);
    expect(deleted.body).toEqual({ id, forgotten: 1, stillIn: [] });
    const after = (await api('GET', `/tasks/${id}`)).body.task as Task;
    const { status, createdAt, completedAt, inputTokens, outputTokens, cost, used, keyId, model } = before;
    expect(after).toMatchObject({
      status,
      createdAt,
      completedAt,
      inputTokens,
      outputTokens,
      cost,
      used,
      keyId,
      model,
    });
    expect(after).toMatchObject({ instruction: '', stdout: null, metadata: {}, files: [], artifacts: [] });
    expect(after.forgottenAt).toMatch(/^\d{4}-/);
    expect(codeOf(await api('GET', `/tasks/${id}/events?past=true`))).toEqual([410, 'forgotten']);
    expect(codeOf(await api('GET', `/tasks/${id}/artifacts`))).toEqual([410, 'forgotten']);
    expect(codeOf(await api('GET', `/tasks/${id}/artifacts/content?name=out.txt`))).toEqual([410, 'forgotten']);
    const next = await api('POST', `/tasks/${id}/continue`, { instruction: 'go on' });
    expect(codeOf(next)).toEqual([410, 'conversation_forgotten']);
    expect((await api('GET', `/tasks/${id}/ledger`)).status).toBe(200);
    expect(codeOf(await api('POST', '/tasks/run', body, headers))).toEqual([410, 'forgotten']);
    expect(codeOf(await api('POST', `/tasks/${id}/messages`, { text: 'and more' }, message))).toEqual([
      410,
      'forgotten',
    ]);
    expect(await bill()).toEqual(sums);
    const left = await readdir(join(server.dataDir, 'artifacts'));
    expect(bytes.length - left.length).toBe(2);
    expect((await api('DELETE', `/tasks/${id}`)).body.forgotten).toBe(0);
    const { items } = (await api('GET', '/audit?command=tasks%20delete&limit=1')).body;
    expect(items[0]).toMatchObject({ target: id, status: 200 });
    const { items: events } = (await api('GET', '/webhooks/events?type=task.forgotten&limit=1')).body;
    expect(events[0].data).toEqual({ taskIds: [id], why: 'delete' });
  });

  it('refuses one that has not ended, and one of another account', async () => {
    const task = await post();
    expect(codeOf(await api('DELETE', `/tasks/${task.id}`))).toEqual([409, 'not_ended']);
    const other = await api('POST', '/accounts', { name: 'other' });
    const theirs = await server.call('DELETE', `/api/v1/tasks/${task.id}`, { key: other.body.secret });
    expect(theirs.status).toBe(404);
    await runner.settle(await runner.lease());
    expect((await api('DELETE', `/tasks/${task.id}`)).body.forgotten).toBe(1);
  });

  it('refuses one that a later task needs, unless the conversation goes', async () => {
    const first = await ended({ keep: { workspace: true } });
    const second = await goOn(first.id);
    const third = await goOn(second.id);
    const refused = await api('DELETE', `/tasks/${second.id}`);
    expect(codeOf(refused)).toEqual([409, 'still_needed']);
    expect(refused.body.error.message).toContain(third.id);
    const all = await api('DELETE', `/tasks/${second.id}`, { conversation: true });
    expect(all.body.forgotten).toBe(3);
    const listed = (await api('GET', `/tasks?conversationId=${first.id}`)).body.items as Task[];
    expect(listed.map(({ forgottenAt }) => forgottenAt !== null)).toEqual([true, true, true]);
  });

  it('takes what a batch was made with, once no task of it is remembered, and starts none of it again', async () => {
    const rows = [{ who: 'row-w0rd one' }, { who: 'row-w0rd two' }];
    const made = await api('POST', '/tasks/batch', { instruction: 'batch-w0rd {{who}}', name: 'name-w0rd', rows });
    expect(made.status).toBe(202);
    const { id } = made.body.batch;
    const leases = [await runner.lease(), await runner.lease()];
    for (const lease of leases)
      await runner.settle(lease, { outcome: 'failed', error: { code: 'agent_failed', message: 'failed' } });
    const words = async () =>
      (
        await rowsOf(
          server.databaseUrl,
          `select 'batch' from batches where batches::text ~ 'w0rd'
           union all select 'row' from batch_rows where batch_rows.input::text ~ 'w0rd'`,
        )
      ).length;
    await until('the batch has ended', async () => (await api('GET', `/batches/${id}`)).body.batch.completedAt);
    const [one, two] = leases.map(({ taskId }) => taskId);
    expect((await api('DELETE', `/tasks/${one}`)).status).toBe(200);
    expect(await words()).toBe(2);
    const retried = await api('POST', `/batches/${id}/retry`);
    expect(retried.body.batch.counts).toMatchObject({ failed: 1 });
    const again = await runner.lease();
    await runner.settle(again, { outcome: 'failed', error: { code: 'agent_failed', message: 'failed' } });
    await until('it has ended again', async () => (await api('GET', `/batches/${id}`)).body.batch.completedAt);
    for (const task of [two, again.taskId]) expect((await api('DELETE', `/tasks/${task}`)).status).toBe(200);
    expect(await words()).toBe(0);
    expect((await api('GET', `/batches/${id}`)).body.batch).toMatchObject({ name: 'forgotten', columns: [] });
    expect(codeOf(await api('POST', `/batches/${id}/retry`))).toEqual([409, 'conflict']);
  });

  it('takes with it what its agent started, and is nothing for an agent', async () => {
    const parent = await post({ scopes: ['tasks:*'] });
    const lease = await runner.lease();
    const child = await server.call('POST', '/api/v1/tasks/run', {
      key: lease.taskKey,
      body: { instruction: 'below' },
    });
    await runner.settle(await runner.lease());
    const { id } = child.body.task;
    const refused = await server.call('DELETE', `/api/v1/tasks/${id}`, { key: lease.taskKey });
    expect(codeOf(refused)).toEqual([403, 'missing_scope']);
    await runner.settle(lease);
    expect((await api('DELETE', `/tasks/${parent.id}`)).body.forgotten).toBe(2);
    expect((await api('GET', `/tasks/${id}`)).body.task.forgottenAt).not.toBeNull();
  });
});

const age = (ids: readonly string[], days: number) =>
  rowsOf(
    server.databaseUrl,
    `update tasks set created_at = created_at - interval '${days} days', completed_at = completed_at - interval '${days} days'
     where id in (${ids.map((id) => `'${id}'`).join()})`,
    `update events set created_at = created_at - interval '${days} days'
     where task_id in (${ids.map((id) => `'${id}'`).join()})`,
  );

describe('tasks forget', () => {
  it('tells what it would do, does it, and leaves what a later task needs', async () => {
    const alone = await ended();
    const first = await ended();
    const second = await goOn(first.id);
    await age([alone.id, first.id], 100);
    const told = await api('POST', '/tasks/forget', { before: '90d', dryRun: true });
    expect(told.body).toMatchObject({ dryRun: true, forgotten: 0, left: 1, kept: { held: 0, needed: 1 } });
    const done = await api('POST', '/tasks/forget', { before: '90d' });
    expect(done.body).toMatchObject({ forgotten: 1, left: 0, kept: { held: 0, needed: 1 } });
    expect((await api('GET', `/tasks/${first.id}`)).body.task.forgottenAt).toBeNull();
    await age([second.id], 95);
    expect((await api('POST', '/tasks/forget', { before: '90d' })).body).toMatchObject({ forgotten: 2, left: 0 });
  });

  it('takes many in batches', async () => {
    const ids: string[] = [];
    for (let number = 0; number < 3; number += 1) ids.push((await ended()).id);
    await rowsOf(
      server.databaseUrl,
      `insert into tasks select (json_populate_record(tasks, json_build_object('id', gen_random_uuid()))).*
       from tasks, generate_series(1, 200) where id = '${ids[0]}'`,
    );
    const done = await api('POST', '/tasks/forget', { before: '0m' });
    expect(done.body.forgotten).toBeGreaterThanOrEqual(203);
    expect(done.body.left).toBe(0);
  });
});
