// Keys over REST: expiry, limits, switching off, rotation, filters, and what tasks may do with keys.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Key } from '../../src/protocol/key.ts';
import { llmSettings } from '../fixtures/llm-settings.ts';
import { type AnyBody, startTestServer, type TestServer } from '../fixtures/server.ts';

const DAY_MS = 86_400_000;
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({
    trustedProxies: ['127.0.0.1'],
    llm: llmSettings({ baseUrl: 'http://127.0.0.1:9/v1', defaultModels: ['big'] }),
  });
});
afterAll(() => server?.stop());

const post = (path: string, body: object = {}, key = server.adminKey) =>
  server.call('POST', `/api/v1${path}`, { key, body });
const patch = (id: string, body: object, key = server.adminKey) =>
  server.call('PATCH', `/api/v1/keys/${id}`, { key, body });
const whoami = (key: string, headers: Record<string, string> = {}) =>
  server.call('GET', '/api/v1/whoami', { key, headers });
const get = async (id: string): Promise<Key> => (await server.call('GET', `/api/v1/keys/${id}`)).body.key;
const run = (key: string, more: object = {}) => post('/tasks/run', { instruction: 'hi', ...more }, key);
const codeOf = ({ body }: { body: AnyBody }) => body.error?.code ?? 'none';
const daysFromNow = (time: string | null) => time && Math.round((Date.parse(time) - Date.now()) / DAY_MS);

describe('a new key', () => {
  it.each([
    [{}, 90],
    [{ expiresIn: '30d' }, 30],
    [{ expiresAt: new Date(Date.now() + 2 * DAY_MS).toISOString() }, 2],
    [{ expiresIn: 'never' }, null],
  ])('with %j lives for %j days', async (expiry, days) => {
    const { body } = await post('/keys', { name: 'k', scopes: ['keys:read'], ...expiry });
    expect(daysFromNow(body.key.expiresAt)).toBe(days);
  });

  it('keeps its labels and limits, which whoami tells', async () => {
    const limits = {
      allowedCidrs: ['127.0.0.0/8', '::1'],
      requestsPerMinute: 100,
      concurrentTasks: 2,
      allowedModels: ['small'],
      metadata: { team: 'ops' },
      tasksMayCreateLastingKeys: true,
    };
    const { secret } = await server.newKey(['keys:read'], limits);
    expect((await whoami(secret)).body.key).toMatchObject({ ...limits, status: 'active' });
  });

  it.each([
    [{ expiresIn: '30 days' }, 'invalid_input'],
    [{ expiresIn: '1d', expiresAt: '2099-01-01T00:00:00Z' }, 'invalid_input'],
    [{ allowedCidrs: ['10.0.0.0/33'] }, 'invalid_input'],
    [{ allowedCidrs: [] }, 'invalid_input'],
    [{ requestsPerMinute: 0 }, 'invalid_input'],
    [{ allowedModels: ['some:online'] }, 'unknown_model'],
    [{ metadata: { a: 1 } }, 'invalid_input'],
  ])('is refused with %j', async (more, code) => {
    expect(codeOf(await post('/keys', { name: 'k', scopes: ['keys:read'], ...more }))).toBe(code);
  });

  it('has at most the limits of the key that makes it, and those when nothing is said', async () => {
    const own = {
      allowedCidrs: ['127.0.0.0/8'],
      requestsPerMinute: 1000,
      concurrentTasks: 2,
      allowedModels: ['small'],
    };
    const { secret } = await server.newKey(['keys:*'], own);
    const create = (more: object) => post('/keys', { name: 'k', scopes: ['keys:read'], ...more }, secret);
    expect((await create({})).body.key).toMatchObject(own);
    expect((await create({ allowedCidrs: ['127.0.0.1'], requestsPerMinute: 1 })).status).toBe(201);
    for (const wider of [
      { allowedCidrs: ['0.0.0.0/0'] },
      { allowedCidrs: null },
      { requestsPerMinute: 1001 },
      { concurrentTasks: null },
      { allowedModels: ['small', 'big'] },
    ]) {
      expect(codeOf(await create(wider))).toBe('not_allowed');
    }
  });
});

describe('keys update', () => {
  it('changes what is named and nothing else, and lifts limits with null', async () => {
    const { id } = await server.newKey(['keys:read'], {
      requestsPerMinute: 5,
      allowedModels: ['a'],
      metadata: { a: 'b' },
    });
    const changed = await patch(id, { name: 'renamed', requestsPerMinute: null, allowedModels: null });
    expect(changed.body.key).toMatchObject({
      name: 'renamed',
      requestsPerMinute: null,
      allowedModels: null,
      metadata: { a: 'b' },
    });
    expect(await get(id)).toEqual(changed.body.key);
  });

  it('is refused with nothing to change, for revoked keys, and for limits beyond the own', async () => {
    const { id } = await server.newKey(['keys:read']);
    const narrow = await server.newKey(['keys:*'], { requestsPerMinute: 50 });
    expect(codeOf(await patch(id, {}))).toBe('invalid_input');
    expect(codeOf(await patch(narrow.id, { requestsPerMinute: null }, narrow.secret))).toBe('not_allowed');
    await post(`/keys/${id}/revoke`);
    expect(codeOf(await patch(id, { name: 'x' }))).toBe('conflict');
    expect(codeOf(await patch(randomUUID(), { name: 'x' }))).toBe('not_found');
  });

  it('switches a key off and on again, with its running tasks', async () => {
    const caller = await server.newKey(['keys:read', 'tasks:*']);
    const task = await run(caller.secret);
    const lease = await server.runner().lease();
    expect((await whoami(lease.taskKey)).status).toBe(200);
    expect((await patch(caller.id, { enabled: false })).body.key.status).toBe('disabled');
    expect(codeOf(await whoami(caller.secret))).toBe('key_disabled');
    expect(codeOf(await whoami(lease.taskKey))).toBe('key_disabled');
    await patch(caller.id, { enabled: true });
    expect((await whoami(caller.secret)).status).toBe(200);
    expect((await whoami(lease.taskKey)).status).toBe(200);
    await post(`/tasks/${task.body.task.id}/stop`);
  });
});

describe('keys rotate', () => {
  it('gives a new secret to the same key; the one before works as well for the grace', async () => {
    const { id, secret } = await server.newKey(['keys:read'], { expiresIn: '30d' });
    const { body } = await post(`/keys/${id}/rotate`);
    expect(body.secret).toMatch(/^sk_live_/);
    expect(body.key).toMatchObject({ id, prefix: body.secret.slice(0, 12), status: 'active' });
    expect(daysFromNow(body.key.expiresAt)).toBe(30);
    expect(daysFromNow(body.key.previousSecretUntil)).toBe(1);
    for (const each of [secret, body.secret]) expect((await whoami(each)).body.key.id).toBe(id);
    const { body: last } = await post(`/keys/${id}/rotate`, { grace: '0m', expiresIn: 'never' });
    expect(last.key).toMatchObject({ expiresAt: null, previousSecretUntil: null });
    // Without grace all secrets before are over, also those whose own grace was not.
    for (const each of [secret, body.secret]) expect(codeOf(await whoami(each))).toBe('key_rotated');
    expect((await whoami(last.secret)).body.key.id).toBe(id);
    await post(`/keys/${id}/revoke`);
    expect(codeOf(await whoami(secret))).toBe('key_revoked');
  });

  it('needs all that the key has: nobody gets more by rotating', async () => {
    const writer = await server.newKey(['keys:write']);
    const admin = (await whoami(server.adminKey)).body.key.id;
    expect(codeOf(await post(`/keys/${admin}/rotate`, {}, writer.secret))).toBe('missing_scope');
    const lasting = await server.newKey(['keys:write'], { expiresIn: 'never' });
    const { body } = await post(`/keys/${lasting.id}/rotate`, {}, writer.secret);
    expect(codeOf({ body })).toBe('not_allowed');
    expect((await post(`/keys/${lasting.id}/rotate`, { expiresIn: '1d' }, writer.secret)).status).toBe(200);
    const narrow = await server.newKey(['keys:write'], { allowedCidrs: ['127.0.0.1'] });
    expect(codeOf(await post(`/keys/${writer.id}/rotate`, {}, narrow.secret))).toBe('not_allowed');
    expect((await whoami(writer.secret)).status).toBe(200);
  });

  it('is refused for revoked keys and for another account', async () => {
    const { id } = await server.newKey(['keys:read']);
    const other = await post('/accounts', { name: 'Other' });
    expect(codeOf(await post(`/keys/${id}/rotate`, {}, other.body.secret))).toBe('not_found');
    expect(
      codeOf(await server.call('PATCH', `/api/v1/keys/${id}`, { key: other.body.secret, body: { name: 'x' } })),
    ).toBe('not_found');
    await post(`/keys/${id}/revoke`);
    expect(codeOf(await post(`/keys/${id}/rotate`))).toBe('conflict');
  });
});

describe('address, rate and scope', () => {
  it('are checked in this order, and a call from elsewhere uses up no rate', async () => {
    const { id, secret } = await server.newKey(['keys:read'], {
      allowedCidrs: ['203.0.113.0/24'],
      requestsPerMinute: 2,
    });
    const from = (address: string) =>
      server.call('GET', '/api/v1/tasks', { key: secret, headers: { 'x-forwarded-for': address } });
    for (let i = 0; i < 3; i++) expect(codeOf(await from('198.51.100.7'))).toBe('address_not_allowed');
    expect(codeOf(await from('198.51.100.7, 203.0.113.9'))).toBe('missing_scope');
    const second = await from('203.0.113.9');
    expect(codeOf(second)).toBe('missing_scope');
    expect(second.headers.get('ratelimit-policy')).toBe('"requests";q=2;w=60');
    expect(second.headers.get('ratelimit')).toMatch(/^"requests";r=0;t=(59|60)$/);
    const third = await from('203.0.113.9');
    expect(codeOf(third)).toBe('rate_limited');
    expect(third.status).toBe(429);
    expect(Number(third.headers.get('retry-after'))).toBeGreaterThanOrEqual(29);
    expect(third.headers.get('ratelimit')).toMatch(/r=0/);
    expect((await get(id)).status).toBe('active');
  });

  it('a key without a limit is told none', async () => {
    expect((await whoami(server.adminKey)).headers.has('ratelimit')).toBe(false);
  });

  it('the commands of a task count for the key behind it', async () => {
    const caller = await server.newKey(['keys:read', 'tasks:*'], { requestsPerMinute: 3 });
    const { body } = await run(caller.secret);
    const lease = await server.runner().lease();
    const answers = [await whoami(lease.taskKey), await whoami(lease.taskKey), await whoami(lease.taskKey)];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(codeOf(await whoami(caller.secret))).toBe('rate_limited');
    await post(`/tasks/${body.task.id}/stop`);
  });
});

describe('tasks of a key', () => {
  it('are as many at a time as it may have, counted across servers', async () => {
    const caller = await server.newKey(['tasks:*'], { concurrentTasks: 3 });
    const other = await server.sibling();
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        (i % 2 ? server : other).call('POST', '/api/v1/tasks/run', {
          key: caller.secret,
          body: { instruction: 'hi' },
        }),
      ),
    );
    await other.stop();
    const accepted = answers.filter(({ status }) => status === 202);
    expect(accepted).toHaveLength(3);
    for (const { status, body, headers } of answers.filter((answer) => !accepted.includes(answer))) {
      expect([status, body.error.code]).toEqual([429, 'too_many_tasks']);
      expect(headers.get('retry-after')).toBe('5');
    }
    const ids = accepted.map(({ body }) => body.task.id);
    await post(`/tasks/${ids.pop()}/stop`);
    ids.push((await run(caller.secret)).body.task.id);
    expect(codeOf(await run(caller.secret))).toBe('too_many_tasks');
    for (const id of ids) await post(`/tasks/${id}/stop`);
  });

  it('that tasks start count for the key at the root', async () => {
    const caller = await server.newKey(['tasks:*'], { concurrentTasks: 2 });
    const parent = await run(caller.secret);
    const lease = await server.runner().lease();
    const child = await run(lease.taskKey);
    expect(child.status).toBe(202);
    expect(codeOf(await run(lease.taskKey))).toBe('too_many_tasks');
    expect(codeOf(await run(caller.secret))).toBe('too_many_tasks');
    // With the parent ends the child, and neither counts any more.
    await post(`/tasks/${parent.body.task.id}/stop`);
    const next = [await run(caller.secret), await run(caller.secret)];
    expect(next.map(({ status }) => status)).toEqual([202, 202]);
    for (const { body } of next) await post(`/tasks/${body.task.id}/stop`);
  });

  it('use only its models: at the start, by default, and at each model call', async () => {
    const caller = await server.newKey(['tasks:*'], { allowedModels: ['small', 'smaller'] });
    expect(await run(caller.secret, { model: 'big' })).toMatchObject({
      status: 403,
      body: { error: { code: 'model_not_allowed', hint: 'It may use: small, smaller.' } },
    });
    const { body } = await run(caller.secret);
    expect(body.task.model).toBe('small');
    const lease = await server.runner().lease();
    const complete = () =>
      server.call('POST', '/llm/v1/chat/completions', {
        key: lease.taskKey,
        body: { model: 'small', messages: [{ role: 'user', content: 'hi' }] },
      });
    expect(codeOf(await complete())).toBe('llm_unavailable');
    await patch(caller.id, { allowedModels: ['smaller'] });
    expect(codeOf(await complete())).toBe('model_not_allowed');
    await post(`/tasks/${body.task.id}/stop`);
  });
});

describe('keys that a task creates', () => {
  const startTask = async (more: object = {}) => {
    const caller = await server.newKey(['keys:*', 'tasks:*'], more);
    await run(caller.secret);
    const runner = server.runner();
    const lease = await runner.lease();
    return { caller, lease, end: () => runner.settle(lease) };
  };

  it('end with the task, at the latest at its deadline, and have at most what it has', async () => {
    const { lease, end } = await startTask();
    const create = (more: object = {}) =>
      post('/keys', { name: 'by task', scopes: ['keys:read', 'keys:write'], ...more }, lease.taskKey);
    const { body } = await create();
    expect(body.key.expiresAt).toBe(lease.deadline);
    for (const more of [{ expiresIn: '1d' }, { expiresIn: 'never' }, { tasksMayCreateLastingKeys: true }])
      expect(codeOf(await create(more))).toBe('not_allowed');
    expect(codeOf(await create({ scopes: ['audit:read'] }))).toBe('missing_scope');
    // What such a key creates ends with the task as well.
    const { body: second } = await post('/keys', { name: 'by that', scopes: ['keys:read'] }, body.secret);
    expect(second.key.expiresAt).toBe(lease.deadline);
    expect((await whoami(second.secret)).status).toBe(200);
    await end();
    for (const { key, secret } of [body, second]) {
      expect(codeOf(await whoami(secret))).toBe('key_revoked');
      expect((await get(key.id)).status).toBe('revoked');
    }
  });

  it('live on when the key behind the task allows it, no longer than that one', async () => {
    const { lease, end } = await startTask({ tasksMayCreateLastingKeys: true, expiresIn: '10d' });
    const create = (more: object) =>
      post('/keys', { name: 'lasting', scopes: ['keys:read'], ...more }, lease.taskKey);
    expect(codeOf(await create({ expiresIn: '11d' }))).toBe('not_allowed');
    expect(codeOf(await create({ tasksMayCreateLastingKeys: true }))).toBe('not_allowed');
    const { body } = await create({ expiresIn: '5d' });
    await end();
    expect((await whoami(body.secret)).body.key.status).toBe('active');
    expect(codeOf(await whoami(lease.taskKey))).toBe('key_revoked');
  });

  it('are all it can hand out: it rotates none, changes no task key, and loosens nothing', async () => {
    const { caller, lease, end } = await startTask();
    const victim = await server.newKey(['keys:read'], { expiresIn: '1h' });
    expect(codeOf(await post(`/keys/${victim.id}/rotate`, {}, lease.taskKey))).toBe('not_allowed');
    const own = (await whoami(lease.taskKey)).body.key.id;
    expect(codeOf(await patch(own, { name: 'mine' }))).toBe('not_allowed');
    expect(codeOf(await post(`/keys/${own}/rotate`))).toBe('not_allowed');
    expect(codeOf(await patch(caller.id, { tasksMayCreateLastingKeys: true }, lease.taskKey))).toBe('not_allowed');
    await end();
  });
});

describe('keys list', () => {
  it('finds keys by name, prefix and id, literally', async () => {
    const odd = await server.newKey(['keys:read'], { name: '100%_sure \\ now' });
    const find = async (q: string) =>
      (await server.call('GET', `/api/v1/keys?limit=100&q=${encodeURIComponent(q)}`)).body.items.map(
        (key: Key) => key.id,
      );
    expect(await find('%_SURE')).toEqual([odd.id]);
    expect(await find('e \\ n')).toEqual([odd.id]);
    expect(await find('1_0%')).toEqual([]);
    expect(await find(odd.id.slice(0, 13))).toEqual([odd.id]);
    expect(await find(odd.secret.slice(0, 12))).toEqual([odd.id]);
  });

  it('filters by status and by time without use', async () => {
    const { id } = await server.newKey(['keys:read'], { name: 'to be switched off' });
    await patch(id, { enabled: false });
    const disabled = await server.call('GET', '/api/v1/keys?status=disabled');
    expect(disabled.body.items.map((key: Key) => key.id)).toEqual([id]);
    expect((await server.call('GET', '/api/v1/keys?unusedForDays=1')).body.items).toEqual([]);
    expect(codeOf(await server.call('GET', '/api/v1/keys?unusedForDays=0'))).toBe('invalid_input');
  });
});

describe('lastUsedAt', () => {
  it('is written by no request but in batches, and the later of two servers counts', async () => {
    const { id, secret } = await server.newKey(['keys:read']);
    const other = await server.sibling();
    const before = Date.now();
    await other.call('GET', '/api/v1/whoami', { key: secret });
    await server.call('GET', '/api/v1/whoami', { key: secret });
    const refused = await server.newKey(['keys:read'], { allowedCidrs: ['203.0.113.1'] });
    await other.call('GET', '/api/v1/whoami', { key: refused.secret });
    expect((await get(id)).lastUsedAt).toBeNull();
    await other.stop();
    expect(Date.parse((await get(id)).lastUsedAt ?? '')).toBeGreaterThanOrEqual(before);
    expect((await get(refused.id)).lastUsedAt).toBeNull();
  });
});

describe('the last key of an account that may do everything', () => {
  /** An account of its own, whose first key is its only unlimited one. */
  async function account() {
    const { body } = await post('/accounts', { name: 'lockable' });
    return { id: body.key.id as string, secret: body.secret as string };
  }
  const change = ({ id, secret }: { id: string; secret: string }, way: string, body: object) =>
    way === 'update' ? patch(id, body, secret) : post(`/keys/${id}/${way}`, body, secret);
  const WAYS = [
    ['revoke', {}],
    ['update', { enabled: false }],
    ['update', { allowedCidrs: ['10.0.0.0/8'] }],
    ['update', { requestsPerMinute: 10 }],
    ['update', { spendPerDay: 1 }],
    ['update', { allowedModels: ['big'] }],
    ['rotate', { expiresIn: '30d' }],
    ['rotate', { grace: '0m', expiresAt: '2099-01-01T00:00:00Z' }],
  ] as const;

  it.each(WAYS)('is not lost by %s %j unless that is said', async (way, body) => {
    const key = await account();
    // None of these is another that may do everything, for ever.
    for (const more of [{ expiresIn: '8w' }, { scopes: ['keys:*'] }, { requestsPerMinute: 5 }]) {
      const other = { name: 'other', scopes: ['*'], expiresIn: 'never', ...more };
      expect((await post('/keys', other, key.secret)).status).toBe(201);
    }
    const refused = await change(key, way, body);
    expect(refused).toMatchObject({ status: 409, body: { error: { code: 'confirmation_needed' } } });
    expect(refused.body.error.hint).toContain('--yes');
    expect((await whoami(key.secret)).body.key).toMatchObject({ expiresAt: null, requestsPerMinute: null });
    expect((await change(key, way, { ...body, yes: true })).status).toBe(200);
  });

  it.each(WAYS)('is no longer the last beside another one: %s %j', async (way, body) => {
    const key = await account();
    await post('/keys', { name: 'other', scopes: ['*'], expiresIn: 'never' }, key.secret);
    expect((await change(key, way, body)).status).toBe(200);
  });

  it('what takes nothing away asks nothing', async () => {
    const key = await account();
    expect((await patch(key.id, { name: 'renamed' }, key.secret)).status).toBe(200);
    expect((await post(`/keys/${key.id}/rotate`, {}, key.secret)).status).toBe(200);
  });

  it('two that revoke each other at once leave one', async () => {
    const key = await account();
    const other = (await post('/keys', { name: 'other', scopes: ['*'], expiresIn: 'never' }, key.secret)).body;
    const answers = await Promise.all([
      post(`/keys/${other.key.id}/revoke`, {}, key.secret),
      post(`/keys/${key.id}/revoke`, {}, other.secret),
    ]);
    const working = [await whoami(key.secret), await whoami(other.secret)].filter(({ status }) => status === 200);
    expect(working).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });
});
