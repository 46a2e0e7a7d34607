// Packs on a server: found, migrated, served like Seed's own commands; each call one transaction, each row its
// account's.
import { validate } from '@readme/openapi-parser';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createLog } from '../../src/lib/log.ts';
import { BUILT_IN } from '../../src/server/built-in.ts';
import { loadPacks } from '../../src/server/packs/load-packs.ts';
import { startServer } from '../../src/server/server.ts';
import type { ServerSettings } from '../../src/server/settings.ts';
import { handedOutCli } from '../fixtures/cli-process.ts';
import { rowsOf, run } from '../fixtures/database.ts';
import { commandText, type PackFolder, packFile, packFolder } from '../fixtures/pack-folder.ts';
import { startTestServer, type TestServer, withExamples } from '../fixtures/server.ts';

const EXAMPLES = ['crm', 'commerce', 'devops', 'healthcare'];

describe('the example packs on a server', () => {
  let server: TestServer;
  let stranger: string;
  beforeAll(async () => {
    server = await startTestServer({ packs: withExamples(...EXAMPLES) });
    expect((await server.call('POST', '/api/v1/packs/crm/samples')).status).toBe(200);
    const { body } = await server.call('POST', '/api/v1/accounts', { body: { name: 'other' } });
    stranger = body.secret;
  });
  afterAll(() => server?.stop());

  it('is in the list of packs, the manifest, OpenAPI and the reference page', async () => {
    const { body: packs } = await server.call('GET', '/api/v1/packs');
    expect(packs.items.map(({ name }: { name: string }) => name)).toEqual(EXAMPLES.toSorted());
    const names: string[] = packs.items.flatMap(({ commands }: { commands: string[] }) => commands);
    const { body: manifest } = await server.call('GET', '/api/v1/commands');
    expect(manifest.commands.map(({ name }: { name: string }) => name)).toEqual(expect.arrayContaining(names));
    const { body: description } = await server.call('GET', '/openapi.json', { key: null });
    expect(await validate(structuredClone(description))).toMatchObject({ valid: true });
    expect(description.paths['/api/v1/contacts/{contactId}/emails'].post).toMatchObject({
      'x-seed-scope': 'emails:write',
    });
    const { body: page } = await server.call('GET', '/docs', { key: null });
    for (const name of names) expect(page).toContain(`>${name}</h3>`);
  });

  it('has a summary, an example of its own and a described input for everything that an agent may type', async () => {
    const { body } = await server.call('GET', '/api/v1/commands');
    for (const { name, examples, input, scope } of body.commands) {
      expect(examples[0], name).toMatch(new RegExp(`seed ${name}\\b`));
      for (const [field, schema] of Object.entries<{ description?: string }>(input.properties ?? {})) {
        expect(schema.description, `${name}: ${field}`).toBeTruthy();
      }
      if (scope !== null) expect(scope, name).toMatch(/^[a-z-]+:[a-z-]+$/);
    }
  });

  it('gives its scopes to keys, and its commands to the keys that have them', async () => {
    const { secret } = await server.newKey(['contacts:read']);
    expect((await server.call('GET', '/api/v1/contacts/acme-corp', { key: secret })).status).toBe(200);
    const refused = await server.call('GET', '/api/v1/emails', { key: secret });
    expect([refused.status, refused.body.error.code]).toEqual([403, 'missing_scope']);
    const { body } = await server.call('GET', '/api/v1/commands', { key: secret });
    expect(body.commands.map(({ name }: { name: string }) => name).sort()).toEqual([
      'approvals get',
      'background get',
      'commands show',
      'contacts get',
      'contacts list',
      'whoami',
    ]);
  });

  it('offers its templates beside those of Seed to the keys that have the scopes', async () => {
    const titles = async (key: string) => {
      const { body } = await server.call('GET', '/api/v1/templates', { key });
      return body.items.map(({ title, pack }: Record<string, string>) => [pack, title]);
    };
    const all = await titles(server.adminKey);
    expect(all.map(([pack]: string[]) => pack)).toEqual([
      'commerce',
      'crm',
      'devops',
      'healthcare',
      ...Array(4).fill(null),
    ]);
    const few = await server.newKey([
      'tasks:write',
      'contacts:*',
      'subscriptions:read',
      'emails:write',
      'keys:read',
    ]);
    expect(await titles(few.secret)).toEqual([['crm', 'Renewal email']]);
  });

  it('drafts once however often the request is sent', async () => {
    const request = {
      body: { subject: 'Hello', body: 'Hello' },
      headers: { 'idempotency-key': 'once' },
    };
    const first = await server.call('POST', '/api/v1/contacts/globex/emails', request);
    const second = await server.call('POST', '/api/v1/contacts/globex/emails', request);
    expect(first.status).toBe(201);
    expect(second.body).toEqual(first.body);
    const { body } = await server.call('GET', '/api/v1/emails?contactId=globex');
    expect(body.items).toHaveLength(1);
  });

  it.each(['a\0b', 'a\ud800'])('refuses the text %j, which Postgres cannot store', async (text) => {
    const path = '/api/v1/contacts/initech/emails';
    const { status } = await server.call('POST', path, { body: { subject: text, body: 'b' } });
    expect(status).toBe(400);
    expect((await server.call('GET', '/api/v1/emails?contactId=initech')).body.items).toEqual([]);
  });

  it('shows another account nothing', async () => {
    for (const path of ['contacts', 'subscriptions', 'emails']) {
      expect((await server.call('GET', `/api/v1/${path}`, { key: stranger })).body.items).toEqual([]);
    }
    expect((await server.call('GET', '/api/v1/contacts/acme-corp', { key: stranger })).status).toBe(404);
  });

  it('writes sample rows for the operator alone, into an account that has none', async () => {
    const before = await rowsOf(server.databaseUrl, 'select * from pack_crm.contacts order by id');
    const again = await server.call('POST', '/api/v1/packs/crm/samples');
    expect([again.status, again.body.error.code]).toEqual([409, 'conflict']);
    const refused = await server.call('POST', '/api/v1/packs/crm/samples', { key: stranger });
    expect([refused.status, refused.body.error.code]).toEqual([403, 'operator_only']);
    expect((await server.call('POST', '/api/v1/packs/none/samples')).status).toBe(404);
    const atOnce = await Promise.all(
      [1, 2, 3].map(() => server.call('POST', '/api/v1/packs/devops/samples').then(({ status }) => status)),
    );
    expect(atOnce.sort()).toEqual([200, 409, 409]);
    expect(await rowsOf(server.databaseUrl, 'select * from pack_crm.contacts order by id')).toEqual(before);
  });

  it('tells webhooks what a command emits, once, and nothing of a call that fails', async () => {
    const report = { title: 'Queue stands still', severity: 'high', summary: 'Since 10:12' };
    const path = '/api/v1/environments/production-us/incidents';
    const { status, body } = await server.call('POST', path, { body: report });
    expect(status).toBe(201);
    expect((await server.call('POST', path, { body: report })).status).toBe(409);
    const told = (await server.call('GET', '/api/v1/webhooks/events?type=incident.created')).body.items;
    const { title, severity } = report;
    const data = { incidentId: body.incident.id, environment: 'production-us', title, severity };
    expect(told.map((event: { data: object }) => event.data)).toEqual([data]);
  });

  it('lists 10,000 contacts a page at a time and says how to go on', async () => {
    await run(
      server.databaseUrl,
      `insert into pack_crm.contacts select account_id, 'many-' || n, company, name, email, phone, time_zone, created_at
       from pack_crm.contacts, generate_series(1, 10000) n where id = 'acme-corp'`,
    );
    const { body: manifest } = await server.call('GET', '/api/v1/commands');
    const cli = await handedOutCli(manifest, { SEED_API_URL: server.url, SEED_API_KEY: server.adminKey });
    const { stdout, stderr } = await cli.run(['contacts', 'list']);
    expect(stdout.trimEnd().split('\n')).toHaveLength(1 + 20);
    expect(stderr).toMatch(/^There is more: seed contacts list --cursor \S+\n$/);
    const json = await cli.run(['contacts', 'list', '--json']);
    expect(json.stdout.length).toBeLessThan(8_000);
    await cli.remove();
  });
});

describe('what a start says of packs', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ packs: withExamples('crm', 'devops') });
    expect((await server.call('POST', '/api/v1/packs/crm/samples')).status).toBe(200);
  });
  afterAll(() => server?.stop());
  /** What it says of its model it says here, too: the server has no upstream. */
  const aboutPacks = (notices: readonly string[]) =>
    notices.filter((notice) => !notice.startsWith('`scripted` is no language model'));
  const saidWith = async (packs: ServerSettings['packs']) => {
    const other = await server.sibling({ packs });
    await other.stop();
    return aboutPacks(other.notices).join('\n');
  };
  const withoutExamples = { ...withExamples(), only: null };

  it('nothing where they are on', () => expect(aboutPacks(server.notices)).toEqual([]));

  it('once that an example left its tables, and with which line it stays', async () => {
    const said = await saidWith(withExamples('commerce', 'devops'));
    expect(said).toContain('tables of examples/crm,');
    expect(said).toContain('SEED_PACKS=examples/commerce,examples/devops,examples/crm npm start');
    expect(await saidWith(withExamples('commerce', 'devops'))).toBe('');
    expect(await rowsOf(server.databaseUrl, 'select from pack_crm.contacts')).not.toEqual([]);
    expect(await saidWith(withoutExamples)).toContain('tables of examples/commerce, examples/devops,');
    expect(await saidWith(withExamples('crm', 'commerce', 'devops'))).toBe('');
    expect(await saidWith(withExamples())).toContain('examples/commerce, examples/crm, examples/devops,');
  });

  it('how to add commands where there are none, with lines that work', async () => {
    const said = await saidWith(withoutExamples);
    expect(said).toContain('bin/seed packs new acme ');
    expect(said).toContain('bin/seed packs import <url-or-file> --name acme ');
    const [, names = ''] = /SEED_PACKS=(\S+) npm start/.exec(said) ?? [];
    const { folder, examples, config } = withoutExamples;
    const packs = await loadPacks({ folder, examples, config, only: names.split(',') }, BUILT_IN);
    expect(packs.map(({ name }) => name)).toEqual(EXAMPLES.toSorted());
  });

  it('nothing where there are to be none', async () => expect(await saidWith(withExamples())).toBe(''));
});

describe('a call of a pack', () => {
  const MIGRATION = 'create table notes (account_id uuid not null, id uuid not null, text text not null);';
  const INSERT = `await db.insertInto('notes').values({ account_id: account.id, id: creationId, text: 'x' }).execute();`;
  const write = (name: string, rest: string) =>
    commandText({
      name: `'notes ${name}'`,
      http: `'POST /notes/${name}'`,
      scope: `'notes:write'`,
      effect: `'write'`,
      run: `async (_, { db, account, creationId }) => { ${INSERT} ${rest} }`,
    });
  const commands = [
    write('add', 'return { ok: true };'),
    write('fail', `throw new SeedError('conflict', 'there is no room');`),
    write('misfit', `return { ok: 'perhaps' };`),
    write('twice', `${INSERT} return { ok: true };`),
    commandText({ run: `async (_, { db, account, creationId }) => { ${INSERT} return { ok: true }; }` }),
    commandText({
      name: `'notes peek'`,
      http: `'GET /notes/peek'`,
      run: `async (_, { db }) => { await sql\`select * from keys\`.execute(db); return { ok: true }; }`,
    }),
  ];
  let server: TestServer;
  let folder: PackFolder;
  beforeAll(async () => {
    folder = await packFolder({
      'notes/pack.ts': packFile('notes', ...commands),
      'notes/migrations/0001_notes.sql': MIGRATION,
    });
    server = await startTestServer({ packs: folder.settings });
  });
  afterAll(async () => {
    await server?.stop();
    await folder?.[Symbol.asyncDispose]();
  });
  const notes = async () => (await rowsOf(server.databaseUrl, 'select from pack_notes.notes')).length;

  it.each([
    ['that succeeds is kept', 'POST', 'add', 200, 1],
    ['that fails changes nothing', 'POST', 'fail', 409, 0],
    ['whose answer does not fit its schema changes nothing', 'POST', 'misfit', 500, 0],
    ['that writes although its effect is read changes nothing', 'GET', '', 500, 0],
    ["sees no table of Seed's own by its bare name", 'GET', 'peek', 500, 0],
  ])('%s', async (_, method, path, status, added) => {
    const before = await notes();
    expect((await server.call(method, `/api/v1/notes${path && `/${path}`}`)).status).toBe(status);
    expect((await notes()) - before).toBe(added);
  });
});

describe('a start with packs', () => {
  const folders: PackFolder[] = [];
  const servers: TestServer[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop();
    for (const folder of folders.splice(0)) await folder[Symbol.asyncDispose]();
  });
  const packs = async (files: Record<string, string>) => {
    const folder = await packFolder(files);
    folders.push(folder);
    return { packs: folder.settings };
  };
  const start = async (files: Record<string, string>) => {
    const server = await startTestServer(await packs(files));
    servers.push(server);
    return server;
  };
  const notes = (migration: string, name = '0001_notes.sql') => ({
    'notes/pack.ts': packFile('notes', commandText()),
    [`notes/migrations/${name}`]: migration,
  });
  const SOUND = 'create table notes (account_id uuid not null, id uuid not null);';

  it.each([
    [
      'with a mistake',
      notes('create table a (\n  account_id uuid not null,\n  oops\n);'),
      /0001_notes\.sql:[34] cannot be applied: .*syntax/,
    ],
    ['without account_id', notes('create table a (id uuid);'), /the table a has no account_id/],
    ['that leaves account_id empty', notes('create table a (account_id uuid);'), /the table a has no account_id/],
    ['with another name', notes(SOUND, 'notes.sql'), /notes\.sql is not called like a migration/],
  ])('whose migration is one %s stops', async (_, files, reason) => {
    const error = await start(files).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'invalid_settings', message: expect.stringMatching(reason) });
    expect(String(error)).toContain('notes/migrations');
  });

  const tables = (server: { databaseUrl: string }) =>
    rowsOf(server.databaseUrl, "select tablename from pg_tables where schemaname like 'pack\\_%' order by 1");

  it.each([
    ['a table without account_id', 'create table b (id uuid);', /the table b has no account_id/],
    ['a mistake', 'oops', /0002_more\.sql:1 cannot be applied/],
    ['an end of the transaction', 'commit; create table b (id uuid);', /it has a COMMIT of its own/],
  ])('of a pack whose second migration has %s, nothing is applied', async (_, second, reason) => {
    const server = await start({});
    const files = { ...notes(SOUND), 'notes/migrations/0002_more.sql': second };
    const settings = { ...server.settings, ...(await packs(files)) };
    await expect(startServer(settings, createLog('test', 'silent'))).rejects.toThrow(reason);
    expect(await tables(server)).toEqual([]);
    expect(await rowsOf(server.databaseUrl, 'select from pack_migrations')).toEqual([]);
    const mended = { ...settings, ...(await packs(notes(SOUND))) };
    await (await startServer(mended, createLog('test', 'silent'))).stop();
    expect(await tables(server)).toEqual([{ tablename: 'notes' }]);
  });

  it('of packs that clash nothing is applied, and all that clashes is told at once', async () => {
    const server = await start({});
    const event = { name: 'note.made', summary: 'A note was made' };
    const withEvent = (name: string) =>
      `${packFile(name, commandText()).replace('commands:', `events: [${JSON.stringify(event)}], commands:`)}`;
    const files = {
      'memos/pack.ts': withEvent('memos'),
      'memos/migrations/0001_memos.sql': SOUND,
      'notes/pack.ts': withEvent('notes'),
    };
    const settings = { ...server.settings, ...(await packs(files)) };
    const error = await startServer(settings, createLog('test', 'silent')).catch((caught) => caught);
    for (const what of ['noun "notes"', 'path "/notes"', 'namespace "notes:"', 'events "note.made"'])
      expect(error.message).toContain(what);
    expect(await tables(server)).toEqual([]);
  });

  it('applies each migration once, also when two start at once, and refuses a changed or missing one', async () => {
    const server = await start(notes(SOUND));
    const restart = async (files: Record<string, string>) => {
      const settings = await packs(files);
      const { stop } = await startServer({ ...server.settings, ...settings }, createLog('test', 'silent'));
      await stop();
    };
    const next = { 'notes/migrations/0002_more.sql': 'alter table notes add column text text;' };
    await Promise.all([restart({ ...notes(SOUND), ...next }), restart({ ...notes(SOUND), ...next })]);
    expect(await rowsOf(server.databaseUrl, 'select name from pack_migrations order by number')).toEqual([
      { name: '0001_notes.sql' },
      { name: '0002_more.sql' },
    ]);
    await expect(restart({ ...notes(`${SOUND} -- changed`), ...next })).rejects.toThrow(/was changed after/);
    await expect(restart(notes(SOUND))).rejects.toThrow(/newer than this version of the pack notes/);
  });
});
