// Deleting an account on two servers: what ends at once, what is found afterwards, and what stays.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { rowsOf, run } from '../fixtures/database.ts';
import { tablesWith } from '../fixtures/search-database.ts';
import { until } from '../fixtures/seed.ts';
import { type AnyBody, startTestServer, type TestServer, withExamples } from '../fixtures/server.ts';
import { fillTenant, newTenant, type Tenant } from '../fixtures/tenants.ts';

let server: TestServer;
let sibling: Awaited<ReturnType<TestServer['sibling']>>;
beforeAll(async () => {
  server = await startTestServer({ packs: withExamples('crm') });
  sibling = await server.sibling();
});
afterAll(async () => {
  await sibling?.stop();
  await server?.stop();
});

const remove = (
  account: Pick<Tenant, 'id' | 'name'>,
  options: { at?: Pick<TestServer, 'call'>; key?: string } = {},
) =>
  (options.at ?? server).call('POST', `/api/v1/accounts/${account.id}/delete`, {
    body: { confirm: account.name },
    ...(options.key && { key: options.key }),
  });
const deletionOf = async ({ id }: Tenant) => (await server.call('GET', `/api/v1/accounts/${id}/deletion`)).body;

it('is confirmed by name, is for the operator alone, and never of its own account', async () => {
  const account = await newTenant(server, 'Confirmed');
  const refused = async (answer: Promise<{ status: number; body: AnyBody }>) => {
    const { status, body } = await answer;
    return [status, body.error?.code];
  };
  expect(await refused(remove({ ...account, name: 'confirmed' }))).toEqual([409, 'confirmation_needed']);
  expect(await refused(remove(account, { key: account.secret }))).toEqual([403, 'operator_only']);
  expect(await refused(remove({ ...account, id: crypto.randomUUID() }))).toEqual([404, 'not_found']);
  const { body } = await server.call('GET', '/api/v1/whoami');
  expect(await refused(remove(body.account))).toEqual([409, 'conflict']);
  expect(await refused(deletionOf(account).then((found) => ({ status: 404, body: found })))).toEqual([
    404,
    'not_found',
  ]);
  expect((await server.call('GET', '/api/v1/whoami', { key: account.secret })).status).toBe(200);
});

it('is refused while a legal hold is on the account or on any of its tasks', async () => {
  const account = await newTenant(server, 'Held');
  const hold = await server.call('POST', '/api/v1/holds', {
    body: { kind: 'account', accountId: account.id, reason: 'a lawsuit' },
  });
  expect(hold.status).toBe(201);
  const refused = await remove(account);
  expect([refused.status, refused.body.error.code]).toEqual([409, 'held']);
  expect((await server.call('GET', '/api/v1/whoami', { key: account.secret })).status).toBe(200);
  expect((await server.call('POST', `/api/v1/holds/${hold.body.hold.id}/release`)).status).toBe(200);
  expect((await remove(account)).status).toBe(200);
  const late = await server.call('POST', '/api/v1/holds', {
    body: { kind: 'account', accountId: account.id, reason: 'too late' },
  });
  expect([409, 404]).toContain(late.status);
});

it('ends every key at once, and leaves nothing but the sums of the bill', { timeout: 300_000 }, async () => {
  const [gone, other] = [await newTenant(server, 'gone-w0rd'), await newTenant(server, 'stays')];
  const running = await fillTenant(server, gone, 'gone-w0rd');
  await fillTenant(server, other, 'stays');
  const waiting = { key: running.taskKey, body: { instruction: 'gone-w0rd' } };
  expect((await server.call('POST', '/api/v1/tasks/run', waiting)).status).toBe(202);
  const ofOther = async () => {
    // Its deliveries are tried again meanwhile, and its last calls are written down a moment after they were made.
    const all = await tablesWith(server.databaseUrl, other.id, 'stays');
    const { 'public.webhook_attempts': _, 'public.calls': calls = 0, ...tables } = all;
    return { tables, calls };
  };
  const others = await ofOther();
  const [billed] = await rowsOf(
    server.databaseUrl,
    `select count(*)::integer as calls, sum(input_tokens)::integer as tokens from model_calls where account_id = '${gone.id}'`,
  );
  expect(billed?.['calls']).toBeGreaterThan(0);
  for (const at of [server, sibling])
    expect((await at.call('GET', '/api/v1/whoami', { key: gone.secret })).status).toBe(200);

  const { status, body } = await remove(gone);
  expect([status, body.deletion.status]).toEqual([200, 'deleting']);
  for (const key of [gone.secret, running.taskKey])
    for (const at of [server, sibling]) {
      const refused = async () =>
        expect((await at.call('GET', '/api/v1/whoami', { key })).body.error?.code).toBe('key_revoked');
      await vi.waitFor(refused, { timeout: 1_000 });
    }
  expect((await remove(gone, { at: sibling })).body.deletion.requestedAt).toBe(body.deletion.requestedAt);
  await until('it is done', async () => (await deletionOf(gone)).deletion.status === 'done', 120_000);

  const found = await tablesWith(server.databaseUrl, gone.id, 'gone-w0rd');
  // That it was deleted, what it paid, and the operator's own calls about it.
  expect(Object.keys(found)).toEqual(['public.account_bills', 'public.account_deletions', 'public.audit']);
  const audit = await rowsOf(
    server.databaseUrl,
    `select command from audit where audit::text ~ '${gone.id}|gone-w0rd'`,
  );
  expect(new Set(audit.map(({ command }) => command))).toEqual(new Set(['accounts create', 'accounts delete']));
  const { tables, calls } = await ofOther();
  expect(tables).toEqual(others.tables);
  expect(calls).toBeGreaterThanOrEqual(others.calls);
  const { deletion } = await deletionOf(gone);
  expect(deletion.bill).toMatchObject([{ modelCalls: billed?.['calls'], inputTokens: billed?.['tokens'] }]);
  expect(deletion).toMatchObject({ status: 'done', blobs: 1 });
  const kept = await rowsOf(server.databaseUrl, 'select id from blobs');
  const files = (await readdir(join(server.dataDir, 'artifacts'))).filter((name) => name !== 'incoming');
  expect(files.sort()).toEqual(kept.map(({ id }) => id).sort());
  expect((await remove(gone)).body.deletion).toEqual(deletion);
});

it('takes what a slow server writes after the end, and its sums with it', { timeout: 180_000 }, async () => {
  const account = await newTenant(server, 'late');
  const removed = await remove(account);
  expect(removed.status, JSON.stringify(removed.body)).toBe(200);
  await until('it is done', async () => (await deletionOf(account)).deletion.status === 'done', 60_000);
  await run(
    server.databaseUrl,
    `insert into model_calls (id, created_at, account_id, billed_key_id, asked_model, input_tokens, output_tokens,
      cached_tokens, reasoning_tokens, cost_nano_usd, cost_source, duration_ms, outcome)
    values (gen_random_uuid(), now(), '${account.id}', gen_random_uuid(), 'm', 7, 5, 0, 0, 2000000000, 'prices', 1, 'ok');
    update account_deletions set look_at = now() where account_id = '${account.id}';
    select pg_notify('seed', 'accounts')`,
  );
  await until('it was seen', async () => (await deletionOf(account)).deletion.bill.length === 1, 60_000);
  expect((await deletionOf(account)).deletion.bill).toMatchObject([
    { modelCalls: 1, inputTokens: 7, outputTokens: 5, cost: { llm: 2, total: 2 } },
  ]);
  const left = await rowsOf(server.databaseUrl, `select from model_calls where account_id = '${account.id}'`);
  expect(left).toEqual([]);
});
