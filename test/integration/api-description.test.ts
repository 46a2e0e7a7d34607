// What the server says about itself: OpenAPI, reference page, manifest, CLI, health.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { validate } from '@readme/openapi-parser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildReference } from '../../scripts/lib/build-reference.ts';
import { ERROR_STATUS } from '../../src/protocol/errors.ts';
import { BUILT_IN } from '../../src/server/built-in.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

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
  it('is a page of scripts of this server alone, with files that are read when it is opened', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'seed-reference-'));
    await buildReference(join(folder, 'reference'));
    const built = await server.sibling({ webFolder: pathToFileURL(`${folder}/`) });
    try {
      const { body, headers } = await built.call('GET', '/docs', { key: null });
      expect(headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self';");
      expect(body).not.toMatch(/<script(?![^>]* src=)|\son\w+=/);
      const files = [...String(body).matchAll(/(?:src|href)="(docs\/assets\/[^"]+)"/g)].map(([, path]) => path);
      expect(files).toHaveLength(3);
      for (const path of files) {
        const file = await built.call('GET', `/${path}`, { key: null, headers: { 'accept-encoding': 'br' } });
        expect(file.status).toBe(200);
        expect(file.headers.get('cache-control')).toContain('immutable');
        expect(file.headers.get('content-encoding')).toBe('br');
      }
      for (const name of ['nothing.js', '..%2findex.json', 'LICENSE-openapi-explorer.txt', `${files[0]}.br`])
        expect((await built.call('GET', `/docs/assets/${name}`, { key: null })).status).toBe(404);
    } finally {
      await built.stop();
      await rm(folder, { recursive: true });
    }
  });

  it('says so where it is not built', async () => {
    const { status, body } = await server.call('GET', '/docs', { key: null });
    expect([status, body]).toEqual([200, expect.stringContaining('openapi.json')]);
  });
});

describe('code samples', () => {
  it('are there for every command, in curl, CLI and TypeScript, which the client compiles', async () => {
    const { body } = await server.call('GET', '/openapi.json', { key: null });
    const operations = Object.values(body.paths as Record<string, Record<string, Operation>>).flatMap((path) =>
      Object.values(path).filter((operation) => operation['x-seed-command'] !== undefined),
    );
    const sources = operations.map((operation) => {
      const samples = operation['x-codeSamples'];
      expect(samples.map(({ label }) => label)).toEqual(['curl', 'CLI', 'TypeScript']);
      const [curl, cli, client] = samples.map(({ source }) => source);
      expect(curl).toContain('"$SEED_API_URL/api/v1/');
      for (const line of cli?.split('\n') ?? []) expect(line).toContain('seed ');
      return `async () => {\n${client}\n};`;
    });
    expect(sources).toHaveLength(BUILT_IN.length);
    const folder = await mkdtemp(join(ROOT, 'node_modules/.cache/samples-'));
    try {
      const client = pathToFileURL(join(ROOT, 'clients/typescript/src/index.ts')).pathname;
      const head = `import { createSeed } from '${client}';\nconst seed = createSeed({ url: '', key: '' });\n`;
      await writeFile(join(folder, 'samples.ts'), head + sources.join('\n'));
      const settings = {
        extends: join(ROOT, 'tsconfig.json'),
        compilerOptions: { noEmit: true, incremental: false, tsBuildInfoFile: null },
        files: ['samples.ts'],
        include: [],
      };
      await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(settings));
      const told = await promisify(execFile)('tsc', ['-p', folder]).then(
        () => '',
        (error) => error.stdout,
      );
      expect(told).toBe('');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

interface Operation {
  'x-seed-command'?: string;
  'x-codeSamples': { label: string; source: string }[];
}

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
        'batches get',
        'batches list',
        'batches pause',
        'batches results',
        'batches resume',
        'batches retry',
        'batches rows',
        'batches stop',
        'batches watch',
        'commands show',
        'models list',
        'models test',
        'tasks artifacts get',
        'tasks artifacts list',
        'tasks batch',
        'tasks continue',
        'tasks delete',
        'tasks events',
        'tasks forget',
        'tasks get',
        'tasks ledger',
        'tasks list',
        'tasks message',
        'tasks run',
        'tasks stop',
        'tasks upload',
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

  it('leaves the accounts to the operator, but for the export of the own one', async () => {
    const other = await server.call('POST', '/api/v1/accounts', { body: { name: 'Other' } });
    const { body } = await server.call('GET', '/api/v1/commands', { key: other.body.secret });
    const names = body.commands.map((command: { name: string }) => command.name);
    expect(names.filter((name: string) => /^accounts (?!exports )/.test(name))).toEqual([]);
    expect(names).toContain('accounts exports create');
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
