// What the server says about itself: OpenAPI, reference page, manifest, CLI, health.
import { validate } from '@readme/openapi-parser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ERROR_STATUS } from '../../src/protocol/errors.ts';
import { BUILT_IN } from '../../src/server/built-in.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server?.stop());

describe('/openapi.json', () => {
  it('is valid OpenAPI 3.1 with an operation for every command', async () => {
    const { body } = await server.call('GET', '/openapi.json', { key: null });
    const result = await validate(structuredClone(body));
    expect(result).toMatchObject({ valid: true });
    const operations = Object.values(
      body.paths as Record<string, Record<string, { operationId: string }>>,
    ).flatMap((path) => Object.values(path).map(({ operationId }) => operationId));
    expect(operations.sort()).toEqual(
      ['commands', ...BUILT_IN.map(({ name }) => name.replaceAll(' ', '_'))].sort(),
    );
    expect(body.openapi).toBe('3.1.0');
  });
});

describe('the error answers of an operation', () => {
  it.each([
    ['get', '/keys', [400, 401, 403, 429, 500, 503]],
    ['get', '/keys/{id}', [400, 401, 403, 404, 429, 500, 503]],
    ['post', '/keys', [400, 401, 403, 409, 413, 415, 429, 500, 503]],
    ['patch', '/keys/{id}', [400, 401, 403, 404, 409, 413, 415, 429, 500, 503]],
    ['get', '/tasks/{id}/events', [400, 401, 403, 404, 429, 500, 503]],
  ])('%s %s are %j, each with its codes', async (method, path, statuses) => {
    const { body } = await server.call('GET', '/openapi.json', { key: null });
    const { responses } = body.paths[`/api/v1${path}`][method];
    const errors = Object.keys(responses).filter((status) => Number(status) >= 400);
    expect(errors.map(Number)).toEqual(statuses);
    for (const status of errors) {
      const described = body.components.responses[responses[status].$ref.split('/').at(-1)];
      const [, narrowed] = described.content['application/json'].schema.allOf;
      const codes: (keyof typeof ERROR_STATUS)[] = narrowed.properties.error.properties.code.enum;
      expect(codes.length).toBeGreaterThan(0);
      for (const code of codes) expect(ERROR_STATUS[code]).toBe(Number(status));
    }
  });
});

describe('/docs', () => {
  it('shows every command, under a policy that lets no script run', async () => {
    const { body, headers } = await server.call('GET', '/docs', { key: null });
    for (const { name } of BUILT_IN) expect(body).toContain(`>${name}</h3>`);
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
    expect(body).not.toMatch(/<script/i);
  });
});

describe('what a key may use', () => {
  it.each([
    [
      ['keys:read'],
      ['approvals get', 'background get', 'commands show', 'keys check', 'keys get', 'keys list', 'whoami'],
    ],
    [
      ['tasks:*'],
      [
        'approvals get',
        'background get',
        'commands show',
        'models list',
        'models test',
        'tasks artifacts get',
        'tasks artifacts list',
        'tasks continue',
        'tasks events',
        'tasks get',
        'tasks ledger',
        'tasks list',
        'tasks message',
        'tasks run',
        'tasks stop',
        'templates get',
        'templates list',
        'templates versions',
        'whoami',
      ],
    ],
  ])('with %j is %j', async (scopes, names) => {
    const { secret } = await server.newKey(scopes);
    const { body } = await server.call('GET', '/api/v1/commands', { key: secret });
    expect(body.commands.map((command: { name: string }) => command.name).sort()).toEqual(names);
    const cli = await server.call('GET', '/cli/seed.mjs', { key: secret });
    expect(cli.headers.get('content-type')).toContain('javascript');
    expect(cli.body).toContain(names[0]);
    expect(cli.body).not.toContain('"accounts create"');
  });

  it('leaves the accounts to the operator', async () => {
    const other = await server.call('POST', '/api/v1/accounts', { body: { name: 'Other' } });
    const { body } = await server.call('GET', '/api/v1/commands', { key: other.body.secret });
    expect(body.commands.some((command: { name: string }) => command.name.startsWith('accounts'))).toBe(false);
  });
});

describe('health', () => {
  it('answers without a key', async () => {
    expect(await server.call('GET', '/healthz', { key: null })).toMatchObject({
      status: 200,
      body: { status: 'ok' },
    });
    expect(await server.call('GET', '/readyz', { key: null })).toMatchObject({
      status: 200,
      body: { status: 'ready' },
    });
  });
});
