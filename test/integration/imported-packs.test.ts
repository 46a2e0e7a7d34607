// Packs out of OpenAPI documents, against GitHub's own and a platform on this machine that is made from it.
import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { validate } from '@readme/openapi-parser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { restCall } from '../../src/lib/rest-call.ts';
import { parseDocument } from '../../src/openapi/document.ts';
import type { Operation } from '../../src/openapi/operation.ts';
import type { Manifest } from '../../src/protocol/manifest.ts';
import { handedOutCli } from '../fixtures/cli-process.ts';
import { rowsOf } from '../fixtures/database.ts';
import { githubDocument } from '../fixtures/openapi/documents.ts';
import { exampleRequest } from '../fixtures/openapi/example-request.ts';
import { type ImportedPack, importedPack } from '../fixtures/openapi/imported-pack.ts';
import { send, startPlatform, type TestPlatform } from '../fixtures/openapi/platform.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

const SECRET = 'ghp_canary"0123456789';
const ISSUES = '/api/v1/github/repos/octo/hello/issues';

let platform: TestPlatform;
let pack: ImportedPack;
let server: TestServer;
let manifest: Manifest;

beforeAll(async () => {
  platform = await startPlatform(await githubDocument());
  process.env['SEED_PACK_GITHUB_URL'] = platform.url;
  process.env['SEED_PACK_GITHUB_TOKEN'] = SECRET;
  pack = await importedPack('github', platform.documentUrl, {
    sendCaller: true,
    nouns: { 'rate-limit': 'limits' },
    operations: {
      'issues/create': {
        name: 'issues open',
        summary: 'Open an issue',
        examples: ['seed issues open octo hello --title x'],
      },
      'issues/create-label': { limits: [{ input: { properties: { name: { maxLength: 5 } } } }], reads: 'public' },
      'gists/*': { hide: true },
      'gists/get': { hide: false, scope: 'snippets:read' },
      'markdown/render': { effect: 'read' },
    },
  });
  server = await startTestServer({ packs: pack.settings });
  manifest = (await server.call('GET', '/api/v1/commands')).body;
}, 120_000);
afterAll(async () => {
  await server?.stop();
  await pack?.[Symbol.asyncDispose]();
  await platform?.close();
});

const named = (name: string) => manifest.commands.find((command) => command.name === name);
const lastAsked = () => platform.asked.at(-1);

describe("GitHub's 1,223 operations", () => {
  it('become commands, and what does not is named with the reason', () => {
    const { commands, deprecated, leftOut, credential, server: address } = pack.report;
    expect(commands + deprecated + leftOut.length).toBe(1_223);
    expect(leftOut.length).toBeLessThan(15);
    expect(leftOut).toContainEqual({
      operation: 'POST /repos/{owner}/{repo}/releases/{release_id}/assets',
      why: 'another server answers it',
    });
    expect([credential, address]).toEqual([{ kind: 'bearer' }, 'https://api.github.com']);
  });

  it('have noun, verb, scope and effect, which overrides.json changes', () => {
    expect(named('issues list-for-repo')).toMatchObject({
      http: { method: 'GET', path: '/github/repos/{owner}/{repo}/issues' },
      scope: 'issues:read',
      effect: 'read',
      positional: ['owner', 'repo'],
      output: 'list',
      summary: 'List repository issues',
    });
    expect(named('issues open')).toMatchObject({
      scope: 'issues:write',
      effect: 'write',
      creates: true,
      summary: 'Open an issue',
      examples: ['seed issues open octo hello --title x'],
    });
    expect(named('issues create')).toBeUndefined();
    expect(named('repos delete')).toMatchObject({ scope: 'repos:write', effect: 'destructive' });
    expect(named('markdown render')).toMatchObject({
      scope: 'markdown:read',
      effect: 'read',
      creates: false,
    });
    expect(named('limits get')).toMatchObject({ scope: 'limits:read' });
    const gists = manifest.commands.filter(({ name }) => name.startsWith('gists '));
    expect(gists.map(({ name, scope }) => [name, scope])).toEqual([['gists get', 'snippets:read']]);
  });

  it('are in a sound API description', { timeout: 120_000 }, async () => {
    const { body } = await server.call('GET', '/openapi.json', { key: null });
    expect(await validate(structuredClone(body))).toMatchObject({ valid: true });
    const { post } = body.paths[ISSUES.replace('octo', '{owner}').replace('hello', '{repo}')];
    expect(post).toMatchObject({ 'x-seed-scope': 'issues:write', responses: { 502: {} } });
    expect((await server.call('GET', '/docs', { key: null })).body).toContain('>issues open</h3>');
  });

  it("can all be called with the document's own examples, which reach the platform as they are", {
    timeout: 120_000,
  }, async () => {
    const document = parseDocument(await githubDocument());
    const { operations } = JSON.parse(await readFile(new URL('operations.json', pack.folder), 'utf8'));
    const wrong: string[] = [];
    let called = 0;
    for (const operation of operations as Operation[]) {
      const command = named(`${operation.noun} ${operation.verb}`);
      if (command === undefined) continue;
      called += 1;
      const example = exampleRequest(document, operation);
      const { method, path, body } = restCall(command, example.input);
      const before = platform.asked.length;
      const answer = await server.call(method, path, body === null ? {} : { raw: body });
      const [asked, ...more] = platform.asked.slice(before);
      const seen = [
        answer.status,
        asked && new URL(asked.url, platform.url).pathname,
        asked?.body,
        queryIn(asked?.url),
        more.length,
      ];
      const expected = [200, example.path, example.body, example.query, 0];
      if (!isDeepStrictEqual(seen, expected)) wrong.push(`${command.name}: ${answer.body.error?.message}`);
    }
    // Their examples are not of their own schemas.
    expect(wrong).toEqual([
      expect.stringMatching(
        /^orgs create-issue-field: options\.0\.priority: .*expected integer, received undefined/,
      ),
      expect.stringMatching(/^codespaces set-repositories-for-secret-.*expected integer, received string/),
      'codespaces publish-for-authenticated-user: unknown field: repository',
    ]);
    expect(called).toBeGreaterThan(1_140);
  });
});

/** Names in their order, with all of their values. */
function queryIn(url = ''): Record<string, string> {
  const { searchParams } = new URL(url, platform.url);
  const names = [...new Set(searchParams.keys())].sort();
  return Object.fromEntries(names.map((name) => [name, searchParams.getAll(name).join(',')]));
}

describe('a call', () => {
  it('is made with the credential of the server, and tells account and task if it is to', async () => {
    const { status, body } = await server.call('POST', ISSUES, {
      body: { title: 'A bug', labels: ['bug', 'ui'] },
    });
    expect([status, body.number]).toEqual([200, 1347]);
    expect(lastAsked()).toMatchObject({
      method: 'POST',
      url: '/repos/octo/hello/issues',
      headers: {
        authorization: `Bearer ${SECRET}`,
        'seed-account': expect.stringMatching(/^[0-9a-f-]{36}$/),
      },
      body: { title: 'A bug', labels: ['bug', 'ui'] },
    });
    expect(lastAsked()?.headers).not.toHaveProperty('seed-task');
  });

  it('passes pages on as they are, and says how to ask for the next', async () => {
    const next = `<${platform.url}/repos/octo/hello/issues?state=open&page=3&per_page=2>; rel="next", <x?page=9>; rel="last"`;
    platform.behave((response) => send(response, 200, [{ number: 1 }, { number: 2 }], { link: next }));
    const { body } = await server.call('GET', `${ISSUES}?state=open&per_page=2&page=2`);
    expect(body).toEqual({
      items: [{ number: 1 }, { number: 2 }],
      nextPage: { state: 'open', page: '3', per_page: '2' },
    });
    expect(lastAsked()?.url).toBe('/repos/octo/hello/issues?state=open&per_page=2&page=2');
    platform.behave((response) => send(response, 200, [{ number: 1 }], { link: next }));
    const cli = await handedOutCli(manifest, { SEED_API_URL: server.url, SEED_API_KEY: server.adminKey });
    const { stderr } = await cli.run(['issues', 'list-for-repo', 'octo', 'hello', '--state', 'open']);
    expect(stderr).toBe(
      'There is more: seed issues list-for-repo octo hello --state open --per-page 2 --page 3\n',
    );
    await cli.remove();
    platform.behave((response) => send(response, 200, []));
    expect((await server.call('GET', ISSUES)).body).toEqual({ items: [], nextPage: null });
  });

  it('shows what is no object as value, and nothing as ok', async () => {
    platform.behave((response) => response.writeHead(204).end());
    expect((await server.call('DELETE', '/api/v1/github/repos/octo/hello')).body).toEqual({ ok: true });
    platform.behave((response) => response.writeHead(200, { 'content-type': 'text/plain' }).end('Be nice.'));
    expect((await server.call('GET', '/api/v1/github/zen')).body).toEqual({ value: 'Be nice.' });
  });

  it('keeps numbers that are too large for JavaScript', async () => {
    platform.behave((response) =>
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end('{"id":9007199254740993,"n":7,"x":1e30}'),
    );
    const { body } = await server.call('GET', '/api/v1/github/user');
    expect(body).toEqual({ id: '9007199254740993', n: 7, x: '1e30' });
  });

  it.each([
    [
      'a slash in a part of the path',
      '/api/v1/github/repos/octo/a%2F..%2Fb/issues',
      '/repos/octo/a%2F..%2Fb/issues',
    ],
    ['what looks like a query', '/api/v1/github/repos/octo/x%3Fy%23z/issues', '/repos/octo/x%3Fy%23z/issues'],
  ])('keeps %s where it is', async (_, path, url) => {
    await server.call('GET', path);
    expect(lastAsked()?.url).toBe(url);
  });

  it('goes nowhere with a part of the path that would name another', async () => {
    const before = platform.asked.length;
    const cli = await handedOutCli(manifest, { SEED_API_URL: server.url, SEED_API_KEY: server.adminKey });
    expect((await cli.run(['issues', 'list-for-repo', 'octo', '..'])).code).toBe(2);
    expect((await server.call('GET', '/api/v1/github/repos/octo/%252e%252e/issues')).status).toBe(200);
    expect(platform.asked.slice(before).map(({ url }) => url)).toEqual(['/repos/octo/%252e%252e/issues']);
    await cli.remove();
  });

  it('is refused for what the document does not take', async () => {
    const before = platform.asked.length;
    for (const body of [
      { title: 'x', nonsense: 1 },
      {},
      { title: 'x', labels: 'bug' },
      { title: 'x', assignees: [1] },
    ]) {
      const { status, body: refused } = await server.call('POST', ISSUES, { body });
      expect([status, refused.error.code]).toEqual([400, 'invalid_input']);
    }
    expect((await server.call('GET', `${ISSUES}?state=ajar`)).status).toBe(400);
    expect(platform.asked.length).toBe(before);
  });

  it('is made once however often the request is sent', async () => {
    const request = { body: { title: 'Once' }, headers: { 'idempotency-key': 'open-once' } };
    const before = platform.asked.length;
    const first = await server.call('POST', ISSUES, request);
    expect((await server.call('POST', ISSUES, request)).body).toEqual(first.body);
    expect(platform.asked.length).toBe(before + 1);
  });

  it('is for keys with its scope alone', async () => {
    const { secret } = await server.newKey(['issues:read']);
    expect((await server.call('GET', ISSUES, { key: secret })).status).toBe(200);
    const before = platform.asked.length;
    const refused = await server.call('POST', ISSUES, { key: secret, body: { title: 'x' } });
    expect([refused.status, refused.body.error.code]).toEqual([403, 'missing_scope']);
    expect(platform.asked.length).toBe(before);
    const { body } = await server.call('GET', '/api/v1/commands', { key: secret });
    const nouns = new Set(body.commands.map(({ name }: { name: string }) => name.split(' ')[0]));
    expect([...nouns].sort()).toEqual(['approvals', 'background', 'commands', 'issues', 'whoami']);
  });

  it('is for the account of the operator alone, unless overrides.json says otherwise', async () => {
    const { body: other } = await server.call('POST', '/api/v1/accounts', { body: { name: 'other' } });
    const refused = await server.call('GET', ISSUES, { key: other.secret });
    expect([refused.status, refused.body.error.code]).toEqual([403, 'operator_only']);
    const { body } = await server.call('GET', '/api/v1/commands', { key: other.secret });
    expect(body.commands.some(({ name }: { name: string }) => name.startsWith('issues '))).toBe(false);
  });
});

describe('limits', () => {
  it('bind calls of the platform, by the key and by overrides.json', async () => {
    const limits = [
      { effects: ['write'], input: { properties: { owner: { const: 'octo' } } } },
      { command: 'issues open', input: { properties: { title: { maxLength: 3 } } }, calls: 1, per: 'day' },
    ];
    const made = await server.call('POST', '/api/v1/keys', { body: { name: 'limited', scopes: ['*'], limits } });
    expect(made.status).toBe(201);
    expect(made.body.notes).toEqual([expect.stringMatching(/^limits\[0\]: .* and \d+ more$/)]);
    const key = made.body.secret;
    const open = (owner: string, title: string) =>
      server.call('POST', `/api/v1/github/repos/${owner}/hello/issues`, { key, body: { title } });
    const asked = platform.asked.length;
    for (const [owner, title] of [
      ['other', 'x'],
      ['octo', 'long'],
    ] as const)
      expect((await open(owner, title)).body.error.code).toBe('limit_exceeded');
    expect(platform.asked).toHaveLength(asked);
    expect((await open('octo', 'x')).status).toBe(200);
    expect((await open('octo', 'x')).body.error.code).toBe('limit_exceeded');
    expect(platform.asked).toHaveLength(asked + 1);
    const label = await server.call('POST', '/api/v1/github/repos/octo/hello/labels', {
      body: { name: 'longer' },
    });
    expect(label.body.error.code).toBe('limit_exceeded');
  });
});

describe('a platform that refuses or fails', () => {
  it.each([
    [400, 400, 'invalid_input'],
    [401, 502, 'platform_unavailable'],
    [403, 403, 'not_allowed'],
    [404, 404, 'not_found'],
    [409, 409, 'conflict'],
    [422, 400, 'invalid_input'],
    [500, 502, 'platform_unavailable'],
    [503, 502, 'platform_unavailable'],
  ])('with %i: %i %s', async (theirs, status, code) => {
    platform.behave((response) => send(response, theirs, { message: `no ${SECRET}`, documentation_url: 'x' }));
    const { status: answered, body } = await server.call('GET', ISSUES);
    expect([answered, body.error.code]).toEqual([status, code]);
    expect(JSON.stringify(body)).not.toContain('ghp_canary');
    if (theirs !== 401) expect(body.error.message).toMatch(/answers \d+: no \[removed\]$/);
    else expect(body.error.hint).toContain('SEED_PACK_GITHUB_TOKEN');
  });

  it('with 429 says when to come again', async () => {
    platform.behave((response) => send(response, 429, { message: 'slow down' }, { 'retry-after': '17' }));
    const { status, headers, body } = await server.call('GET', ISSUES);
    expect([status, body.error.code, headers.get('retry-after')]).toEqual([429, 'too_many_requests', '17']);
  });

  it('with long words in an unknown form: they are cut', async () => {
    platform.behave((response) => send(response, 422, { errors: [{ message: 'x'.repeat(5_000) }] }));
    const { body } = await server.call('GET', ISSUES);
    expect(body.error.message.length).toBeLessThan(650);
  });

  it('never shows the credential, also where the platform repeats it', async () => {
    platform.behave((response) => send(response, 200, { login: `me, with ${SECRET}`, [SECRET]: 1 }));
    const { status, body } = await server.call('GET', '/api/v1/github/user');
    expect([status, body]).toEqual([200, { login: 'me, with [removed]', '[removed]': 1 }]);
  });

  it('follows a redirect of a read on the same host, and no other', async () => {
    platform.behave((response) => send(response, 301, undefined, { location: '/repos/octo/renamed/issues' }));
    expect((await server.call('GET', ISSUES)).status).toBe(200);
    expect(lastAsked()?.url).toBe('/repos/octo/renamed/issues');
    const away = await startPlatform(JSON.stringify({ openapi: '3.0.0', paths: {} }));
    const elsewhere = { location: `${away.url}/steal` };
    platform.behave((response) => send(response, 302, undefined, elsewhere));
    expect((await server.call('GET', ISSUES)).body.error.code).toBe('platform_unavailable');
    platform.behave((response) => send(response, 307, undefined, { location: '/repos/octo/renamed/issues' }));
    expect((await server.call('POST', ISSUES, { body: { title: 'x' } })).body.error.code).toBe(
      'platform_unavailable',
    );
    platform.behave(
      ...Array.from(
        { length: 4 },
        () => (response: Parameters<typeof send>[0], url: string) =>
          send(response, 301, undefined, { location: url }),
      ),
    );
    expect((await server.call('GET', ISSUES)).body.error.code).toBe('platform_unavailable');
    expect(away.asked).toEqual([]);
    await away.close();
  });

  it('with more than may be taken, with no JSON, or by breaking off', async () => {
    const code = async () => {
      const { status, body } = await server.call('POST', ISSUES, { body: { title: 'x' } });
      return [status, body.error.code, /look before you try again/.test(body.error.hint)];
    };
    const failed = [502, 'platform_unavailable', true];
    platform.behave((response) => send(response, 200, { text: 'x'.repeat(5 * 1024 * 1024) }));
    expect(await code()).toEqual(failed);
    platform.behave((response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":'));
    expect(await code()).toEqual(failed);
    platform.behave((response) => response.writeHead(200, { 'content-type': 'image/png' }).end('png'));
    expect(await code()).toEqual(failed);
    platform.behave((response) => response.destroy());
    expect(await code()).toEqual(failed);
  });

  it('leaves nothing of the credential in what is kept', async () => {
    const tables = await rowsOf(server.databaseUrl, `select tablename from pg_tables where schemaname = 'public'`);
    for (const { tablename } of tables as { tablename: string }[]) {
      const rows = await rowsOf(server.databaseUrl, `select to_jsonb(t)::text as row from "${tablename}" t`);
      expect(JSON.stringify(rows), tablename).not.toContain('ghp_canary');
    }
  });
});
