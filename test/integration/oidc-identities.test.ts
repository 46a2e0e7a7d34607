// What an identity is: it stands wherever a key does, for limits, tasks, approvals, the audit log and repeats.
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type Approving, startApproving } from '../fixtures/approvals.ts';
import { outcome } from '../fixtures/dashboard-session.ts';
import { type OidcProvider, startOidcProvider, type TokenOptions } from '../fixtures/oidc-provider.ts';
import { oidcSettingsOf } from '../fixtures/oidc-settings.ts';
import type { TestServer } from '../fixtures/server.ts';

let provider: OidcProvider;
let desk: Approving;
let server: TestServer;
let sibling: Awaited<ReturnType<TestServer['sibling']>>;

beforeAll(async () => {
  provider = await startOidcProvider();
  const { scopes } = oidcSettingsOf(provider);
  const oidc = oidcSettingsOf(provider, {
    skewSeconds: 0,
    scopes: new Map([...scopes, ['buyer', ['orders:write', 'tasks:*', 'keys:read']]]),
  });
  desk = await startApproving({ oidc });
  server = desk.server;
  sibling = await server.sibling();
});
afterAll(async () => {
  await sibling?.stop();
  await desk?.[Symbol.asyncDispose]();
  await provider?.stop();
});

let people = 0;
/** Somebody new, with tokens of the operator's account. */
function someone(...roles: string[]) {
  people += 1;
  const subject = `person-${people}`;
  const token = (more: TokenOptions & { roles?: string[] } = {}) =>
    provider.token({
      ...more,
      subject,
      claims: { account: 'default', email: `${subject}@example.com`, roles: more.roles ?? roles, ...more.claims },
    });
  const idOf = async () => (await whoami(await token())).body.key.id as string;
  return { subject, token, idOf };
}
const whoami = (key: string, at: Pick<TestServer, 'call'> = server) => at.call('GET', '/api/v1/whoami', { key });
const asAdmin = (method: string, path: string, body?: object) => server.call(method, `/api/v1${path}`, { body });
const keyOf = async (id: string) => (await asAdmin('GET', `/keys/${id}`)).body.key;

it('is one row, however many tokens come to however many servers at once', async () => {
  const { subject, token } = someone('reader');
  const tokens = await Promise.all(Array.from({ length: 6 }, () => token()));
  const answers = await Promise.all(tokens.flatMap((key) => [whoami(key), whoami(key, sibling)]));
  expect(new Set(answers.map(({ body }) => body.key.id)).size).toBe(1);
  const { body } = await asAdmin('GET', `/keys?q=${subject}`);
  expect(body.items).toMatchObject([{ scopes: ['keys:read'], identity: { subject, issuer: provider.issuer } }]);
});

it('has limits of its own, which hold for all its tokens', async () => {
  const ada = someone('buyer');
  const id = await ada.idOf();
  expect((await asAdmin('PATCH', `/keys/${id}`, { requestsPerMinute: 2, name: 'Ada' })).status).toBe(200);
  const codes = [];
  for (const key of [await ada.token(), await ada.token(), await ada.token()])
    codes.push(outcome(await whoami(key)));
  expect(codes.at(-1)).toEqual([429, 'rate_limited']);
  await asAdmin('PATCH', `/keys/${id}`, { requestsPerMinute: null, concurrentTasks: 1 });
  const post = async () =>
    server.call('POST', '/api/v1/tasks/run', { key: await ada.token(), body: { instruction: 'hi' } });
  const first = await post();
  expect(outcome(await post())).toEqual([429, 'too_many_tasks']);
  await server.call('POST', `/api/v1/tasks/${first.body.task.id}/stop`, { key: await ada.token() });
  // It is found by what the issuer calls it.
  expect((await asAdmin('GET', `/keys?q=${ada.subject}`)).body.items).toMatchObject([{ id, name: 'Ada' }]);
  // Its own name stays, whatever tokens say.
  expect(await keyOf(id)).toMatchObject({
    name: 'Ada',
    concurrentTasks: 1,
    identity: { name: expect.any(String) },
  });
});

it.each([
  ['disabled', 'PATCH', '', { enabled: false }, 'key_disabled'],
  ['revoked', 'POST', '/revoke', undefined, 'key_revoked'],
] as const)(
  '%s: no token of it, and none of its tasks, gets in a second later',
  async (_, method, path, body, code) => {
    const ada = someone('buyer');
    const id = await ada.idOf();
    const old = await ada.token();
    const task = await desk.startTask({}, old);
    const calls = [old, task.key].flatMap((key) => [server, sibling].map((at) => () => whoami(key, at)));
    for (const call of calls) expect((await call()).status).toBe(200);
    expect((await asAdmin(method, `/keys/${id}${path}`, body)).status).toBe(200);
    const refused = async (call: (typeof calls)[number]) => expect(outcome(await call())).toEqual([401, code]);
    await Promise.all(calls.map((call) => vi.waitFor(() => refused(call), { timeout: 1_000 })));
    await refused(async () => whoami(await ada.token()));
    const { body: found } = await asAdmin('GET', `/keys?q=${ada.subject}@`);
    expect(found.items).toHaveLength(1);
    if (code === 'key_disabled') {
      await asAdmin('PATCH', `/keys/${id}`, { enabled: true });
      expect((await whoami(await ada.token())).status).toBe(200);
    }
    await task.settle();
  },
);

it('has no secret to rotate', async () => {
  const answer = await asAdmin('POST', `/keys/${await someone('reader').idOf()}/rotate`);
  expect(outcome(answer)).toEqual([403, 'not_allowed']);
  expect(answer.body.error.message).toContain(provider.issuer);
});

it('a task keeps the scopes of the token that posted it, past the end of that token', async () => {
  const ada = someone('buyer');
  const brief = await ada.token({ expiresIn: 2 });
  const task = await desk.startTask({}, brief);
  await whoami(await ada.token({ roles: [] }));
  await vi.waitFor(async () => expect(outcome(await whoami(brief))).toEqual([401, 'token_expired']), {
    timeout: 10_000,
    interval: 200,
  });
  const { status, body } = await whoami(task.key);
  expect(status).toBe(200);
  expect(body.key.scopes).toEqual(expect.arrayContaining(['keys:read', 'orders:write', 'tasks:write']));
  expect((await server.call('GET', '/api/v1/keys', { key: task.key })).status).toBe(200);
  await task.settle();
});

it('shows the scopes of the newest token, and each call has those of its own', async () => {
  const ada = someone();
  const now = Math.floor(Date.now() / 1000);
  const old = await ada.token({ roles: ['worker'], claims: { iat: now - 100 } });
  const recent = await ada.token({ roles: ['reader'], claims: { iat: now - 50 } });
  const list = (key: string, at: Pick<TestServer, 'call'>) => at.call('GET', '/api/v1/tasks', { key });
  expect((await list(old, server)).status).toBe(200);
  expect(outcome(await list(recent, server))).toEqual([403, 'missing_scope']);
  const { id, scopes } = (await whoami(recent)).body.key;
  expect(scopes).toEqual(['keys:read']);
  // An older one that another server sees for the first time brings nothing back.
  expect((await list(old, sibling)).status).toBe(200);
  expect(await keyOf(id)).toMatchObject({ scopes: ['keys:read'] });
  const check = (command: string) => asAdmin('GET', `/keys/${id}/check/${encodeURIComponent(command)}`);
  expect((await check('tasks list')).body.verdict).toBe('denied');
  expect((await check('keys list')).body.verdict).toBe('allowed');
});

it('decides on nothing that it asks itself, with whatever token, nor with a key that it has made', async () => {
  const [ada, bob] = [someone('buyer', 'approver', 'key-admin'), someone('approver')];
  const asked = await server.call('POST', '/api/v1/orders', {
    key: await ada.token(),
    body: { supplier: ada.subject, total: 1 },
  });
  expect(asked.status).toBe(202);
  const made = await server.call('POST', '/api/v1/keys', {
    key: await ada.token(),
    body: { name: 'made', scopes: ['approvals:write'] },
  });
  expect(made.status).toBe(201);
  const approve = async (key: string) =>
    outcome(await server.call('POST', `/api/v1/approvals/${asked.body.approval.id}/approve`, { key }));
  expect(await approve(await ada.token({ roles: ['approver'] }))).toEqual([403, 'not_allowed']);
  expect(await approve(made.body.secret)).toEqual([403, 'not_allowed']);
  expect(await approve(await bob.token({ roles: ['buyer'] }))).toEqual([403, 'missing_scope']);
  expect(await approve(await bob.token())).toEqual([200]);
  await vi.waitFor(async () => expect(await desk.orders()).toContain(`${ada.subject} 1`));
});

it('is named by the audit log, and tokens that are not taken are calls of nobody', async () => {
  const ada = someone('key-admin');
  const id = await ada.idOf();
  const body = { name: 'of an identity', scopes: ['keys:read'] };
  const made = await server.call('POST', '/api/v1/keys', { key: await ada.token(), body });
  const { body: told } = await asAdmin('GET', `/audit?keyId=${id}`);
  expect(told.items).toMatchObject([
    { command: 'keys create', keyName: `${ada.subject}@example.com`, target: made.body.key.id, outcome: 'ok' },
  ]);
  await server.call('GET', '/api/v1/keys', { key: await ada.token({ audience: 'https://other.test' }) });
  const { body: nobody } = await asAdmin('GET', '/audit?unknownKeys=true&outcome=refused');
  expect(nobody.items[0]).toMatchObject({ code: 'invalid_token', command: 'keys list', keyId: null });
});

it('a repeat is answered as the first call was, also with the next token, and not to another', async () => {
  const [ada, bob] = [someone('key-admin'), someone('key-admin')];
  const headers = { 'idempotency-key': 'the-same' };
  const body = { name: 'once', scopes: ['keys:read'] };
  const create = async (token: string) => server.call('POST', '/api/v1/keys', { key: token, headers, body });
  const first = await create(await ada.token({ claims: { n: 1 } }));
  const again = await create(await ada.token({ claims: { n: 2 } }));
  expect([again.status, again.body]).toEqual([201, first.body]);
  expect((await create(await bob.token())).body.key.id).not.toBe(first.body.key.id);
});
