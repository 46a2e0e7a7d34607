// Calls that are answered before they are done (`Prefer: respond-async`), and what is kept of them.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rowsOf } from '../fixtures/database.ts';
import { type CallOptions, startTestServer, type TestServer } from '../fixtures/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server?.stop());

const later = (method: string, path: string, { headers, ...options }: CallOptions = {}) =>
  server.call(method, `/api/v1${path}`, { ...options, headers: { ...headers, prefer: 'respond-async' } });
const get = (id: string, key?: string, wait = 20) =>
  server.call('GET', `/api/v1/background/${id}`, { headers: { prefer: `wait=${wait}` }, ...(key && { key }) });

test('a change is done after the answer, and its result is kept for the key that made it', async () => {
  const answer = await later('POST', '/keys', { body: { name: 'slow', scopes: ['keys:read'] } });
  expect(answer.status).toBe(202);
  expect(answer.headers.get('preference-applied')).toBe('respond-async');
  const { call } = answer.body;
  expect(call).toMatchObject({ command: 'keys create', status: 'running', result: null, httpStatus: null });
  expect(answer.headers.get('location')).toBe(`/api/v1/background/${call.id}`);
  const { body } = await get(call.id);
  expect(body.call).toMatchObject({
    status: 'done',
    httpStatus: 201,
    error: null,
    result: { key: { name: 'slow' } },
  });
  expect((await server.call('GET', '/api/v1/whoami', { key: body.call.result.secret })).status).toBe(200);
  const other = await server.newKey(['*']);
  expect((await get(call.id, other.secret)).status).toBe(404);
  const [row] = await rowsOf(server.databaseUrl, `select command, status from calls where id = '${call.id}'`);
  expect(row).toEqual({ command: 'keys create', status: 201 });
  // Neither what was asked nor what was answered lies in the database as it is.
  const kept = JSON.stringify(await rowsOf(server.databaseUrl, 'select * from background_calls'));
  expect(kept).not.toContain('slow');
  expect(kept).not.toContain(body.call.result.secret);
});

test('a read, and one that fails', async () => {
  const read = await later('GET', '/keys?limit=1');
  expect((await get(read.body.call.id)).body.call).toMatchObject({
    status: 'done',
    httpStatus: 200,
    result: { items: [expect.anything()] },
  });
  const failing = await later('POST', `/keys/${crypto.randomUUID()}/revoke`, { body: {} });
  expect((await get(failing.body.call.id)).body.call).toMatchObject({
    status: 'failed',
    httpStatus: 404,
    error: { code: 'not_found' },
    result: null,
  });
});

test('what is refused before it is done is refused at once', async () => {
  const poor = await server.newKey(['keys:read']);
  expect(
    (await later('POST', '/keys', { body: { name: 'x', scopes: ['keys:read'] }, key: poor.secret })).status,
  ).toBe(403);
  expect((await later('POST', '/keys', { body: { scopes: [] } })).status).toBe(400);
  expect((await later('POST', '/keys', { body: {}, key: null })).status).toBe(401);
});

test('the same Idempotency-Key is the same call, in the background or not', async () => {
  const headers = { 'idempotency-key': 'once and later'.replaceAll(' ', '-') };
  const body = { name: 'only one', scopes: ['keys:read'] };
  const [one, two] = await Promise.all([
    later('POST', '/keys', { body, headers }),
    later('POST', '/keys', { body, headers }),
  ]);
  expect([one.status, two.status, one.body.call.id]).toEqual([202, 202, two.body.call.id]);
  await get(one.body.call.id);
  const third = await later('POST', '/keys', { body, headers });
  expect(third.headers.get('idempotent-replay')).toBe('true');
  expect(third.body.call).toMatchObject({ id: one.body.call.id, status: 'done' });
  const other = await later('POST', '/keys', { body: { ...body, name: 'another' }, headers });
  expect(other.body.error.code).toBe('idempotency_mismatch');
  const atOnce = await server.call('POST', '/api/v1/keys', { body, headers });
  expect(atOnce.body.error.code).toBe('idempotency_mismatch');
  expect(await rowsOf(server.databaseUrl, `select id from keys where name = 'only one'`)).toHaveLength(1);
});

test('a call that needs a yes asks for it', async () => {
  const asking = await server.newKey(['keys:*'], { approval: { effects: ['write'] } });
  const answer = await later('POST', '/keys', {
    body: { name: 'asked', scopes: ['keys:read'] },
    key: asking.secret,
  });
  const { body } = await get(answer.body.call.id, asking.secret);
  expect(body.call).toMatchObject({ status: 'done', httpStatus: 202, result: { approval: { state: 'pending' } } });
});

test('a key that is revoked before its call runs has it refused, and one whose server died is taken up', async () => {
  const key = await server.newKey(['keys:*']);
  const { body } = await later('GET', '/keys?limit=1', { key: key.secret });
  await get(body.call.id, key.secret);
  // As a server leaves it that dies right after its answer.
  const copy = (id: string) =>
    rowsOf(
      server.databaseUrl,
      `update background_calls set status = 'running', completed_at = null, http_status = null, sealed_result = null,
         claimed_until = now() - interval '1 second', sealed_input = null where id = '${id}'`,
      `select pg_notify('seed', 'background')`,
    );
  await copy(body.call.id);
  await expect
    .poll(async () => (await get(body.call.id, key.secret, 0)).body.call)
    .toMatchObject({ status: 'failed', error: { code: 'internal' } });
});

test('tasks that are started, what waits, streams and files are answered as ever', async () => {
  const task = await later('POST', '/tasks/run', { body: { instruction: 'x' } });
  expect([task.status, task.body.task.status]).toEqual([202, 'queued']);
  const { body } = await later('GET', '/whoami');
  expect((await get(body.call.id)).body.call.result.account).toMatchObject({ operator: true });
  const again = await later('GET', `/background/${body.call.id}`);
  expect([again.status, again.body.call.id]).toEqual([200, body.call.id]);
  await server.call('POST', `/api/v1/tasks/${task.body.task.id}/stop`, { body: {} });
});

test('a key has so many under way, and results go after a day', async () => {
  const key = await server.newKey(['keys:read']);
  await rowsOf(
    server.databaseUrl,
    `insert into background_calls (id, account_id, key_id, command, request_hash, status, requested_at, claimed_until)
     select gen_random_uuid(), (select account_id from keys where id = '${key.id}'), '${key.id}', 'keys list', 'x', 'running',
       now(), now() + interval '1 hour' from generate_series(1, 100)`,
  );
  const refused = await later('GET', '/keys', { key: key.secret });
  expect([refused.status, refused.body.error.code]).toEqual([429, 'too_many_requests']);
  const old = await later('GET', '/keys?limit=1');
  await get(old.body.call.id);
  await rowsOf(
    server.databaseUrl,
    `update background_calls set completed_at = now() - interval '25 hours' where id = '${old.body.call.id}'`,
  );
  const other = await server.sibling();
  await expect.poll(async () => (await get(old.body.call.id, undefined, 0)).status).toBe(404);
  await other.stop();
});
