// Idempotency-Key: however often a creating request is sent, to whichever server, it is done once and answered the
// same.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isObject } from '../../src/command/define-command.ts';
import type { Tx } from '../../src/db/tables.ts';
import { BUILT_IN } from '../../src/server/built-in.ts';
import {
  type Claimed,
  claimRequest,
  forgetClaim,
  leaveClaim,
  type Repeatable,
  renewClaim,
  saveAnswer,
} from '../../src/server/ledger/idempotency.ts';
import { repositoryCli } from '../fixtures/cli-process.ts';
import { type Answered, ApiDocument, type Operation } from '../fixtures/fuzz/document.ts';
import { Known } from '../fixtures/fuzz/known.ts';
import { asCalled, askedFor, draftThatSucceeds, type Party, type Reach } from '../fixtures/fuzz/party.ts';
import { Sender } from '../fixtures/fuzz/requests.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';
import { openTestStore, type TestStore } from '../fixtures/store.ts';
import { tableContents } from '../fixtures/table-contents.ts';
import { DISPATCHED } from '../fixtures/webhook-dispatcher.ts';

const HOUR_MS = 3_600_000;

describe('over REST', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
    await server.runner().appear();
  });
  afterAll(() => server?.stop());

  const send = (path: string, idempotencyKey: string, body: object, key = server.adminKey, by = server.call) =>
    by('POST', `/api/v1${path}`, { key, body, headers: { 'idempotency-key': idempotencyKey } });
  const taskCount = async () => (await server.call('GET', '/api/v1/tasks?limit=100')).body.items.length as number;

  it('100 equal posts at once, to two servers, are one task and one answer', async () => {
    const sibling = await server.sibling();
    const before = await taskCount();
    const body = { instruction: 'once', metadata: { a: '1', b: '2' } };
    const reordered = { metadata: { b: '2', a: '1' }, instruction: 'once' };
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        index % 2 === 0
          ? send('/tasks/run', 'hundred', body)
          : send('/tasks/run', 'hundred', reordered, server.adminKey, sibling.call),
      ),
    );
    await sibling.stop();
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(answers.map((answer) => JSON.stringify(answer.body))).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get('idempotent-replay') === 'true')).toHaveLength(99);
    expect(await taskCount()).toBe(before + 1);
  });

  it('refuses another body and a malformed key, and does nothing', async () => {
    await send('/tasks/run', 'first', { instruction: 'first' });
    const before = await taskCount();
    const other = await send('/tasks/run', 'first', { instruction: 'second' });
    expect([other.status, other.body.error.code]).toEqual([409, 'idempotency_mismatch']);
    const otherCommand = await send('/keys', 'first', { name: 'x', scopes: ['keys:read'] });
    expect(otherCommand.status).toBe(409);
    for (const malformed of ['', 'has space', 'x'.repeat(256)]) {
      const { status, body } = await send('/tasks/run', malformed, { instruction: 'first' });
      expect([status, body.error.code]).toEqual([400, 'invalid_input']);
    }
    expect(await taskCount()).toBe(before);
  });

  it('gives a secret again to who asked for it, to nobody else, and keeps it nowhere', async () => {
    const body = { name: 'once', scopes: ['keys:read'] };
    const made = await send('/keys', 'secret', body);
    const again = await send('/keys', 'secret', body);
    expect(again.body).toEqual(made.body);
    expect([made.status, again.status]).toEqual([201, 201]);
    const client = new Client({ connectionString: server.databaseUrl });
    await client.connect();
    const { rows } = await client.query("select encode(answer, 'escape') as answer from idempotency");
    await client.end();
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toContain(made.body.secret);

    const other = await server.newKey(['keys:*']);
    const theirs = await send('/keys', 'secret', body, other.secret);
    expect(theirs.headers.get('idempotent-replay')).toBeNull();
    expect(theirs.body.key.id).not.toBe(made.body.key.id);

    const admin = await server.call('POST', `/api/v1/keys/${other.id}/rotate`, { body: { grace: '1h' } });
    const rotated = await send('/keys', 'secret', body, admin.body.secret);
    expect([rotated.status, rotated.body.error.code]).toEqual([409, 'idempotency_mismatch']);
  });

  it('forgets a failure', async () => {
    const limited = await server.newKey(['tasks:*'], { concurrentTasks: 1 });
    const first = await send('/tasks/run', 'holds-the-place', { instruction: 'x' }, limited.secret);
    const refused = await send('/tasks/run', 'later', { instruction: 'y' }, limited.secret);
    expect(refused.body.error.code).toBe('too_many_tasks');
    await server.call('POST', `/api/v1/tasks/${first.body.task.id}/stop`, { key: limited.secret });
    const retried = await send('/tasks/run', 'later', { instruction: 'y' }, limited.secret);
    expect(retried.status).toBe(202);
    expect(retried.headers.get('idempotent-replay')).toBeNull();
  });

  it('lets the CLI try again when the connection breaks before the answer', async () => {
    let posts = 0;
    const lossy = createServer(async (incoming, outgoing) => {
      const { host: _, ...headers } = incoming.headers;
      const body = await text(incoming);
      const answer = await fetch(server.url + incoming.url, {
        method: incoming.method ?? 'GET',
        headers: headers as Record<string, string>,
        ...(body !== '' && { body }),
      });
      const answered = await answer.text();
      if (incoming.method === 'POST' && ++posts === 1) return void incoming.socket.destroy();
      outgoing.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
      return void outgoing.end(answered);
    });
    lossy.listen(0, '127.0.0.1');
    await once(lossy, 'listening');
    const url = `http://127.0.0.1:${(lossy.address() as AddressInfo).port}`;
    const cli = await repositoryCli({ SEED_API_URL: url, SEED_API_KEY: server.adminKey });
    const { code, stderr } = await cli.run(['keys', 'create', '--name', 'lossy', '--scopes', 'keys:read']);
    await cli.remove();
    lossy.close();
    expect([code, stderr, posts]).toEqual([0, expect.not.stringContaining('error'), 2]);
    const { body } = await server.call('GET', '/api/v1/keys?q=lossy');
    expect(body.items).toHaveLength(1);
  });

  it('is described', async () => {
    const { body } = await server.call('GET', '/openapi.json', { key: null });
    const post = body.paths['/api/v1/keys'].post;
    expect(post.parameters.map(({ name }: { name: string }) => name)).toContain('Idempotency-Key');
    expect(Object.keys(post.responses[201].headers)).toEqual(['Idempotent-Replay']);
  });
});

describe('every creating command', () => {
  let server: TestServer;
  let reach: Reach;
  let database: Client;
  beforeAll(async () => {
    server = await startTestServer();
    database = new Client({ connectionString: server.databaseUrl });
    await database.connect();
    const document = new ApiDocument((await server.call('GET', '/openapi.json', { key: null })).body);
    reach = { server, document, sender: new Sender(server.url), seed: 20_261_124 };
  });
  afterAll(async () => {
    reach?.sender[Symbol.dispose]();
    await database?.end();
    await server?.stop();
  });

  const creating = BUILT_IN.filter((command) => isObject(command) && command.creates);

  it('is one that makes something, and takes the key', () => {
    for (const command of BUILT_IN) {
      const makes = isObject(command) && (command.successStatus ?? 200) !== 200;
      if (makes) expect(creating).toContain(command);
    }
  });

  // Those go on with a task that has ended, or runs: follow-ups.test.ts has one. Of an account one export is under
  // way at a time, whoever asks: account-export.test.ts. And batches go on by themselves, so that rows come of them at
  // any time: batches.test.ts has theirs. Nothing is uploaded to a folder: uploads.test.ts.
  const elsewhere = /^(tasks (continue|message|batch|upload)|batches retry|accounts exports create)$/;
  const repeated = creating.map(({ name }) => name).filter((name) => !elsewhere.test(name));
  it.each(repeated)('%s does its work once for ten requests at once', async (name) => {
    const operation = reach.document.operations.find(({ id }) => id === name.replaceAll(' ', '_')) as Operation;
    const operator: Party = {
      accountId: '',
      key: server.adminKey,
      taskKey: '',
      taskId: '',
      known: new Known(),
    };
    if (operation.path.includes('{')) {
      operator.known.learnFrom(await newKeyAnswer(server));
      operator.known.learnFrom(await newWebhookAnswer(server));
      for (const answer of await askedFor(server, server.adminKey, 1)) operator.known.learnFrom(answer);
      operator.known.learnFrom(await newScheduleAnswer(server));
    }
    const draft = await draftThatSucceeds(reach, operator, operation);
    const send = (key: string, sender: Sender) => {
      // A name is given once.
      const body = /^(templates|schedules) create$/.test(name) ? { ...draft.body, name: key } : draft.body;
      const headers = { 'idempotency-key': `${key}-${operation.id}` };
      const request = asCalled({ ...draft, body, headers }, server.adminKey);
      return sender.send(operator.known.fill(request));
    };
    const rowsAdded = async (work: () => Promise<unknown>) => {
      const before = await countOfRows(database);
      await work();
      return (await countOfRows(database)) - before;
    };
    const once = await rowsAdded(() => send('one', reach.sender));
    const sibling = await server.sibling();
    using siblings = new Sender(sibling.url);
    const senders = Array.from({ length: 10 }, (_, index) => (index % 2 ? siblings : reach.sender));
    let answers: Answered[] = [];
    const tenfold = await rowsAdded(async () => {
      answers = await Promise.all(senders.map((sender) => send('ten', sender)));
    });
    await sibling.stop();
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers[0]?.status).toBeLessThan(300);
    expect(answers.filter(({ headers }) => headers['idempotent-replay'] === 'true')).toHaveLength(9);
    expect(once).toBeGreaterThan(0);
    expect(tenfold).toBe(once);
  });
});

/** A key that can be changed by who has its id. */
async function newKeyAnswer(server: TestServer): Promise<Answered> {
  const { status, body } = await server.call('POST', '/api/v1/keys', {
    body: { name: 'x', scopes: ['keys:read'] },
  });
  return { status, headers: {}, text: JSON.stringify(body) };
}

/** And one of a webhook. */
async function newWebhookAnswer(server: TestServer): Promise<Answered> {
  const { status, body } = await server.call('POST', '/api/v1/webhooks', {
    body: { url: 'https://example.com/hooks', events: ['task.stopped'] },
  });
  return { status, headers: {}, text: JSON.stringify(body) };
}

/** And one of a schedule. */
async function newScheduleAnswer(server: TestServer): Promise<Answered> {
  const { status, body } = await server.call('POST', '/api/v1/schedules', {
    body: { name: `for ${randomUUID()}`, cron: '0 7 * * *', command: 'obs costs', input: {} },
  });
  return { status, headers: {}, text: JSON.stringify(body) };
}

/** Of what commands make; not of what is kept of every call. */
async function countOfRows(database: Client): Promise<number> {
  const contents = await tableContents(database, ['audit', 'calls', 'idempotency', 'events', ...DISPATCHED]);
  return Object.values(contents).reduce((sum, content) => sum + Number.parseInt(content, 10), 0);
}

describe('in the store', () => {
  let seed: TestStore;
  beforeAll(async () => {
    seed = await openTestStore();
  });
  afterAll(() => seed?.close());
  const request = (): Repeatable => ({
    keyId: seed.key.id,
    idempotencyKey: randomUUID(),
    requestHash: 'hash',
    subjectId: null,
  });

  const within = <Result>(work: (tx: Tx) => Promise<Result>) => seed.store.db.transaction().execute(work);
  const claim = (of: Repeatable, takesOver = true) =>
    within((tx) => claimRequest(tx, of, { id: randomUUID(), now: seed.clock.now(), takesOver }));

  it('a claim that nobody renews is taken over, and makes the same thing', async () => {
    const { store, clock } = seed;
    const lost = request();
    const first = (await claim(lost)) as Claimed;
    expect(first).toMatchObject({ state: 'mine', isFirst: true });
    expect(await claim(lost)).toEqual({ state: 'working' });
    clock.advance(29_000);
    await renewClaim(store, lost);
    clock.advance(29_000);
    expect(await claim(lost)).toEqual({ state: 'working' });
    clock.advance(2_000);
    expect(await claim(lost)).toEqual({ ...first, isFirst: false });
    // Of two who are at it now, neither can make the other's claim be forgotten.
    await within((tx) => forgetClaim(tx, lost, first));
    expect(await claim(lost)).toEqual({ state: 'working' });
  });

  it('a claim on what may be done once only is not taken over', async () => {
    const left = request();
    const { creationId } = (await claim(left, false)) as Claimed;
    await within((tx) => leaveClaim(tx, left, seed.clock.now()));
    expect(await claim(left, false)).toEqual({ state: 'left', creationId });
    seed.clock.advance(23 * HOUR_MS);
    expect(await claim(left, false)).toEqual({ state: 'left', creationId });
  });

  it('an answer is kept for 24 hours and then deleted with all of its time', async () => {
    const { store, clock } = seed;
    const kept = request();
    const mine = (await claim(kept)) as Claimed;
    await within((tx) => saveAnswer(tx, kept, Buffer.from('sealed')));
    await within((tx) => saveAnswer(tx, kept, Buffer.from('later')));
    await within((tx) => forgetClaim(tx, kept, mine));
    clock.advance(24 * HOUR_MS);
    expect(await claim(kept)).toEqual({ state: 'answered', answer: Buffer.from('sealed') });
    clock.advance(1);
    expect(await claim(kept)).toMatchObject({ state: 'mine' });
    clock.advance(25 * HOUR_MS);
    await claim(request());
    const rows = await store.db.selectFrom('idempotency').select('idempotency_key').execute();
    expect(rows).toHaveLength(1);
  });
});
