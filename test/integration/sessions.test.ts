// Signing in to the dashboard: the cookie, what it opens and what it does not, for how long, and how it ends.
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { generateKeySecret } from '../../src/lib/key-secret.ts';
import { LIMITS } from '../../src/protocol/limits.ts';
import { OWN_PAGE, outcome, postSession, signIn, withCookie } from '../fixtures/dashboard-session.ts';
import { type AnyBody, startTestServer, type TestServer } from '../fixtures/server.ts';
import { type ManualClock, manualClock } from '../fixtures/store.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const ALL = ['*'];
/** Of proxies that are trusted in these tests. */
const TLS = { 'x-forwarded-proto': 'https' };

let server: TestServer;
let clock: ManualClock;
let database: Client;
beforeAll(async () => {
  clock = manualClock();
  server = await startTestServer({ trustedProxies: ['127.0.0.1'] }, undefined, clock);
  database = new Client({ connectionString: server.databaseUrl });
  await database.connect();
});
afterAll(async () => {
  await database?.end();
  await server?.stop();
});

const sessionCount = async (keyId: string): Promise<number> =>
  (await database.query('select count(*)::int as count from sessions where key_id = $1', [keyId])).rows[0].count;

describe('signing in', () => {
  it('answers who is signed in, and sets a cookie that no script reads and no other site sends', async () => {
    const { id, secret } = await server.newKey(['keys:read']);
    const { status, body, headers } = await postSession(server, secret);
    expect(status).toBe(200);
    const whoami = await server.call('GET', '/api/v1/whoami', { key: secret });
    expect(body).toEqual({
      session: { expiresAt: new Date(clock.now().getTime() + 12 * HOUR_MS).toISOString() },
      ...whoami.body,
      key: { ...whoami.body.key, lastUsedAt: body.key.lastUsedAt },
    });
    expect(body.key.id).toBe(id);
    const [cookie, ...others] = headers.getSetCookie();
    expect(others).toEqual([]);
    expect(cookie).toMatch(/^seed_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(headers.get('cache-control')).toBe('no-store');
    const shown = await withCookie(server, cookie?.split(';')[0] ?? '')('GET', '/session');
    expect(shown).toMatchObject({ status: 200, body: { session: body.session, key: { id } } });
    expect(shown.headers.get('cache-control')).toBe('no-store');
  });

  it('keeps of the token and the key nothing in the database but hashes', async () => {
    const { secret } = await server.newKey(ALL);
    const cookie = await signIn(server, secret);
    const { rows } = await database.query('select row(sessions.*)::text as row from sessions');
    const text = JSON.stringify(rows);
    expect(text).not.toContain(cookie.split('=')[1]);
    expect(text).not.toContain(secret);
  });

  it('over TLS, as a trusted proxy says, has a cookie of its own name that is Secure', async () => {
    const { secret } = await server.newKey(ALL);
    const { headers } = await postSession(server, secret, { ...OWN_PAGE, ...TLS });
    const [cookie = ''] = headers.getSetCookie();
    expect(cookie).toMatch(/^__Host-seed_session=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
    const [sent = ''] = cookie.split(';');
    const overTls = { headers: { ...OWN_PAGE, ...TLS } };
    expect(outcome(await withCookie(server, sent)('GET', '/session', overTls))).toEqual([200]);
    // Neither way takes the other's cookie: a page over plain HTTP could have set it.
    expect(outcome(await withCookie(server, sent)('GET', '/session'))).toEqual([401, 'not_authenticated']);
    const plain = sent.replace('__Host-', '');
    expect(outcome(await withCookie(server, plain)('GET', '/session', overTls))).toEqual([
      401,
      'not_authenticated',
    ]);
  });

  it('does not believe a proxy that is not trusted', async () => {
    const open = await startTestServer();
    const { headers } = await postSession(open, open.adminKey, { ...OWN_PAGE, ...TLS });
    expect(headers.getSetCookie()[0]).toMatch(/^seed_session=/);
    await open.stop();
  });

  const states: Record<string, (id: string) => Promise<unknown>> = {
    key_revoked: (id) => server.call('POST', `/api/v1/keys/${id}/revoke`),
    key_disabled: (id) => server.call('PATCH', `/api/v1/keys/${id}`, { body: { enabled: false } }),
    key_expired: (id) => database.query('update keys set expires_at = created_at where id = $1', [id]),
    key_rotated: (id) => server.call('POST', `/api/v1/keys/${id}/rotate`, { body: { grace: '0m' } }),
    address_not_allowed: (id) =>
      server.call('PATCH', `/api/v1/keys/${id}`, { body: { allowedCidrs: ['203.0.113.0/24'] } }),
  };

  it.each(Object.keys(states))('is refused with %s as the API does it', async (code) => {
    const { id, secret } = await server.newKey(ALL);
    await states[code]?.(id);
    const answer = await postSession(server, secret);
    expect(outcome(answer)).toEqual(outcome(await server.call('GET', '/api/v1/whoami', { key: secret })));
    expect(answer.body.error.code).toBe(code);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(await sessionCount(id)).toBe(0);
  });

  it.each([
    ['a key that there is not', { body: { key: generateKeySecret() } }, [401, 'invalid_key']],
    ['a wrong checksum', { body: { key: 'sk_live_nonsense' } }, [401, 'invalid_key']],
    ['no key', { body: {} }, [400, 'invalid_input']],
    ['another type', { body: { key: 7 } }, [400, 'invalid_input']],
    ['an unknown field', { body: { key: 'a', more: 1 } }, [400, 'invalid_input']],
    ['no JSON', { raw: '{"key":' }, [400, 'invalid_json']],
    ['a form', { raw: 'key=a', headers: { 'content-type': 'text/plain' } }, [415, 'unsupported_media_type']],
    ['too much', { raw: ' '.repeat(LIMITS.bodyBytes + 1) }, [413, 'body_too_large']],
  ])('is refused with %s', async (_what, { headers, ...sent }: AnyBody, expected) => {
    const address = { 'x-forwarded-for': '203.0.113.50' };
    const answer = await server.call('POST', '/session', {
      key: null,
      ...sent,
      headers: { ...OWN_PAGE, ...address, ...headers },
    });
    expect(outcome(answer)).toEqual(expected);
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  it('may fail so often a minute from one address, and not be tried again before', async () => {
    const from = (address: string, key: string) =>
      postSession(server, key, { ...OWN_PAGE, 'x-forwarded-for': address });
    // What succeeds is not counted.
    for (let index = 0; index < LIMITS.signInFailuresPerMinute + 2; index += 1)
      expect((await from('203.0.113.9', server.adminKey)).status).toBe(200);
    const failed = await Promise.all(
      Array.from({ length: LIMITS.signInFailuresPerMinute + 5 }, () => from('203.0.113.9', generateKeySecret())),
    );
    const refused = failed.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThanOrEqual(4);
    expect(failed.length - refused.length).toBeGreaterThanOrEqual(LIMITS.signInFailuresPerMinute);
    for (const { body, headers } of refused) {
      expect(body.error.code).toBe('rate_limited');
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect((await from('203.0.113.10', server.adminKey)).status).toBe(200);
  });

  it('again and again ends the oldest session of the key', async () => {
    const { id, secret } = await server.newKey(ALL);
    const first = await signIn(server, secret);
    clock.advance(1);
    const second = await signIn(server, secret);
    clock.advance(1);
    for (let index = 1; index < LIMITS.sessionsPerKey; index += 1) await signIn(server, secret);
    expect(await sessionCount(id)).toBe(LIMITS.sessionsPerKey);
    expect(outcome(await withCookie(server, first)('GET', '/session'))).toEqual([401, 'not_authenticated']);
    expect(outcome(await withCookie(server, second)('GET', '/session'))).toEqual([200]);
  });
});

describe('a session', () => {
  let id: string;
  let secret: string;
  let cookie: string;
  let call: ReturnType<typeof withCookie>;
  beforeEach(async () => {
    ({ id, secret } = await server.newKey(ALL));
    cookie = await signIn(server, secret);
    call = withCookie(server, cookie);
  });

  it('opens every command and the event streams', async () => {
    expect((await call('GET', '/api/v1/whoami')).body.key.id).toBe(id);
    expect((await call('GET', '/api/v1/commands')).body.commands.length).toBeGreaterThan(10);
    expect(outcome(await call('POST', '/api/v1/keys', { body: { name: 'made', scopes: ['keys:read'] } }))).toEqual(
      [201],
    );
    await server.runner().appear();
    const { body } = await call('POST', '/api/v1/tasks/run', { body: { instruction: 'hello' } });
    const headers = { accept: 'text/event-stream' };
    const stream = await call('GET', `/api/v1/tasks/${body.task.id}/events?past=true`, { headers });
    expect(stream.headers.get('content-type')).toBe('text/event-stream');
    expect(stream.body).toContain('"type":"status"');
    expect(outcome(await call('GET', '/api/v1/nothing'))).toEqual([404, 'not_found']);
  });

  it('is not looked at where there is an Authorization header, whatever that says', async () => {
    const narrow = await server.newKey(['keys:read']);
    const ask = async (authorization: string, path = '/api/v1/tasks') =>
      outcome(await call('GET', path, { headers: { ...OWN_PAGE, authorization } }));
    expect(await ask(`Bearer ${narrow.secret}`)).toEqual([403, 'missing_scope']);
    expect(await ask(`Bearer ${generateKeySecret()}`)).toEqual([401, 'invalid_key']);
    expect(await ask('Basic dXNlcjpwYXNz')).toEqual([401, 'not_authenticated']);
    expect(await ask('')).toEqual([401, 'not_authenticated']);
    expect(await ask(`Bearer ${secret}`, '/session')).toEqual([401, 'not_authenticated']);
  });

  it.each([
    ['GET', '/cli/seed.mjs'],
    ['POST', '/mcp'],
    ['GET', '/llm/v1/models'],
    ['POST', '/llm/v1/chat/completions'],
    ['POST', '/runner/v1/lease'],
  ])('is nothing to %s %s', async (method, path) => {
    const body = method === 'POST' ? { body: {} } : {};
    expect(outcome(await call(method, path, body))).toEqual([401, 'not_authenticated']);
  });

  it('is nothing to the metrics', async () => {
    const measured = await startTestServer({
      telemetry: { metricsToken: 'm'.repeat(32), traces: null },
    });
    const own = withCookie(measured, await signIn(measured, measured.adminKey));
    expect(outcome(await own('GET', '/metrics'))).toEqual([401, 'not_authenticated']);
    await measured.stop();
  });

  it.each(['seed_session=', `seed_session=${'a'.repeat(43)}`, 'seed_session=../../x', 'other=1'])(
    'is not to be had with the cookie %s',
    async (wrong) => {
      const answer = await withCookie(server, wrong)('GET', '/api/v1/whoami');
      expect(outcome(answer)).toEqual([401, 'not_authenticated']);
      expect(outcome(await withCookie(server, wrong)('GET', '/session'))).toEqual([401, 'not_authenticated']);
    },
  );

  it('can do what its key can at that moment', async () => {
    const update = (body: object) => server.call('PATCH', `/api/v1/keys/${id}`, { body });
    const ask = async () => outcome(await call('GET', '/api/v1/keys'));
    await update({ enabled: false });
    expect(await ask()).toEqual([401, 'key_disabled']);
    expect(outcome(await call('GET', '/session'))).toEqual([401, 'key_disabled']);
    await update({ enabled: true, allowedCidrs: ['203.0.113.0/24'] });
    expect(await ask()).toEqual([403, 'address_not_allowed']);
    await update({ allowedCidrs: null, requestsPerMinute: 1 });
    expect(await ask()).toEqual([200]);
    expect(await ask()).toEqual([429, 'rate_limited']);
    await update({ requestsPerMinute: null });
    // What nobody told the server of, it may know from half a second before.
    await database.query("update keys set scopes = '{tasks:read}' where id = $1", [id]);
    await expect.poll(ask).toEqual([403, 'missing_scope']);
    await database.query("update keys set scopes = '{*}' where id = $1", [id]);
    await expect.poll(ask).toEqual([200]);
    await server.call('POST', `/api/v1/keys/${id}/revoke`);
    expect(await ask()).toEqual([401, 'key_revoked']);
  });

  it('ends with its key', async () => {
    const brief = await server.newKey(ALL, { expiresIn: '1h' });
    const own = withCookie(server, await signIn(server, brief.secret));
    clock.advance(HOUR_MS - 1);
    expect(outcome(await own('GET', '/api/v1/whoami'))).toEqual([200]);
    clock.advance(1);
    expect(outcome(await own('GET', '/api/v1/whoami'))).toEqual([401, 'key_expired']);
  });

  it('lives as long as the secret that it was begun with', async () => {
    await server.call('POST', `/api/v1/keys/${id}/rotate`, { body: { grace: '1h' } });
    expect(outcome(await call('GET', '/api/v1/whoami'))).toEqual([200]);
    clock.advance(HOUR_MS);
    expect(outcome(await call('GET', '/api/v1/whoami'))).toEqual([401, 'key_rotated']);
  });

  it('is over twelve hours after it began, however much it is used', async () => {
    for (let hour = 1; hour < 12; hour += 1) {
      clock.advance(HOUR_MS);
      expect(outcome(await call('GET', '/api/v1/whoami'))).toEqual([200]);
    }
    clock.advance(HOUR_MS - 1);
    expect(outcome(await call('GET', '/session'))).toEqual([200]);
    clock.advance(1);
    expect(outcome(await call('GET', '/session'))).toEqual([401, 'not_authenticated']);
    expect(outcome(await call('GET', '/api/v1/whoami'))).toEqual([401, 'not_authenticated']);
  });

  it('is over after two hours without a request', async () => {
    clock.advance(2 * HOUR_MS - 1);
    expect(outcome(await call('GET', '/api/v1/whoami'))).toEqual([200]);
    clock.advance(2 * HOUR_MS);
    expect(outcome(await call('GET', '/api/v1/whoami'))).toEqual([401, 'not_authenticated']);
  });

  it('is written once a minute, not for every request', async () => {
    const usedAt = async () =>
      (await database.query('select last_used_at as at from sessions where key_id = $1', [id])).rows[0].at;
    const begun = await usedAt();
    clock.advance(MINUTE_MS - 1);
    await call('GET', '/api/v1/whoami');
    expect(await usedAt()).toEqual(begun);
    clock.advance(1);
    await call('GET', '/api/v1/whoami');
    expect(await usedAt()).toEqual(clock.now());
  });

  it('whose time is over is deleted when somebody signs in', async () => {
    clock.advance(13 * HOUR_MS);
    await signIn(server, server.adminKey);
    expect(await sessionCount(id)).toBe(0);
  });

  it('ends by signing out, on every server at once, and its cookie goes', async () => {
    const sibling = await server.sibling();
    const other = await signIn(server, secret);
    const { status, headers } = await call('DELETE', '/session');
    expect(status).toBe(204);
    expect(headers.getSetCookie()).toEqual(['seed_session=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict']);
    for (const each of [server, sibling])
      expect(outcome(await withCookie(each, cookie)('GET', '/api/v1/whoami'))).toEqual([401, 'not_authenticated']);
    expect(outcome(await withCookie(server, other)('GET', '/session'))).toEqual([200]);
    const again = await call('DELETE', '/session');
    expect(outcome(again)).toEqual([401, 'not_authenticated']);
    expect(again.headers.getSetCookie()).toHaveLength(1);
    await sibling.stop();
  });

  it('ends with all others of its key where that is asked for, and no other key signs out', async () => {
    const others = [await signIn(server, secret), await signIn(server, secret)];
    const stranger = await signIn(server, (await server.newKey(ALL)).secret);
    for (const query of ['everywhere=yes', 'everywhere=true&everywhere=true', 'more=true'])
      expect(outcome(await call('DELETE', `/session?${query}`))).toEqual([400, 'invalid_input']);
    expect(outcome(await call('GET', '/session'))).toEqual([200]);
    expect(outcome(await call('DELETE', '/session?everywhere=true'))).toEqual([204]);
    for (const each of [cookie, ...others])
      expect(outcome(await withCookie(server, each)('GET', '/session'))).toEqual([401, 'not_authenticated']);
    expect(outcome(await withCookie(server, stranger)('GET', '/session'))).toEqual([200]);
  });

  it('ends also when its key is revoked already', async () => {
    await server.call('POST', `/api/v1/keys/${id}/revoke`);
    expect(outcome(await call('DELETE', '/session'))).toEqual([204]);
    expect(await sessionCount(id)).toBe(0);
  });

  it('shows its own account and no other', async () => {
    const other = await server.call('POST', '/api/v1/accounts', { body: { name: 'other' } });
    const theirs = withCookie(server, await signIn(server, other.body.secret));
    const { body } = await call('POST', '/api/v1/keys', {
      body: { name: 'mine alone', scopes: ['keys:read'] },
    });
    expect(outcome(await theirs('GET', `/api/v1/keys/${body.key.id}`))).toEqual([404, 'not_found']);
    const listed = await theirs('GET', '/api/v1/keys');
    expect(listed.body.items.map((key: { id: string }) => key.id)).toEqual([other.body.key.id]);
    expect((await theirs('GET', '/session')).body.account).toMatchObject({ name: 'other', operator: false });
    expect((await call('GET', '/session')).body.account.operator).toBe(true);
  });

  it('has its first answer again for the same Idempotency-Key, and another session has not', async () => {
    const body = { name: 'once', scopes: ['keys:read'] };
    const headers = { ...OWN_PAGE, 'idempotency-key': 'a-click' };
    const first = await call('POST', '/api/v1/keys', { body, headers });
    const again = await call('POST', '/api/v1/keys', { body, headers });
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('idempotent-replay')).toBe('true');
    const other = withCookie(server, await signIn(server, secret));
    expect(outcome(await other('POST', '/api/v1/keys', { body, headers }))).toEqual([409, 'idempotency_mismatch']);
  });

  it('stands in the audit log: its beginning, what it did, what it was refused, its end', async () => {
    const body = { name: 'audited', scopes: ['keys:read'] };
    const calls = [
      () => call('POST', '/api/v1/keys', { body }),
      () => call('POST', '/api/v1/keys', { body, headers: {} }),
      () => call('DELETE', '/session'),
      () => server.call('POST', '/api/v1/keys', { key: secret, body }),
    ];
    for (const each of calls) {
      clock.advance(1);
      await each();
    }
    const { items } = (await server.call('GET', `/api/v1/audit?keyId=${id}`)).body;
    const { sessionId } = items.at(-1);
    expect(sessionId).toMatch(/^[0-9a-f-]{36}$/);
    expect(items.map((entry: AnyBody) => [entry.command, entry.status, entry.sessionId])).toEqual([
      ['keys create', 201, null],
      ['session end', 204, sessionId],
      ['keys create', 201, sessionId],
      ['session begin', 200, sessionId],
    ]);
    expect(items[3]).toMatchObject({ target: sessionId, address: '127.0.0.1' });
    const strangers = await server.call('GET', '/api/v1/audit?unknownKeys=true&outcome=refused');
    expect(strangers.body.items[0]).toMatchObject({ code: 'cross_site_request', command: 'keys create' });
  });

  it('does not follow a key into MCP', async () => {
    const narrow = await server.newKey(['keys:read']);
    const { body } = await call('POST', '/mcp', {
      headers: {
        ...OWN_PAGE,
        authorization: `Bearer ${narrow.secret}`,
        accept: 'application/json, text/event-stream',
      },
      body: {
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'keys_create', arguments: { name: 'x', scopes: ['keys:read'] } },
      },
    });
    expect(JSON.stringify(body)).toMatch(/missing_scope|scope keys:write/);
    const made = await database.query("select 1 from keys where name = 'x'");
    expect(made.rows).toEqual([]);
  });
});
