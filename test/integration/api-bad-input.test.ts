// Every kind of bad input gets a clear error with a stable code and changes nothing.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKeySecret } from '../../src/lib/key-secret.ts';
import { type CallOptions, startTestServer, type TestServer } from '../fixtures/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server?.stop());

const run = (body: unknown): CallOptions => ({ body });
const RUN = '/api/v1/tasks/run';
const NOBODY = '00000000-0000-4000-8000-000000000000';

describe('POST /tasks/run', () => {
  it.each<[string, CallOptions, number, string, RegExp]>([
    ['malformed JSON', { raw: '{"instruction": ' }, 400, 'invalid_json', /not JSON/],
    ['no object', { raw: '[]' }, 400, 'invalid_input', /not a JSON object/],
    ['an unknown field', run({ instruction: 'hi', bogus: 1 }), 400, 'invalid_input', /bogus/],
    ['no instruction', run({}), 400, 'invalid_input', /instruction/],
    ['an empty instruction', run({ instruction: ' \n' }), 400, 'invalid_input', /instruction is empty/],
    ['a long instruction', run({ instruction: 'ä'.repeat(16_385) }), 400, 'invalid_input', /32768 bytes/],
    ['a timeout too short', run({ instruction: 'hi', timeout: 999 }), 400, 'invalid_input', /at least 1000/],
    ['a timeout too long', run({ instruction: 'hi', timeout: 600_001 }), 400, 'invalid_input', /at most 600000/],
    ['a timeout of no number', run({ instruction: 'hi', timeout: '5' }), 400, 'invalid_input', /timeout/],
    ['an unknown scope', run({ instruction: 'hi', scopes: ['pets:read'] }), 400, 'unknown_scope', /pets:read/],
    ['a malformed scope', run({ instruction: 'hi', scopes: ['keys'] }), 400, 'invalid_input', /scopes\.0/],
    ['an unknown model', run({ instruction: 'hi', model: 'gpt-0' }), 400, 'unknown_model', /gpt-0/],
    [
      'a body too large',
      { raw: JSON.stringify({ instruction: 'x'.repeat(17_000_000) }) },
      413,
      'body_too_large',
      /16777216/,
    ],
    [
      'an unsupported media type',
      { raw: 'instruction=hi', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      415,
      'unsupported_media_type',
      /application\/json/,
    ],
    [
      'metadata that is no text',
      run({ instruction: 'hi', metadata: { a: 1 } }),
      400,
      'invalid_input',
      /metadata\.a/,
    ],
    ['NUL', run({ instruction: 'h\0i' }), 400, 'invalid_input', /instruction: .*NUL/],
    [
      'half a surrogate pair in a name',
      run({ instruction: 'hi', metadata: { '\ud800': 'x' } }),
      400,
      'invalid_input',
      /metadata: .*surrogate/,
    ],
    [
      'endless nesting',
      { raw: `{"instruction": ${'['.repeat(9_000)}${']'.repeat(9_000)}}` },
      400,
      'invalid_input',
      /64 deep/,
    ],
  ])('refuses %s', async (_what, options, status, code, message) => {
    const answer = await server.call('POST', RUN, options);
    expect(answer.status).toBe(status);
    expect(answer.body.error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(answer.body.error.requestId).toBe(answer.headers.get('x-request-id'));
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('cross-origin-resource-policy')).toBe('same-origin');
    const tasks = await server.call('GET', '/api/v1/tasks');
    expect(tasks.body.items).toEqual([]);
  });

  it('refuses bytes that are no UTF-8', async () => {
    const answer = await fetch(server.url + RUN, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.adminKey}`, 'content-type': 'application/json' },
      body: Buffer.concat([Buffer.from('{"instruction": "'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]),
    });
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: { code: 'invalid_json' } }]);
  });

  it('refuses a chunked body over the limit without reading it all', async () => {
    // Not endless: a client whose connection is closed under it may go on to ask for more of the body.
    let left = 1_000;
    const body = new ReadableStream({
      pull: (controller) =>
        left-- > 0 ? controller.enqueue(new Uint8Array(64 * 1024).fill(0x20)) : controller.close(),
    });
    const answer = await fetch(server.url + RUN, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.adminKey}`, 'content-type': 'application/json' },
      body,
      duplex: 'half',
    } as RequestInit).then(
      (response) => response.status,
      () => 'closed',
    );
    expect([413, 'closed']).toContain(answer);
  });
});

describe('keys', () => {
  it('are asked for, checked, and refused with the reason', async () => {
    const expect401 = async (options: CallOptions, code: string) => {
      const answer = await server.call('GET', '/api/v1/whoami', options);
      expect(answer.status).toBe(401);
      expect(answer.body.error.code).toBe(code);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    };
    await expect401({ key: null }, 'not_authenticated');
    await expect401({ key: null, headers: { authorization: 'Basic abc' } }, 'not_authenticated');
    await expect401({ key: 'sk_live_tooshort' }, 'invalid_key');
    await expect401({ key: generateKeySecret() }, 'invalid_key');

    const revoked = await server.newKey(['keys:read']);
    await server.call('POST', `/api/v1/keys/${revoked.id}/revoke`);
    await expect401({ key: revoked.secret }, 'key_revoked');

    const expiresAt = new Date(Date.now() + 300).toISOString();
    const expiring = await server.newKey(['keys:read'], { expiresAt });
    await expect.poll(() => Date.now() > Date.parse(expiresAt)).toBe(true);
    await expect401({ key: expiring.secret }, 'key_expired');
  });

  it('with too few scopes are told which one is missing', async () => {
    const { secret } = await server.newKey(['keys:read']);
    const answer = await server.call('POST', RUN, { key: secret, body: { instruction: 'hi' } });
    expect(answer.status).toBe(403);
    expect(answer.body.error).toMatchObject({
      code: 'missing_scope',
      message: expect.stringContaining('tasks:write'),
    });
  });

  it('cannot grant what they lack', async () => {
    const { secret } = await server.newKey(['keys:*']);
    const create = (scopes: string[]) =>
      server.call('POST', '/api/v1/keys', { key: secret, body: { name: 'more', scopes } });
    expect((await create(['keys:read'])).status).toBe(201);
    expect((await create(['keys:*'])).status).toBe(201);
    for (const scopes of [['tasks:read'], ['*'], ['keys:read', 'tasks:*']]) {
      expect(await create(scopes)).toMatchObject({ status: 403, body: { error: { code: 'missing_scope' } } });
    }
    expect(await create(['nope:read'])).toMatchObject({
      status: 400,
      body: { error: { code: 'unknown_scope' } },
    });
  });

  it('cannot outlive the key that creates them', async () => {
    const soon = new Date(Date.now() + 60_000).toISOString();
    const parent = await server.newKey(['keys:*'], { expiresAt: soon });
    const create = (expiresAt?: string) =>
      server.call('POST', '/api/v1/keys', {
        key: parent.secret,
        body: { name: 'child', scopes: ['keys:read'], ...(expiresAt ? { expiresAt } : {}) },
      });
    expect((await create()).body.key.expiresAt).toBe(soon);
    expect((await create(new Date(Date.now() + 120_000).toISOString())).body.error.code).toBe('not_allowed');
    expect((await create('2020-01-01T00:00:00Z')).body.error.code).toBe('invalid_input');
  });

  it('show their secret once and keep only its hash', async () => {
    const { body } = await server.call('POST', '/api/v1/keys', {
      body: { name: 'once', scopes: ['keys:read'] },
    });
    expect(body.secret).toMatch(/^sk_live_/);
    const again = await server.call('GET', `/api/v1/keys/${body.key.id}`);
    expect(JSON.stringify(again.body)).not.toContain(body.secret);
    expect(again.body.key.prefix).toBe(body.secret.slice(0, 12));
  });
});

describe('ids and paths', () => {
  it.each([
    ['GET', `/api/v1/tasks/${NOBODY}`, 404, 'not_found'],
    ['POST', `/api/v1/tasks/${NOBODY}/stop`, 404, 'not_found'],
    ['GET', `/api/v1/tasks/${NOBODY}/events`, 404, 'not_found'],
    ['GET', `/api/v1/keys/${NOBODY}`, 404, 'not_found'],
    ['POST', `/api/v1/keys/${NOBODY}/revoke`, 404, 'not_found'],
    ['GET', '/api/v1/tasks/not-an-id', 400, 'invalid_input'],
    ['GET', '/api/v1/tasks?cursor=garbage', 400, 'invalid_input'],
    ['GET', '/api/v1/tasks?limit=0', 400, 'invalid_input'],
    ['GET', '/api/v1/tasks?limit=101', 400, 'invalid_input'],
    ['GET', '/api/v1/tasks?limit=1&limit=2', 400, 'invalid_input'],
    ['GET', '/api/v1/tasks?status=lost', 400, 'invalid_input'],
    ['GET', '/api/v1/tasks?bogus=1', 400, 'invalid_input'],
    ['GET', '/api/v1/commands?bogus=1', 400, 'invalid_input'],
    ['GET', '/api/v1/tasks?__proto__=1', 400, 'invalid_input'],
    ['GET', '/api/v1/keys?q=%ff', 400, 'invalid_input'],
    ['GET', '/api/v1/audit?command=a%00b', 400, 'invalid_input'],
    ['GET', '/api/v1/tasks?createdAfter=9999-12-31T23:59:59-23:59', 400, 'invalid_input'],
    ['POST', `/api/v1/tasks/${NOBODY}/stop?force=true`, 400, 'invalid_input'],
    ['GET', `/api/v1/tasks/${NOBODY}/events?after=1000000000`, 400, 'invalid_input'],
    ['GET', '/api/v1/nothing', 404, 'not_found'],
    ['DELETE', '/api/v1/keys', 405, 'method_not_allowed'],
    ['GET', '/nothing', 404, 'not_found'],
  ])('%s %s answers %i %s', async (method, path, status, code) => {
    const answer = await server.call(method, path);
    expect(answer.status).toBe(status);
    expect(answer.body.error.code).toBe(code);
  });

  it('of another account answer 404', async () => {
    const other = await server.call('POST', '/api/v1/accounts', { body: { name: 'Other' } });
    expect(other.status).toBe(201);
    const task = await server.call('POST', RUN, { body: { instruction: 'hi' } });
    const key = await server.newKey(['keys:read']);
    const foreign = { key: other.body.secret };
    for (const [method, path] of [
      ['GET', `/api/v1/tasks/${task.body.task.id}`],
      ['POST', `/api/v1/tasks/${task.body.task.id}/stop`],
      ['GET', `/api/v1/tasks/${task.body.task.id}/events`],
      ['GET', `/api/v1/keys/${key.id}`],
      ['POST', `/api/v1/keys/${key.id}/revoke`],
    ] as const) {
      expect(await server.call(method, path, foreign)).toMatchObject({
        status: 404,
        body: { error: { code: 'not_found' } },
      });
    }
    expect((await server.call('GET', '/api/v1/tasks', foreign)).body.items).toEqual([]);
    expect((await server.call('GET', '/api/v1/accounts', foreign)).body.error.code).toBe('operator_only');
    expect((await server.call('POST', `/api/v1/tasks/${task.body.task.id}/stop`)).body.task.status).toBe(
      'stopped',
    );
  });
});
