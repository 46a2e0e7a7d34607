// seed mcp: the same over stdio, with the official client that starts bin/seed.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cli, repositoryCli } from '../fixtures/cli-process.ts';
import { connectClient, LEGACY, MODERN } from '../fixtures/mcp-client.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

const SEED = new URL('../../bin/seed', import.meta.url).pathname;

let server: TestServer;
let cli: Cli;
beforeAll(async () => {
  server = await startTestServer();
  cli = await repositoryCli({});
});
afterAll(async () => {
  await cli.remove();
  await server.stop();
});

interface Started {
  revision?: string;
  key?: string;
  url?: string;
  args?: string[];
}

async function start({ revision = MODERN, key = server.adminKey, url = server.url, args = [] }: Started = {}) {
  const mode = revision === LEGACY ? 'legacy' : { pin: revision };
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  const env = { PATH: process.env['PATH'] ?? '', HOME: cli.home, SEED_API_URL: url, SEED_API_KEY: key };
  await client.connect(new StdioClientTransport({ command: SEED, args: ['mcp', ...args], env }));
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
}

const textOf = (result: { content?: unknown }) => (result.content as { text: string }[])[0]?.text;

describe.each([MODERN, LEGACY])('revision %s', (revision) => {
  it('lists what /mcp lists, tools and resources', async () => {
    await using stdio = await start({ revision });
    await using http = await connectClient(server.url, server.adminKey, { revision });
    expect(stdio.getServerVersion()).toEqual(http.getServerVersion());
    expect((await stdio.listTools()).tools).toEqual((await http.listTools()).tools);
    expect(await stdio.listResourceTemplates()).toEqual(await http.listResourceTemplates());
  });

  it('runs a task to its end with progress, and reads its transcript', async () => {
    await using client = await start({ revision });
    const steps: string[] = [];
    const waiting = client.callTool(
      { name: 'runTask', arguments: { instruction: 'hi' } },
      { onprogress: ({ message }) => steps.push(message ?? '') },
    );
    const runner = server.runner();
    await expect.poll(() => steps).toContain('queued');
    const lease = await runner.lease();
    await expect.poll(() => steps).toContain('running: starting');
    await runner.settle(lease, { stdout: 'hello' });
    const result = await waiting;
    const { body } = await server.call('GET', `/api/v1/tasks/${lease.taskId}`);
    expect(result.structuredContent).toEqual(body);
    // The last step comes right before the result, with which the client stops to listen: it may hear of it or
    // not.
    expect(steps.filter((step) => step !== 'completed')).toEqual(['queued', 'running: starting']);
    const { contents } = await client.readResource({ uri: `seed://tasks/${lease.taskId}/transcript` });
    expect((contents[0] as { text: string }).text).toContain('"status":"completed"');
  });

  it('answers several requests at once, and lets go of what is cancelled', async () => {
    await using client = await start({ revision });
    const { body } = await server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'long' } });
    const { id } = body.task;
    const gaveUp = new AbortController();
    const waiting = client.callTool({ name: 'getTask', arguments: { id, wait: 60 } }, { signal: gaveUp.signal });
    const refused = expect(waiting).rejects.toThrow();
    expect(textOf(await client.callTool({ name: 'keys_list', arguments: { limit: 1 } }))).toContain('items');
    gaveUp.abort();
    await refused;
    const stopped = await client.callTool({ name: 'stopTask', arguments: { id } });
    expect(stopped.structuredContent).toMatchObject({ task: { status: 'stopped' } });
  });
});

it('--core lists the tools for tasks and approvals only', async () => {
  await using client = await start({ args: ['--core'] });
  expect((await client.listTools()).tools.map(({ name }) => name)).toEqual([
    'runTask',
    'getTask',
    'stopTask',
    'getTaskEvents',
    'listApprovals',
    'getApproval',
    'decideApproval',
  ]);
});

it('names that no header can hold arrive all the same', async () => {
  await using client = await start();
  await expect(client.readResource({ uri: 'seed://tasks/ä ö/transcript' })).rejects.toMatchObject({
    code: -32602,
    data: { uri: 'seed://tasks/ä ö/transcript' },
  });
});

it('a wrong key and a server that is not there are errors that say what to do', async () => {
  await expect(start({ key: `${server.adminKey.slice(0, -1)}-`, revision: LEGACY })).rejects.toThrow(
    /invalid_key: .+ Copy the whole key/,
  );
  await expect(start({ url: 'http://127.0.0.1:1', revision: LEGACY })).rejects.toThrow(
    /unreachable: no server answers at http:\/\/127\.0\.0\.1:1\. Start one/,
  );
});

it('without a key it ends at once and says how to log in', async () => {
  const { code, stdout, stderr } = await cli.run(['mcp'], { env: { SEED_API_URL: server.url } });
  expect([code, stdout]).toEqual([4, '']);
  expect(stderr).toContain(`no key is known for ${server.url}\nLog in: seed login`);
});

it.each([
  ['claude-code', '.mcp.json', 'mcpServers'],
  ['vscode', '.vscode/mcp.json', 'servers'],
])('what seed mcp install writes for %s starts it', async (name, file, property) => {
  const folder = await mkdtemp(join(tmpdir(), 'seed-mcp-'));
  const env = { PATH: process.env['PATH'] ?? '', HOME: cli.home };
  const login = ['login', '--url', server.url, '--with-key-stdin'];
  expect(
    (
      await cli.run(login, {
        stdin: `${server.adminKey}
`,
      })
    ).code,
  ).toBe(0);
  await promisify(execFile)(SEED, ['mcp', 'install', name, '--yes'], { env, cwd: folder });
  const config = JSON.parse(await readFile(join(folder, file), 'utf8'));
  expect(JSON.stringify(config)).not.toContain(server.adminKey);
  const { type, command, args } = config[property].seed;
  expect(type).toBe('stdio');
  await using client = Object.assign(new Client({ name: 'test', version: '1' }), {
    [Symbol.asyncDispose]: () => client.close(),
  });
  await client.connect(new StdioClientTransport({ command, args, env, cwd: folder }));
  expect((await client.callTool({ name: 'keys_list', arguments: {} })).isError).toBeFalsy();
  await rm(folder, { recursive: true });
});

it('what is no message is answered as such, and the end of stdin ends it', async () => {
  const env = { SEED_API_URL: server.url, SEED_API_KEY: server.adminKey };
  const { code, stdout } = await cli.run(['mcp'], {
    env,
    stdin: '{"jsonrpc"\n[]\n{"jsonrpc":"2.0","id":1,"result":{}}\n',
  });
  expect(code).toBe(0);
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).error.code)
      .sort(),
    // A list is a batch, and one of nothing is no request (JSON-RPC 2.0, section 6).
  ).toEqual([-32600, -32700]);
});

const asked = (id: number) => ({ jsonrpc: '2.0', id, method: 'resources/templates/list', params: {} });

/** What it writes on its output when this is all that it reads. */
async function piped(input: string): Promise<Record<string, unknown>[]> {
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: cli.home,
    SEED_API_URL: server.url,
    SEED_API_KEY: server.adminKey,
  };
  const running = promisify(execFile)(SEED, ['mcp'], { env });
  running.child.stdin?.end(input);
  const { stdout } = await running;
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

it('answers all that it has read before it ends with its input', async () => {
  const answers = await piped(`${JSON.stringify(asked(1))}\nnonsense\n${JSON.stringify(asked(2))}`);
  expect(answers.map(({ id }) => id).sort()).toEqual([1, 2, null]);
});

it('takes a batch as /mcp does', async () => {
  const answers = await piped(`${JSON.stringify([asked(1), asked(2)])}\n[]\n`);
  expect(answers.flatMap(({ id }) => id ?? []).sort()).toEqual([1, 2]);
  expect(answers.filter(({ error }) => error !== undefined)).toHaveLength(1);
});
