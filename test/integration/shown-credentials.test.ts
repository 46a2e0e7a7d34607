// A caller's own credential for a platform, brought with a call of its own: by REST, MCP and the CLI, kept nowhere;
// and one that is typed at a terminal, which does not show it.
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { importPack } from '../../src/openapi/import-pack.ts';
import { type Cli, repositoryCli } from '../fixtures/cli-process.ts';
import { rowsOf } from '../fixtures/database.ts';
import { type PackFolder, packFolder } from '../fixtures/pack-folder.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

const TOKEN = 'canary-credential-of-a-caller';
const OTHER = 'canary-credential-of-another';
const HEADER = 'seed-credential-acme-own';
const SETTING = 'SEED_CREDENTIAL_ACME_OWN';
const SEED = new URL('../../bin/seed', import.meta.url).pathname;

let shown: (string | undefined)[] = [];
const platform = createServer(({ headers }, response) => {
  shown.push(headers.authorization?.replace('Bearer ', ''));
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ id: 1, echoed: headers.authorization }));
});

const responses = { 200: { description: 'a note' } };
const DOCUMENT = {
  openapi: '3.0.3',
  info: { title: 'Acme', version: '1' },
  components: { securitySchemes: { own: { type: 'http', scheme: 'bearer' } } },
  security: [{ own: [] }],
  paths: {
    '/notes': { post: { operationId: 'addNote', tags: ['notes'], responses } },
    '/notes/{id}': {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'integer' } }],
      get: { operationId: 'getNote', tags: ['notes'], responses },
    },
  },
};

let packs: PackFolder;
let server: TestServer;
let cli: Cli;
beforeAll(async () => {
  await new Promise<void>((listening) => platform.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(platform.address() as AddressInfo).port}`;
  packs = await packFolder({ 'acme.json': JSON.stringify(DOCUMENT) });
  for (const [name, credential] of [
    ['acme-own', 'caller'],
    ['acme-shared', 'shared'],
    ['acme-account', 'account'],
  ]) {
    const folder = new URL(`${name}/`, packs.settings.folder);
    process.env[`SEED_PACK_${name?.replace('-', '_').toUpperCase()}_URL`] = url;
    process.env[`SEED_PACK_${name?.replace('-', '_').toUpperCase()}_TOKEN`] = 'of-the-server';
    await importPack({ source: new URL('../acme.json', folder).pathname, name: String(name), folder });
    const overrides = { accounts: 'all', credential, nouns: { notes: `${name}-notes` } };
    await writeFile(new URL('overrides.json', folder), JSON.stringify(overrides));
  }
  server = await startTestServer({ packs: packs.settings });
  cli = await repositoryCli({ SEED_API_URL: server.url, SEED_API_KEY: server.adminKey });
});
afterAll(async () => {
  await cli?.remove();
  await server?.stop();
  await packs?.[Symbol.asyncDispose]();
  platform.close();
});
beforeEach(() => {
  shown = [];
});

const getNote = (headers: Record<string, string>, { pack = 'acme-own', key = server.adminKey } = {}) =>
  server.call('GET', `/api/v1/${pack}/notes/1`, { headers, key });
const addNote = (token: string, idempotencyKey: string) =>
  server.call('POST', '/api/v1/acme-own/notes', {
    headers: { [HEADER]: token, 'idempotency-key': idempotencyKey },
  });

/** All that the database holds, as text. */
async function everyRow(): Promise<string> {
  const tables = await rowsOf(
    server.databaseUrl,
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
    where schemaname not in ('pg_catalog', 'information_schema')`,
  );
  const rows = tables.map(({ name }) => rowsOf(server.databaseUrl, `select t::text as row from ${name} t`));
  return JSON.stringify(await Promise.all(rows));
}

describe('a call of its own', () => {
  it('shows what it brings, for its pack alone, and nothing comes back or stays of it', async () => {
    const answer = await getNote({ [HEADER]: TOKEN, 'seed-credential-acme-shared': OTHER });
    expect([answer.status, answer.body]).toEqual([200, { id: 1, echoed: 'Bearer [removed]' }]);
    expect((await addNote(TOKEN, 'a-1')).status).toBe(200);
    expect(shown).toEqual([TOKEN, TOKEN]);
    const dump = await everyRow();
    expect(dump).toContain('a-1');
    expect(dump).not.toContain('canary-credential');
    expect(dump).not.toContain(Buffer.from('canary-credential').toString('hex'));
  });

  it('is not made without one, which the refusal asks for', async () => {
    const { status, body } = await getNote({});
    expect([status, body.error.code]).toEqual([403, 'credential_missing']);
    expect(body.error.hint).toContain(HEADER);
    expect(body.error.hint).toContain(SETTING);
    expect(shown).toEqual([]);
  });

  it('is refused, and nothing sent, where its pack shows another kind, or it is no credential', async () => {
    const refusals = [
      await getNote({ 'seed-credential-acme-shared': TOKEN }, { pack: 'acme-shared' }),
      await getNote({ 'seed-credential-acme-account': TOKEN }, { pack: 'acme-account' }),
      await getNote({ [HEADER]: `${TOKEN}${'x'.repeat(9_000)}` }),
      await getNote({ [HEADER]: 'canary-credential-ü' }),
    ];
    expect(refusals.map(({ status }) => status)).toEqual([400, 400, 400, 400]);
    expect(refusals[0]?.body.error.message).toContain('of another kind: shared');
    expect(JSON.stringify(refusals.map(({ body }) => body))).not.toContain('canary-credential');
    expect(shown).toEqual([]);
  });

  it('of a task shows what the task was given, and takes no other', async () => {
    const runner = server.runner();
    await runner.appear();
    const credentials = { 'acme-own': { token: OTHER } };
    await server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'hi', credentials } });
    const { taskKey: key, taskId } = await runner.lease();
    const refused = await getNote({ [HEADER]: TOKEN }, { key });
    expect([refused.status, refused.body.error.code]).toEqual([403, 'not_allowed']);
    expect((await getNote({}, { key })).status).toBe(200);
    expect(shown).toEqual([OTHER]);
    await server.call('POST', `/api/v1/tasks/${taskId}/stop`);
  });

  it('is answered again with its Idempotency-Key to who brings the same, and to nobody else', async () => {
    const [first, again, other] = [
      await addNote(TOKEN, 'b-1'),
      await addNote(TOKEN, 'b-1'),
      await addNote(OTHER, 'b-1'),
    ];
    expect(again?.body).toEqual(first?.body);
    expect(again?.headers.get('idempotent-replay')).toBe('true');
    expect([other?.status, other?.body.error.code]).toEqual([409, 'idempotency_mismatch']);
    expect(shown).toEqual([TOKEN]);
  });

  it('says in OpenAPI and in the manifest what it takes', async () => {
    const { body } = await server.call('GET', '/openapi.json?noun=acme-own-notes&noun=acme-shared-notes');
    const headersOf = (path: string) =>
      body.paths[path].get.parameters.filter(
        (one: { in: string; name: string }) => one.in === 'header' && one.name !== 'Prefer',
      );
    expect(headersOf('/api/v1/acme-own/notes/{id}')).toEqual([expect.objectContaining({ name: HEADER })]);
    expect(headersOf('/api/v1/acme-shared/notes/{id}')).toEqual([]);
    const { body: manifest } = await server.call('GET', '/api/v1/commands?noun=acme-own-notes');
    expect(manifest.commands[0]).toMatchObject({ callerCredential: 'acme-own' });
  });
});

describe('over MCP', () => {
  const call = { name: 'acme-own-notes_get', arguments: { id: 1 } };
  const inFull = (headers: Record<string, string>) => ({ authorization: `Bearer ${server.adminKey}`, ...headers });

  it('the headers of the client go with the calls of its tools', async () => {
    const client = new Client({ name: 'test', version: '1' });
    const requestInit = { headers: inFull({ [HEADER]: TOKEN }) };
    await client.connect(new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`), { requestInit }));
    const result = await client.callTool(call);
    expect(JSON.stringify(result)).toContain('[removed]');
    expect(JSON.stringify(result)).not.toContain(TOKEN);
    expect(shown).toEqual([TOKEN]);
    await client.close();
  });

  it('seed mcp takes it from its environment', async () => {
    const client = new Client({ name: 'test', version: '1' });
    const env = { PATH: process.env['PATH'] ?? '', HOME: cli.home, SEED_API_URL: server.url, [SETTING]: TOKEN };
    const transport = { command: SEED, args: ['mcp'], env: { ...env, SEED_API_KEY: server.adminKey } };
    await client.connect(new StdioClientTransport(transport));
    expect((await client.callTool(call)).isError ?? false).toBe(false);
    expect(shown).toEqual([TOKEN]);
    await client.close();
  });
});

describe('the CLI', () => {
  it('takes it from its environment, and its help says so', async () => {
    const args = ['acme-own-notes', 'get', '1'];
    const { code, stdout } = await cli.run(args, { env: { [SETTING]: TOKEN } });
    expect([code, stdout.includes(TOKEN)]).toEqual([0, false]);
    expect(shown).toEqual([TOKEN]);
    const broken = await cli.run(args, { env: { [SETTING]: `${TOKEN}\nx: y` } });
    expect([broken.code, broken.stderr.includes(TOKEN)]).toEqual([2, false]);
    expect((await cli.run([...args, '--help'])).stdout).toContain(SETTING);
    // Of a pack that shows another kind it is not sent.
    expect((await cli.run(['acme-shared-notes', 'get', '1'], { env: { [SETTING]: TOKEN } })).code).toBe(0);
    expect(shown).toEqual([TOKEN, 'of-the-server']);
  });

  it('asks for a token at a terminal, which does not show it', async () => {
    const { code, screen } = await atTerminal(
      ['credentials', 'set', 'acme-account', '--token', '-'],
      `${TOKEN}\r`,
    );
    expect(screen).toContain('token (not shown): ');
    expect([code, screen.includes(TOKEN)]).toEqual([0, false]);
    await getNote({}, { pack: 'acme-account' });
    expect(shown).toEqual([TOKEN]);
    const given = await atTerminal(['credentials', 'set', 'acme-account', '--token', '-'], '\u0003');
    expect([given.code, given.screen]).toEqual([2, expect.stringContaining('no token was given')]);
  });
});

/** Runs the CLI at a terminal of its own, types once it is asked, and reads what there is to see. */
async function atTerminal(args: readonly string[], typed: string): Promise<{ code: number; screen: string }> {
  const program = `
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
seen, asked = b'', False
while True:
    try:
        chunk = os.read(fd, 4096)
    except OSError:
        break
    if not chunk:
        break
    seen += chunk
    if not asked and b'(not shown): ' in seen:
        asked = True
        os.write(fd, sys.argv[1].encode())
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;
  const env = { PATH: process.env['PATH'] ?? '', HOME: cli.home, SEED_API_URL: server.url, TERM: 'dumb' };
  const child = spawn('python3', ['-c', program, typed, SEED, ...args], {
    env: { ...env, SEED_API_KEY: server.adminKey },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? -1)));
  return { screen: await text(child.stdout), code: await ended };
}
