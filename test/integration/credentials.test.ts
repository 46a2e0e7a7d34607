// Whose credential the calls of a pack show its platform: the account's, the key's or the caller's own, and never
// one that may more. The platform is a real one on this machine, with rights of its own for each token.

import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { importPack } from '../../src/openapi/import-pack.ts';
import type { Lease } from '../../src/protocol/runner.ts';
import { rowsOf } from '../fixtures/database.ts';
import { type PackFolder, packFolder } from '../fixtures/pack-folder.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

const MODES = ['account', 'key', 'caller', 'shared', 'client'] as const;
type Mode = (typeof MODES)[number];
const OWN = 'canary-credential-of-the-server';
const WRITER = 'canary-credential-of-a-writer';
const READER = 'canary-credential-of-a-reader';

let shown: (string | undefined)[] = [];
/** What the platform was asked for as an OAuth service, which tokens it has ended, and how long it gives them. */
let granted: Record<string, string>[] = [];
const ended = new Set<string>();
let lifeSeconds = 3_600;

async function giveToken(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const asked = Object.fromEntries(new URLSearchParams(await text(request)));
  const { authorization: by } = request.headers;
  granted.push({ ...asked, ...(by !== undefined && { by }) });
  const isRevoked = asked['refresh_token'] === 'revoked';
  const answer = isRevoked
    ? { error: 'invalid_grant', error_description: 'the grant was withdrawn' }
    : {
        access_token: `access-${granted.length}`,
        token_type: 'Bearer',
        expires_in: lifeSeconds,
        ...(asked['refresh_token'] && { refresh_token: `refresh-${granted.length}` }),
      };
  const headers = { 'content-type': 'application/json' };
  response.writeHead(isRevoked ? 400 : 200, headers).end(JSON.stringify(answer));
}

const platform = createServer((request: IncomingMessage, response: ServerResponse) => {
  if (request.url === '/token') return void giveToken(request, response);
  const { authorization } = request.headers;
  shown.push(authorization?.replace('Bearer ', ''));
  const isReader = authorization === `Bearer ${READER}`;
  const say = (status: number, body: object) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  if (ended.has(shown.at(-1) ?? '')) return say(401, { message: 'This token has ended' });
  if (isReader && request.method !== 'GET')
    return say(403, { message: 'Readers may not delete notes, said Acme' });
  return say(200, { id: 1, echoed: authorization });
});

const documentAt = (url: string) => ({
  openapi: '3.0.3',
  info: { title: 'Acme', version: '1' },
  components: {
    securitySchemes: {
      own: {
        type: 'oauth2',
        flows: { clientCredentials: { tokenUrl: `${url}/token`, scopes: { notes: 'Notes' } } },
      },
    },
  },
  security: [{ own: [] }],
  paths: {
    '/notes/{id}': {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'integer' } }],
      get: { operationId: 'getNote', tags: ['notes'], responses: { 200: { description: 'a note' } } },
      delete: { operationId: 'deleteNote', tags: ['notes'], responses: { 200: { description: 'gone' } } },
    },
  },
});

let packs: PackFolder;
let server: TestServer;
beforeAll(async () => {
  await new Promise<void>((listening) => platform.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(platform.address() as AddressInfo).port}`;
  packs = await packFolder({ 'acme.json': JSON.stringify(documentAt(url)) });
  for (const mode of MODES) {
    const name = `acme-${mode}`;
    const setting = `SEED_PACK_ACME_${mode.toUpperCase()}`;
    const oauth = { CLIENT_ID: 'id:1', CLIENT_SECRET: 's%c', SCOPE: 'notes' };
    const own = mode === 'client' ? oauth : { TOKEN: OWN, ...(mode === 'account' && oauth) };
    for (const [what, value] of Object.entries({ URL: url, ...own })) process.env[`${setting}_${what}`] = value;
    const folder = new URL(`${name}/`, packs.settings.folder);
    await importPack({ source: new URL('../acme.json', folder).pathname, name, folder });
    const credential = mode === 'client' ? 'shared' : mode;
    const overrides = { accounts: 'all', credential, nouns: { notes: `${mode}-notes` } };
    await writeFile(new URL('overrides.json', folder), JSON.stringify(overrides));
  }
  server = await startTestServer({ packs: packs.settings });
});
afterAll(async () => {
  await server?.stop();
  await packs?.[Symbol.asyncDispose]();
  platform.close();
});
beforeEach(() => {
  shown = [];
  granted = [];
  ended.clear();
  lifeSeconds = 3_600;
});

const getNote = (mode: Mode, key?: string) =>
  server.call('GET', `/api/v1/acme-${mode}/notes/1`, key === undefined ? {} : { key });
const deleteNote = (mode: Mode, key: string) => server.call('DELETE', `/api/v1/acme-${mode}/notes/1`, { key });
const setFor = (mode: Mode, body: object, key?: string) =>
  server.call('PUT', `/api/v1/credentials/acme-${mode}`, { body, ...(key !== undefined && { key }) });

/** The account of a second tenant. */
async function otherAccount(): Promise<string> {
  const made = await server.call('POST', '/api/v1/accounts', { body: { name: `other ${Math.random()}` } });
  return made.body.secret;
}

/** All that the database holds, as text. */
async function everyRow(): Promise<string> {
  const tables = await rowsOf(
    server.databaseUrl,
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
    where schemaname not in ('pg_catalog', 'information_schema')`,
  );
  const rows = await Promise.all(
    tables.map(({ name }) => rowsOf(server.databaseUrl, `select t::text as row from ${name} t`)),
  );
  return rows
    .flat()
    .map(({ row }) => row)
    .join('\n');
}

async function start(body: object, key = server.adminKey): Promise<Lease> {
  const runner = server.runner();
  await runner.appear();
  const answer = await server.call('POST', '/api/v1/tasks/run', { key, body: { instruction: 'hi', ...body } });
  expect([answer.status, answer.body.error]).toEqual([202, undefined]);
  const lease = await runner.lease();
  expect(lease.taskId).toBe(answer.body.task.id);
  return lease;
}
const end = (lease: Lease) => server.call('POST', `/api/v1/tasks/${lease.taskId}/stop`);

describe('a pack of the mode account', () => {
  it('shows what was set for the account that calls, and refuses where nothing is', async () => {
    const other = await otherAccount();
    expect((await setFor('account', { token: `${WRITER}\n` })).body.credential).toMatchObject({ keyId: null });
    expect((await getNote('account')).status).toBe(200);
    expect(shown).toEqual([WRITER]);
    const refused = await getNote('account', other);
    expect([refused.status, refused.body.error.code]).toEqual([403, 'credential_missing']);
    expect(refused.body.error.hint).toContain('seed credentials set acme-account');
    expect(shown).toEqual([WRITER]);
    await setFor('account', { token: READER }, other);
    expect((await getNote('account', other)).status).toBe(200);
    expect(shown).toEqual([WRITER, READER]);
  });

  it('takes the place of one that was set before, and is gone when it is deleted', async () => {
    const { body: first } = await setFor('account', { token: WRITER });
    const { body: second } = await setFor('account', { token: READER, account: true });
    expect(second.credential.id).toBe(first.credential.id);
    await getNote('account');
    expect(shown).toEqual([READER]);
    await server.call('DELETE', `/api/v1/credentials/${first.credential.id}`);
    expect((await getNote('account')).body.error.code).toBe('credential_missing');
    const { body } = await server.call('GET', '/api/v1/credentials?limit=100');
    expect(body.items.map(({ pack }: { pack: string }) => pack)).not.toContain('acme-account');
  });
});

describe('a pack of the mode key', () => {
  it('shows what was set for that key, also in its tasks, and nothing of a key above it', async () => {
    const key = await server.newKey(['*']);
    await setFor('key', { token: READER, keyId: key.id });
    await getNote('key', key.secret);
    const lease = await start({}, key.secret);
    await getNote('key', lease.taskKey);
    expect(shown).toEqual([READER, READER]);
    const made = await server.call('POST', '/api/v1/keys', {
      key: lease.taskKey,
      body: { name: 'made', scopes: ['key-notes:read'] },
    });
    expect((await getNote('key', made.body.secret)).body.error.code).toBe('credential_missing');
    expect((await getNote('key')).body.error.code).toBe('credential_missing');
    const own = await setFor('key', { token: WRITER }, lease.taskKey);
    expect([own.status, own.body.error.code]).toEqual([409, 'conflict']);
    await end(lease);
    expect(shown).toHaveLength(2);
  });

  it("is not set for another account's key", async () => {
    const { body } = await server.call('GET', '/api/v1/whoami');
    const answer = await setFor('key', { token: WRITER, keyId: body.key.id }, await otherAccount());
    expect([answer.status, answer.body.error.code]).toEqual([404, 'not_found']);
  });
});

describe('a pack of the mode caller', () => {
  it("shows the caller's own, which its tasks' tasks have too, until the task has ended", async () => {
    const parent = await start({ credentials: { 'acme-caller': { token: READER } } });
    await getNote('caller', parent.taskKey);
    const child = await start({}, parent.taskKey);
    await getNote('caller', child.taskKey);
    const other = await start({ credentials: { 'acme-caller': { token: WRITER } } }, parent.taskKey);
    await getNote('caller', other.taskKey);
    expect(shown).toEqual([READER, READER, WRITER]);
    await end(parent);
    const left = await rowsOf(server.databaseUrl, 'select task_id from task_credentials');
    expect(left).toEqual([]);
  });

  it('is refused what the platform refuses it, in the words of the platform', async () => {
    const lease = await start({ credentials: { 'acme-caller': { token: READER } } });
    const refused = await deleteNote('caller', lease.taskKey);
    expect(refused.status).toBe(403);
    expect(refused.body.error.message).toContain('Readers may not delete notes, said Acme');
    await end(lease);
  });

  it('calls nothing without one, and never with that of the server', async () => {
    const lease = await start({});
    for (const key of [lease.taskKey, server.adminKey]) {
      const { status, body } = await getNote('caller', key);
      expect([status, body.error.code]).toEqual([403, 'credential_missing']);
    }
    await end(lease);
    expect(shown).toEqual([]);
  });
});

describe('OAuth 2.0', () => {
  it('the server gets a token for its own calls, one for all of them, and another when the platform ends it', async () => {
    for (let times = 0; times < 2; times += 1) expect((await getNote('client')).status).toBe(200);
    expect(shown).toEqual(['access-1', 'access-1']);
    ended.add('access-1');
    await Promise.all([getNote('client'), getNote('client')]);
    expect(shown.slice(2).filter((token) => token !== 'access-1')).toEqual(['access-2', 'access-2']);
    expect(granted[0]).toEqual({ grant_type: 'client_credentials', scope: 'notes', by: 'Basic aWQlM0ExOnMlMjVj' });
    expect(granted).toHaveLength(2);
  });

  it('a refresh token is exchanged once for all calls and servers, and replaced by the one that comes back', async () => {
    const sibling = await server.sibling();
    expect((await setFor('account', { refreshToken: 'refresh-1' })).status).toBe(200);
    const path = '/api/v1/acme-account/notes/1';
    const all = await Promise.all([getNote('account'), getNote('account'), sibling.call('GET', path)]);
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(new Set(shown)).toEqual(new Set(['access-1']));
    expect(granted).toHaveLength(1);
    expect(granted[0]).toMatchObject({ grant_type: 'refresh_token', refresh_token: 'refresh-1' });
    lifeSeconds = 30;
    await setFor('account', { refreshToken: 'refresh-9' });
    await getNote('account');
    // It ends within a minute, so the next call asks again, with the one that came with it.
    await getNote('account');
    expect(granted.slice(1).map((grant) => grant['refresh_token'])).toEqual(['refresh-9', 'refresh-2']);
    await sibling.stop();
  });

  it('a refresh token that is worth nothing is told as the platform tells it', async () => {
    await setFor('account', { refreshToken: 'revoked' });
    const { status, body } = await getNote('account');
    expect([status, body.error.code]).toEqual([403, 'credential_missing']);
    expect(body.error.message).toContain('invalid_grant: the grant was withdrawn');
    expect(shown).toEqual([]);
  });

  it('takes a token or a refresh token, not both and not neither', async () => {
    for (const body of [{}, { token: 'a', refreshToken: 'b' }])
      expect((await setFor('account', body)).body.error.code).toBe('invalid_input');
  });
});

describe('bad input', () => {
  const token = WRITER;
  it.each<[string, object, string, number, string]>([
    [
      'a credential for a pack of another mode',
      { credentials: { 'acme-key': { token } } },
      'POST',
      400,
      'invalid_input',
    ],
    ['for none', { credentials: { nothing: { token } } }, 'POST', 400, 'invalid_input'],
    ['of two lines', { credentials: { 'acme-caller': { token: 'a\r\nb: c' } } }, 'POST', 400, 'invalid_input'],
    [
      'that is too long',
      { credentials: { 'acme-caller': { token: 'a'.repeat(8_193) } } },
      'POST',
      400,
      'invalid_input',
    ],
    ['with more', { credentials: { 'acme-caller': { token, more: 1 } } }, 'POST', 400, 'invalid_input'],
  ])('%s starts no task', async (_what, body, _method, status, code) => {
    const before = (await server.call('GET', '/api/v1/tasks?limit=1')).body.items[0]?.id;
    const answer = await server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'hi', ...body } });
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
    expect(JSON.stringify(answer.body)).not.toContain(token);
    expect((await server.call('GET', '/api/v1/tasks?limit=1')).body.items[0]?.id).toBe(before);
  });

  it.each<[Mode, object, number, string]>([
    ['shared', { token }, 409, 'conflict'],
    ['caller', { token }, 409, 'conflict'],
    ['key', { token, account: true }, 409, 'conflict'],
    ['account', { token, keyId: '56bcba9b-3f0e-4d5c-8a52-0d3d1c9a7e11' }, 409, 'conflict'],
    ['key', { token, keyId: '56bcba9b-3f0e-4d5c-8a52-0d3d1c9a7e11' }, 404, 'not_found'],
    ['account', { token: 'ü' }, 400, 'invalid_input'],
  ])('for the mode %s, %j is refused', async (mode, body, status, code) => {
    const answer = await setFor(mode, body);
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
  });
});

it('is in no answer, ledger, audit, idempotency record or row, and comes back from no platform', async () => {
  await setFor('account', { token: WRITER });
  const key = '9b2f';
  const body = { instruction: 'hi', credentials: { 'acme-caller': { token: READER } } };
  const headers = { 'idempotency-key': key };
  const first = await server.call('POST', '/api/v1/tasks/run', { body, headers });
  // A token that was renewed meanwhile is the same request.
  const again = { ...body, credentials: { 'acme-caller': { token: WRITER } } };
  const second = await server.call('POST', '/api/v1/tasks/run', { body: again, headers });
  expect(second.body.task.id).toBe(first.body.task.id);
  const runner = server.runner();
  const lease = await runner.lease();
  const echoed = await getNote('caller', lease.taskKey);
  expect(echoed.body).toMatchObject({ echoed: 'Bearer [removed]' });
  expect(shown).toEqual([READER]);
  const child = await server.call('POST', '/api/v1/tasks/run', {
    key: lease.taskKey,
    body: { instruction: 'hi', credentials: { 'acme-caller': { token: WRITER } } },
  });
  await setFor('account', { token: READER }, lease.taskKey);
  const ledger = await server.call('GET', `/api/v1/tasks/${lease.taskId}/ledger`);
  expect(ledger.body.items).toHaveLength(3);
  const answers = [first.body, second.body, child.body, echoed.body, ledger.body];
  answers.push((await server.call('GET', '/api/v1/audit?limit=100')).body);
  answers.push((await server.call('GET', '/api/v1/credentials')).body);
  expect(JSON.stringify(answers)).not.toContain('canary-credential');
  const dump = await everyRow();
  expect(dump).toContain(lease.taskId);
  expect(dump).not.toContain('canary-credential');
  expect(dump).not.toContain(Buffer.from('canary-credential').toString('hex'));
  await end(lease);
});
