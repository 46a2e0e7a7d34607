// Webhooks over REST: endpoints, what they hear, signatures that the reference library checks, history and replay.
import { Client } from 'pg';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../fixtures/seed.ts';
import { type AnyBody, startTestServer, type TestServer, withExamples } from '../fixtures/server.ts';
import { type Delivered, startReceiver, status, type WebhookReceiver } from '../fixtures/webhook-receiver.ts';

let server: TestServer;
let receiver: WebhookReceiver;
let database: Client;
let made: string[] = [];

beforeAll(async () => {
  server = await startTestServer({ webhookNetworks: ['127.0.0.0/8'] });
  database = new Client({ connectionString: server.databaseUrl });
  await database.connect();
});
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(async () => {
  for (const id of made) await call('DELETE', `/webhooks/${id}`);
  made = [];
  await receiver.close();
});
afterAll(async () => {
  await database?.end();
  await server?.stop();
});

const call = async (method: string, path: string, body?: object, key?: string): Promise<AnyBody> =>
  (await server.call(method, `/api/v1${path}`, { ...(body && { body }), ...(key !== undefined && { key }) })).body;
const create = async (more: object = {}): Promise<AnyBody> => {
  const answer = await call('POST', '/webhooks', { url: `${receiver.url}/hook`, ...more });
  if (answer.webhook) made.push(answer.webhook.id);
  return answer;
};
const verify = (secret: string, { raw, headers }: Delivered) => new Webhook(secret).verify(raw, headers);

describe('an endpoint', () => {
  it('is made with a secret that is shown this once, changed, and deleted', async () => {
    const { webhook, secret } = await create({
      events: ['task.*', 'task.*', 'key.created'],
      description: 'chat',
    });
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(webhook).toMatchObject({
      url: `${receiver.url}/hook`,
      description: 'chat',
      events: ['task.*', 'key.created'],
      enabled: true,
      disabledReason: null,
      failingSince: null,
      previousSecretUntil: null,
    });
    expect((await call('GET', `/webhooks/${webhook.id}`)).webhook).toEqual(webhook);
    expect((await call('GET', '/webhooks')).items).toEqual([webhook]);
    const off = await call('PATCH', `/webhooks/${webhook.id}`, { enabled: false, events: ['*'] });
    expect(off.webhook).toMatchObject({ enabled: false, disabledReason: 'switched_off', events: ['*'] });
    const on = await call('PATCH', `/webhooks/${webhook.id}`, { enabled: true, url: 'https://example.com' });
    expect(on.webhook).toMatchObject({ enabled: true, disabledReason: null, url: 'https://example.com/' });
    expect((await call('DELETE', `/webhooks/${webhook.id}`)).webhook.id).toBe(webhook.id);
    expect((await call('GET', `/webhooks/${webhook.id}`)).error.code).toBe('not_found');
    expect(JSON.stringify(await call('GET', '/webhooks'))).not.toContain(secret);
  });

  it.each([
    [{ url: 'ftp://example.com' }, /neither https nor http/],
    [{ url: 'nonsense' }, /not a URL/],
    [{ url: 'https://user:pass@example.com' }, /user name or password/],
    [{ url: 'https://example.com/#x' }, /fragment/],
    [{ url: 'http://10.0.0.1/' }, /10\.0\.0\.1, which is no public address/],
    [{ url: 'https://example.com', events: ['task.nothing'] }, /no events of type task\.nothing/],
    [{ url: 'https://example.com', events: ['pets.*'] }, /pets\.\*/],
    [{ url: 'https://example.com', events: ['Task'] }, /types are written/],
    [{ url: 'https://example.com', events: [] }, /events/],
    [{ url: `https://${'x'.repeat(2048)}` }, /2048/],
    [{ url: 'https://example.com', secret: 'whsec_x' }, /unknown field: secret/],
  ])('refuses what cannot be: case %#', async (body, message) => {
    expect((await call('POST', '/webhooks', body)).error).toMatchObject({
      code: 'invalid_input',
      message: expect.stringMatching(message),
    });
  });

  it('needs the scopes, and belongs to one account', async () => {
    const { webhook } = await create();
    await call('POST', '/keys', { name: 'x', scopes: ['keys:read'] });
    const [delivered] = await receiver.has(1, ({ body }) => body.type === 'key.created');
    const deliveries = (await call('GET', `/webhooks/deliveries?webhookId=${webhook.id}`)).items;
    const reader = (await server.newKey(['webhooks:read'])).secret;
    expect((await call('GET', `/webhooks/${webhook.id}`, undefined, reader)).webhook.id).toBe(webhook.id);
    expect((await call('POST', `/webhooks/${webhook.id}/rotate`, {}, reader)).error.code).toBe('missing_scope');
    const other = (await call('POST', '/accounts', { name: 'other' })).secret;
    const eventId = delivered?.headers['webhook-id'];
    for (const [method, path] of [
      ['GET', `/webhooks/${webhook.id}`],
      ['PATCH', `/webhooks/${webhook.id}`],
      ['DELETE', `/webhooks/${webhook.id}`],
      ['POST', `/webhooks/${webhook.id}/rotate`],
      ['POST', `/webhooks/${webhook.id}/test`],
      ['GET', `/webhooks/events/${eventId}`],
      ['GET', `/webhooks/deliveries/${deliveries[0].id}`],
      ['POST', `/webhooks/deliveries/${deliveries[0].id}/replay`],
    ] as const) {
      const body = { PATCH: { description: 'mine' }, GET: undefined, DELETE: undefined, POST: {} }[method];
      const answer = await call(method, path, body, other);
      expect(answer.error?.code, `${method} ${path}`).toBe('not_found');
    }
    expect((await call('GET', '/webhooks/deliveries', undefined, other)).items).toEqual([]);
    expect((await call('GET', `/webhooks/${webhook.id}`)).webhook).toEqual(webhook);
  });

  it('is made once for one Idempotency-Key, and its first secret is the one that signs', async () => {
    const headers = { 'idempotency-key': 'the-same' };
    const body = { url: `${receiver.url}/once`, events: ['key.created'] };
    const post = () => server.call('POST', '/api/v1/webhooks', { body, headers });
    const [one, again] = await Promise.all([post(), post()]);
    expect(again.body).toEqual(one.body);
    made.push(one.body.webhook.id);
    await call('POST', '/keys', { name: 'x', scopes: ['keys:read'] });
    const [delivered] = await receiver.has(1, ({ path }) => path === '/once');
    if (!delivered) throw new Error('nothing came');
    verify(one.body.secret, delivered);
  });

  it('that is deleted while it gets a new secret has either happened before or is not there', async () => {
    for (let round = 0; round < 30; round += 1) {
      const { webhook } = await create();
      const path = `/api/v1/webhooks/${webhook.id}`;
      const rotated = server.call('POST', `${path}/rotate`);
      const deleted = server.call('DELETE', path);
      expect([200, 404]).toContain((await rotated).status);
      expect((await deleted).status).toBe(200);
    }
  });

  it('there are at most a hundred of an account', async () => {
    const { secret } = await call('POST', '/accounts', { name: 'many' });
    const answers = await Promise.all(
      Array.from({ length: 102 }, () => call('POST', '/webhooks', { url: 'https://example.com' }, secret)),
    );
    expect(answers.filter(({ webhook }) => webhook)).toHaveLength(100);
    expect(answers.find(({ error }) => error)?.error.code).toBe('conflict');
  });
});

describe('a delivery', () => {
  it('is what the specification says, and the reference library verifies it', async () => {
    const { secret } = await create({ events: ['key.*'] });
    const { key } = await call('POST', '/keys', { name: 'näme 🔑', scopes: ['keys:read'] });
    const [delivered] = await receiver.has(1);
    if (!delivered) throw new Error('nothing came');
    const { headers, body, raw } = delivered;
    expect(verify(secret, delivered)).toEqual(body);
    expect(body).toEqual({
      type: 'key.created',
      timestamp: key.createdAt,
      data: {
        keyId: key.id,
        name: 'näme 🔑',
        scopes: ['keys:read'],
        expiresAt: key.expiresAt,
        createdBy: expect.any(String),
      },
    });
    expect(headers['content-type']).toBe('application/json');
    expect(headers['webhook-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1000)).toBeLessThan(20);
    const { webhook: _webhook, secret: foreign } = await create({ enabled: false });
    expect(() => verify(foreign, delivered)).toThrow();
    expect(() => verify(secret, { ...delivered, raw: raw.replace('key.created', 'key.revoked') })).toThrow();
    const old = String(Number(headers['webhook-timestamp']) - 600);
    expect(() => verify(secret, { ...delivered, headers: { ...headers, 'webhook-timestamp': old } })).toThrow();
  });

  it('is signed with both secrets for the time of a rotation, and with the new one alone without one', async () => {
    const { webhook, secret } = await create({ events: ['key.*'] });
    const first = await call('POST', `/webhooks/${webhook.id}/rotate`);
    const inADay = Date.parse(first.webhook.previousSecretUntil) - Date.now();
    expect(Math.abs(inADay - 86_400_000)).toBeLessThan(60_000);
    await call('POST', '/keys', { name: 'x', scopes: ['keys:read'] });
    const [both] = await receiver.has(1);
    if (!both) throw new Error('nothing came');
    verify(secret, both);
    verify(first.secret, both);
    const second = await call('POST', `/webhooks/${webhook.id}/rotate`, { grace: '0m' });
    expect(second.webhook.previousSecretUntil).toBeNull();
    await call('POST', '/keys', { name: 'y', scopes: ['keys:read'] });
    const [, one] = await receiver.has(2);
    if (!one) throw new Error('nothing came');
    verify(second.secret, one);
    for (const replaced of [secret, first.secret]) expect(() => verify(replaced, one)).toThrow();
    for (let rotation = 0; rotation < 8; rotation += 1) await call('POST', `/webhooks/${webhook.id}/rotate`);
    await call('POST', '/keys', { name: 'z', scopes: ['keys:read'] });
    const [, , last] = await receiver.has(3);
    expect(last?.headers['webhook-signature']?.split(' ')).toHaveLength(5);
  });

  it('goes to those who want it and to no others', async () => {
    const paths = { '/all': ['*'], '/keys': ['key.*'], '/created': ['key.created'], '/tasks': ['task.*'] };
    for (const [path, events] of Object.entries(paths)) await create({ url: receiver.url + path, events });
    const { key } = await call('POST', '/keys', { name: 'x', scopes: ['keys:read'] });
    await call('POST', `/keys/${key.id}/revoke`);
    await call('POST', `/keys/${key.id}/revoke`);
    await receiver.has(5);
    const { task } = await call('POST', '/tasks/run', { instruction: 'hi' });
    await call('POST', `/tasks/${task.id}/stop`);
    await receiver.has(7);
    const got = (path: string) =>
      receiver.received
        .filter((delivered) => delivered.path === path)
        .map(({ body }) => body.type)
        .sort();
    expect(got('/all')).toEqual(['key.created', 'key.revoked', 'task.stopped']);
    expect(got('/keys')).toEqual(['key.created', 'key.revoked']);
    expect(got('/created')).toEqual(['key.created']);
    expect(got('/tasks')).toEqual(['task.stopped']);
    const ids = new Set(receiver.received.map(({ headers }) => headers['webhook-id']));
    expect(ids.size).toBe(3);
  });

  it('of a test tells at once what came of it, and is tried once', async () => {
    receiver.answer(status(500, {}, 'no, thanks'));
    const { webhook } = await create({ events: ['task.*'] });
    const { delivery } = await call('POST', `/webhooks/${webhook.id}/test`);
    expect(delivery).toMatchObject({
      eventType: 'webhook.test',
      status: 'failed',
      webhookId: webhook.id,
      url: `${receiver.url}/hook`,
      attempts: [{ status: 500, error: null, answer: 'no, thanks' }],
    });
    receiver.answer(status(200));
    expect((await call('POST', `/webhooks/${webhook.id}/test`)).delivery.status).toBe('delivered');
    await call('PATCH', `/webhooks/${webhook.id}`, { enabled: false });
    expect((await call('POST', `/webhooks/${webhook.id}/test`)).error.code).toBe('conflict');
  });
});

describe('the events of tasks', () => {
  it('go to the webhookUrl of a run, once each, signed with the default secret, cost included', async () => {
    const { secret } = await call('POST', '/webhooks/default-secret/rotate');
    const runner = server.runner();
    await runner.appear();
    const { task } = await call('POST', '/tasks/run', {
      instruction: 'hi',
      webhookUrl: `${receiver.url}/mine`,
    });
    await call('POST', '/tasks/run', { instruction: 'another' });
    const lease = await runner.lease();
    expect(lease.taskId).toBe(task.id);
    const usage = { cpuSeconds: 2, peakMemoryBytes: 1, wallMs: 3_000 };
    expect(await runner.settle(lease, { stdout: 'the answer', usage })).toBe(204);
    const [started, completed] = (await receiver.has(2)).sort((a, b) => (a.body.type > b.body.type ? -1 : 1));
    if (!started || !completed) throw new Error('nothing came');
    verify(secret, started);
    verify(secret, completed);
    expect(started.body).toMatchObject({
      type: 'task.started',
      data: { taskId: task.id, status: 'running' },
    });
    const ended = (await call('GET', `/tasks/${task.id}`)).task;
    expect(ended.cost.total).toBeGreaterThan(0);
    expect(completed.body).toEqual({
      type: 'task.completed',
      timestamp: ended.completedAt,
      data: {
        taskId: task.id,
        status: 'completed',
        keyId: task.keyId,
        parentTaskId: null,
        createdAt: task.createdAt,
        startedAt: ended.startedAt,
        completedAt: ended.completedAt,
        exitCode: 0,
        inputTokens: 0,
        outputTokens: 0,
        cost: ended.cost,
        error: null,
      },
    });
    expect(receiver.received.every(({ path }) => path === '/mine')).toBe(true);
    expect(JSON.stringify(receiver.received)).not.toContain('the answer');
  });

  it('that fail carry the code and the message', async () => {
    await create({ events: ['task.failed'] });
    const runner = server.runner();
    await runner.appear();
    const { task } = await call('POST', '/tasks/run', { instruction: 'hi' });
    let lease = await runner.lease();
    while (lease.taskId !== task.id) lease = await runner.lease();
    const error = { code: 'out_of_memory' as const, message: 'It took too much.' };
    await runner.settle(lease, { outcome: 'failed', error, exitCode: 137 });
    const [failed] = await receiver.has(1);
    expect(failed?.body.data).toMatchObject({ taskId: task.id, status: 'failed', error, exitCode: 137 });
  });

  it('need webhooks:write when a task is to send them somewhere', async () => {
    const runner = server.runner();
    await runner.appear();
    const post = async (scopes: string[]) => {
      const { task } = await call('POST', '/tasks/run', { instruction: 'hi', scopes });
      let lease = await runner.lease();
      while (lease.taskId !== task.id) lease = await runner.lease();
      return lease.taskKey;
    };
    const body = { instruction: 'out', webhookUrl: `${receiver.url}/?what=it-has-read` };
    expect((await call('POST', '/tasks/run', body, await post(['tasks:*']))).error.code).toBe('missing_scope');
    const allowed = await post(['tasks:*', 'webhooks:write']);
    expect((await call('POST', '/tasks/run', body, allowed)).task.status).toBe('queued');
    expect((await call('POST', '/tasks/run', { ...body, webhookUrl: 'http://10.1.1.1' })).error.code).toBe(
      'invalid_input',
    );
  });
});

describe('the history', () => {
  it('is of types that are listed, those of packs included', async () => {
    const types = (await call('GET', '/webhooks/types')).items;
    expect(types).toContainEqual({ name: 'task.stopped', summary: 'A task was stopped' });
    const withPack = await startTestServer({ packs: withExamples('devops') });
    const { body } = await withPack.call('GET', '/api/v1/webhooks/types');
    await withPack.stop();
    expect(body.items.map(({ name }: { name: string }) => name)).toContain('incident.created');
    expect(body.items.length).toBeGreaterThan(types.length);
  });

  it('lists events by type and time, each with what became of it', async () => {
    const since = new Date().toISOString();
    const { webhook } = await create({ events: ['key.created'] });
    const { key } = await call('POST', '/keys', { name: 'x', scopes: ['keys:read'] });
    await call('POST', `/keys/${key.id}/revoke`);
    const list = async (query: string) => (await call('GET', `/webhooks/events?since=${since}&${query}`)).items;
    expect((await list('')).map(({ type }: AnyBody) => type)).toEqual(['key.revoked', 'key.created']);
    expect(await list('type=key.*')).toHaveLength(2);
    expect(await list('type=key.created')).toHaveLength(1);
    expect(await list('type=task.*')).toHaveLength(0);
    expect(await list(`until=${since}`)).toHaveLength(0);
    expect((await call('GET', '/webhooks/events?type=pets.x')).error.code).toBe('invalid_input');
    const [revoked, created] = await list('');
    await receiver.has(1);
    const get = (id: string) => call('GET', `/webhooks/events/${id}`);
    const { event, deliveries } = await until('it is recorded', async () => {
      const answer = await get(created.id);
      return answer.deliveries[0]?.status === 'delivered' && answer;
    });
    expect(event.data.keyId).toBe(key.id);
    expect(deliveries).toEqual([
      {
        id: expect.any(String),
        eventId: created.id,
        eventType: 'key.created',
        webhookId: webhook.id,
        url: `${receiver.url}/hook`,
        status: 'delivered',
        createdAt: expect.any(String),
        nextAttemptAt: null,
        completedAt: expect.any(String),
        attempts: [
          { at: expect.any(String), durationMs: expect.any(Number), status: 204, error: null, answer: '' },
        ],
      },
    ]);
    expect((await get(revoked.id)).deliveries).toEqual([]);
    const pages = await call('GET', `/webhooks/events?since=${since}&limit=1`);
    const rest = await call('GET', `/webhooks/events?since=${since}&limit=1&cursor=${pages.nextCursor}`);
    expect([...pages.items, ...rest.items].map(({ id }: AnyBody) => id)).toEqual([revoked.id, created.id]);
  });

  it('replays one, and all that have failed since a time, with the same id', async () => {
    const since = new Date().toISOString();
    const { webhook } = await create({ events: ['key.created'] });
    receiver.answer(status(410));
    await call('POST', '/keys', { name: 'x', scopes: ['keys:read'] });
    const failed = await until('it has failed', async () => {
      const { items } = await call('GET', `/webhooks/deliveries?webhookId=${webhook.id}&status=failed`);
      return items[0];
    });
    expect((await call('POST', `/webhooks/deliveries/${failed.id}/replay`)).error.code).toBe('conflict');
    expect((await call('GET', `/webhooks/${webhook.id}`)).webhook.disabledReason).toBe('gone');
    receiver.answer(status(200));
    await call('PATCH', `/webhooks/${webhook.id}`, { enabled: true });
    const again = await call('POST', `/webhooks/deliveries/${failed.id}/replay`);
    expect(again.delivery).toMatchObject({ id: failed.id, status: 'pending' });
    await receiver.has(2);
    const delivered = async () => (await call('GET', `/webhooks/deliveries/${failed.id}`)).delivery;
    await until('it is delivered', async () => (await delivered()).status === 'delivered');
    expect((await delivered()).attempts.map(({ status }: AnyBody) => status)).toEqual([410, 200]);
    const [one, other] = receiver.received;
    expect(other?.headers['webhook-id']).toBe(one?.headers['webhook-id']);

    await database.query(`update webhook_deliveries set status = 'failed' where id = $1`, [failed.id]);
    const replayed = (query: object) => call('POST', '/webhooks/deliveries/replay', query);
    expect(await replayed({ since: new Date(Date.now() + 1000).toISOString() })).toEqual({ replayed: 0 });
    expect(await replayed({ since, webhookId: webhook.id })).toEqual({ replayed: 1 });
    await receiver.has(3);
  });
});

it('keeps no secret in the clear', async () => {
  const { secret } = await create();
  const rotated = await call('POST', '/webhooks/default-secret/rotate');
  const { rows } = await database.query('select sealed from webhook_secrets');
  expect(rows.length).toBeGreaterThan(1);
  for (const { sealed } of rows) {
    const texts = [sealed.toString('latin1'), sealed.toString('base64')];
    for (const known of [secret, rotated.secret]) {
      for (const text of texts) {
        expect(text).not.toContain(known);
        expect(text).not.toContain(Buffer.from(known.slice(6), 'base64').toString('latin1'));
      }
    }
  }
});
