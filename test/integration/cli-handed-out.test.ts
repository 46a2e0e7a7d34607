// The CLI as a sandbox gets it: one file with its commands embedded, no key, run as a child process.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Cli, handedOutCli } from '../fixtures/cli-process.ts';
import { type CliServer, manifest, sendError, sendJson, startCliServer } from '../fixtures/cli-server.ts';

let server: CliServer;
let cli: Cli;

const KEY = {
  id: 'b6e7f9b0-0000-4000-8000-000000000001',
  name: 'ci\u001b[2J\u202e',
  status: 'active',
  scopes: ['keys:read', 'keys:write'],
  lastUsedAt: null,
  expiresAt: null,
};

beforeAll(async () => {
  server = await startCliServer();
  cli = await handedOutCli(manifest, { SEED_API_URL: server.url });
});
beforeEach(() => {
  server.received.length = 0;
});
afterAll(async () => {
  await cli.remove();
  await server.close();
});

describe('answers', () => {
  it('prints a list as an aligned table, free of control characters, without a key and without asking for commands', async () => {
    server.on('GET /api/v1/keys', (response) => sendJson(response, 200, { items: [KEY], nextCursor: 'n 2' }));
    const { code, stdout, stderr } = await cli.run([
      'keys',
      'list',
      '--status',
      'active',
      '--task-keys',
      '--limit=5',
    ]);
    expect(code).toBe(0);
    expect(stdout.split('\n')[0]).toMatch(/^ID +NAME +STATUS +SCOPES +LAST USED AT +EXPIRES AT$/);
    expect(stdout).toMatch(/0001 {2}ci +active +keys:read, keys:write +never +never\n$/);
    // The same list from there on, as it stands.
    expect(stderr).toBe("There is more: seed keys list --status active --task-keys --limit=5 --cursor 'n 2'\n");
    expect(server.received).toMatchObject([
      { path: '/api/v1/keys?status=active&taskKeys=true&limit=5', authorization: undefined },
    ]);
  });

  it('prints exactly the body with --json, what a terminal could act on escaped', async () => {
    server.on('GET /api/v1/keys', (response) => sendJson(response, 200, { items: [KEY], nextCursor: null }));
    const { stdout } = await cli.run(['keys', 'list', '--json']);
    expect(JSON.parse(stdout)).toEqual({ items: [KEY], nextCursor: null });
    expect(stdout).not.toContain('\u001b');
    expect(stdout).not.toContain('\u202e');
  });

  it('writes CSV with --csv: the columns of the table, and the page that was asked for', async () => {
    const named = { ...KEY, name: '=HYPERLINK("x")' };
    server.on('GET /api/v1/keys', (response) => sendJson(response, 200, { items: [named], nextCursor: 'n2' }));
    for (const args of [
      ['keys', 'list', '--csv'],
      ['--csv', 'keys', 'list'],
    ]) {
      expect(await cli.run(args)).toEqual({
        code: 0,
        stdout: [
          'id,name,status,scopes,lastUsedAt,expiresAt',
          `${KEY.id},"'=HYPERLINK(""x"")",active,"keys:read, keys:write",,`,
          '',
        ].join('\n'),
        stderr: `There is more: seed ${args.join(' ')} --cursor n2\n`,
      });
    }
    server.on('GET /api/v1/keys', (response) => sendJson(response, 200, { items: [], nextCursor: null }));
    expect((await cli.run(['keys', 'list', '--csv'])).stdout).toBe('id,name,status,scopes,lastUsedAt,expiresAt\n');
  });

  it.each([
    [['keys', 'list', '--csv', '--json'], /exclude each other/],
    [['tasks', 'events', KEY.id, '--csv'], /is no table/],
    [['tasks', 'run', 'hello', '--csv'], /is no table/],
  ])('%j is refused before anything is done', async (args, message) => {
    const { code, stdout, stderr } = await cli.run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(server.received).toEqual([]);
  });

  it('shows what a report comes to, and what it is about on stderr', async () => {
    server.on('GET /api/v1/obs/costs', (response) =>
      sendJson(response, 200, {
        items: [{ group: 'm', total: 0.5, llm: 0.5, compute: 0, modelCalls: 2, inputTokens: 10, outputTokens: 1 }],
        nextCursor: null,
        from: '2026-11-01T00:00:00.000Z',
        to: '2026-12-01T00:00:00.000Z',
        missingBefore: null,
        totals: { total: 0.75, llm: 0.75, compute: 0, modelCalls: 3, inputTokens: 15, outputTokens: 2 },
        cut: 4,
      }),
    );
    const { stdout, stderr } = await cli.run(['obs', 'costs', '--by', 'model', '--month', '2026-11']);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.trim().split(/ +/)),
    ).toEqual([
      ['GROUP', 'TOTAL', 'LLM', 'COMPUTE', 'MODEL', 'CALLS', 'INPUT', 'TOKENS', 'OUTPUT', 'TOKENS'],
      ['m', '0.5', '0.5', '0', '2', '10', '1'],
      ['total', '0.75', '0.75', '0', '3', '15', '2'],
    ]);
    expect(stderr).toBe(
      'from 2026-11-01T00:00:00.000Z · to 2026-12-01T00:00:00.000Z · cut 4\nThere is more: seed obs costs --by model --month 2026-11 --limit 5\n',
    );
    expect(server.received[0]?.path).toBe('/api/v1/obs/costs?by=model&month=2026-11');
  });

  it('says at the end of a list that it is one, and from where on the next page is', async () => {
    const page = (nextCursor: string | null) =>
      server.on('GET /api/v1/keys', (response) => sendJson(response, 200, { items: [KEY, KEY], nextCursor }));
    const said = async (...args: string[]) => (await cli.run(['keys', 'list', ...args])).stderr;
    page(null);
    expect(await said()).toBe('That is all: 2.\n');
    expect(await said('--csv')).toBe('');
    expect(await said('--cursor', 'n2')).toBe('That is all: 2 on this last page.\n');
    expect(await said('--json')).toBe('');
    expect(await said('--quiet')).toBe('');
    page('n3');
    for (const args of [['--cursor', 'n2'], ['--cursor=n2']]) {
      expect(await said(...args, '--limit', '2')).toBe('There is more: seed keys list --limit 2 --cursor n3\n');
    }
  });

  it('says that there is nothing on stderr only', async () => {
    server.on('GET /api/v1/keys', (response) => sendJson(response, 200, { items: [], nextCursor: null }));
    expect(await cli.run(['keys', 'list'])).toEqual({ code: 0, stdout: '', stderr: 'No keys.\n' });
    expect(await cli.run(['keys', 'list', '--quiet'])).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('shows a new secret once, and says so', async () => {
    server.on('POST /api/v1/keys', (response) => sendJson(response, 201, { key: KEY, secret: 'sk_live_x' }));
    const { code, stdout, stderr } = await cli.run([
      'keys',
      'create',
      'nightly',
      '--scopes',
      'keys:read,tasks:*',
      '--scopes=tasks:read',
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^secret +sk_live_x$/m);
    expect(stderr).toContain('shown once');
    expect(server.received[0]?.body).toEqual({
      name: 'nightly',
      scopes: ['keys:read', 'tasks:*', 'tasks:read'],
    });
  });

  it('encodes what goes into the path', async () => {
    server.on('POST /api/v1/keys/a%2Fb%3F/revoke', (response) => sendJson(response, 200, { key: KEY }));
    expect((await cli.run(['keys', 'revoke', 'a/b?'])).code).toBe(0);
    expect((await cli.run(['keys', 'get', '..'])).code).toBe(2);
  });
});

describe('what goes wrong', () => {
  it.each([
    [403, 'missing_scope', 4],
    [401, 'key_revoked', 4],
    [404, 'not_found', 1],
    [418, 'a_code_from_tomorrow', 1],
    [403, 'a_code_from_tomorrow', 4],
  ])('a %i %s exits with %i', async (status, code, exit) => {
    server.on('GET /api/v1/whoami', (response) =>
      sendError(response, status, code, 'it says \u001b[31mno', 'do this'),
    );
    expect(await cli.run(['whoami'])).toEqual({
      code: exit,
      stdout: '',
      stderr: 'seed: it says no\ndo this\n',
    });
  });

  it('tries again on 503 a GET, and a creation under one Idempotency-Key', async () => {
    let calls = 0;
    server.on('GET /api/v1/whoami', (response) => {
      calls += 1;
      if (calls < 3) sendError(response, 503, 'unavailable', 'starting', null);
      else sendJson(response, 200, { ok: true });
    });
    expect((await cli.run(['whoami'])).code).toBe(0);
    expect(calls).toBe(3);
    server.received.length = 0;
    server.on('POST /api/v1/keys', (response) => sendError(response, 503, 'unavailable', 'starting', null));
    const { code, stderr } = await cli.run(['keys', 'create', 'x', '--scopes', 'a:b']);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "seed: starting\nRequest req-1 in the server's log.\n",
    });
    const idempotencyKeys = server.received.map(({ headers }) => headers['idempotency-key']);
    expect(idempotencyKeys).toHaveLength(3);
    expect(idempotencyKeys[0]).toMatch(/./);
    expect(new Set(idempotencyKeys).size).toBe(1);
  });

  it('tries any other write again on 503, too, under one Idempotency-Key', async () => {
    server.on('POST /api/v1/keys/key_1/revoke', (response) =>
      sendError(response, 503, 'unavailable', 'starting', null),
    );
    expect((await cli.run(['keys', 'revoke', 'key_1'])).code).toBe(1);
    const idempotencyKeys = server.received.map(({ headers }) => headers['idempotency-key']);
    expect(idempotencyKeys).toHaveLength(3);
    expect(idempotencyKeys[0]).toMatch(/./);
    expect(new Set(idempotencyKeys).size).toBe(1);
  });

  it('names an unreachable server and how to start one', async () => {
    const gone = await startCliServer();
    await gone.close();
    const { code, stderr } = await cli.run(['whoami'], { env: { SEED_API_URL: gone.url } });
    expect(code).toBe(1);
    expect(stderr).toContain(gone.url);
    expect(stderr).toContain('npm start');
  });

  it('does not take a web page for an answer', async () => {
    server.on('GET /api/v1/whoami', (response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>'),
    );
    const { code, stderr } = await cli.run(['whoami']);
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('not as a Seed server'),
    });
  });

  it.each([
    [['keys', 'lst'], 'seed keys list'],
    [['key', 'list'], 'seed keys list'],
    [['keys', 'list', '--statsu', 'active'], '--status'],
    [['keys', 'list', '--status', 'activ'], 'did you mean active?'],
    [['keys', 'list', '--limit', 'two'], '--limit is a number'],
    [['keys', 'revoke'], 'seed keys revoke <id>'],
    [['keys', 'list', '--url', 'http://x'], 'before the command'],
    [['tasks', 'run', 'several', 'words'], 'quotes'],
    [['login'], 'no command'],
  ])('%j is a usage error that helps', async (args, help) => {
    const { code, stdout, stderr } = await cli.run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(help);
    expect(server.received).toEqual([]);
  });

  it('is quiet when the reader of its output has gone', async () => {
    const item = { ...KEY, name: 'n'.repeat(100) };
    const items = Array.from({ length: 5000 }, () => item);
    let answer = () => {};
    server.on('GET /api/v1/keys', (response) => {
      answer = () => sendJson(response, 200, { items, nextCursor: null });
    });
    const running = cli.start(['keys', 'list']);
    await server.waitFor('GET /api/v1/keys');
    running.closeStdout();
    answer();
    expect(await running.done).toMatchObject({ code: 0, stderr: 'That is all: 5000.\n' });
  });
});

describe('help', () => {
  it('lists the commands of the manifest and no others', async () => {
    const { code, stdout } = await cli.run(['--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('keys revoke');
    expect(stdout).not.toContain('login');
    expect(stdout).not.toContain('--refresh');
    expect((await cli.run(['--version'])).stdout).toBe('9.9.9\n');
  });

  it('explains a noun and a command', async () => {
    expect(await cli.run(['keys', '--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('keys create'),
    });
    expect(await cli.run(['keys'])).toMatchObject({ code: 2, stdout: '' });
    const { stdout } = await cli.run(['help', 'tasks', 'run']);
    expect(stdout).toContain('Usage: seed tasks run <instruction> [flags]');
    expect(stdout).toMatch(/--timeout <number> .*omitted:\s+300000/s);
    expect(stdout).toContain('Scope: tasks:write   Effect: write');
    expect(stdout).toContain('seed tasks run "How many keys do we have?"');
  });
});
