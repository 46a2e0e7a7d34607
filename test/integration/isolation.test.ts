// Accounts are strangers: whatever one calls, no answer holds another's rows, and an id of another's is answered
// like one that does not exist. Made from the OpenAPI document and the database's tables, so that a new command or
// table is covered by itself, and fails here when it cannot be driven.
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Lease } from '../../src/protocol/runner.ts';
import { BUILT_IN } from '../../src/server/built-in.ts';
import { countRows, idsOf, readRows } from '../fixtures/account-rows.ts';
import { signIn } from '../fixtures/dashboard-session.ts';
import { comparable } from '../fixtures/fuzz/comparable.ts';
import { type Answered, ApiDocument, type Operation } from '../fixtures/fuzz/document.ts';
import { idPlaces } from '../fixtures/fuzz/id-places.ts';
import { Known } from '../fixtures/fuzz/known.ts';
import {
  asCalled,
  askedFor,
  barely,
  batchesFor,
  draftThatSucceeds,
  driveAll,
  exportFor,
  newParty,
  ONCE_IN_A_WHILE,
  type Party,
  type Reach,
  schedulesFor,
  startTask,
  stopBatches,
  WAITING,
} from '../fixtures/fuzz/party.ts';
import { type Draft, Sender, type WireRequest } from '../fixtures/fuzz/requests.ts';
import { validDraft } from '../fixtures/fuzz/valid-requests.ts';
import { GIVEN_PACK, HELD_PACK, withHeldPack } from '../fixtures/held-pack.ts';
import { runTasks } from '../fixtures/obedient-runner.ts';
import type { PackFolder } from '../fixtures/pack-folder.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';
import { DISPATCHED } from '../fixtures/webhook-dispatcher.ts';

/** In every text that the owner's account sends. */
const CANARY = 'canary-7f3a';
/** What only the operator sees of other accounts: who there is, and which tasks run where. */
const OPERATORS_VIEW: Record<string, string> = {
  accounts_list: 'select $1::uuid as id',
  holds_list:
    'select $1::uuid as id union select unnest(array[id, subject_id, created_by, released_by]) from holds where account_id = $1',
  sandboxes_list: 'select $1::uuid as id union select id from tasks where account_id = $1',
};
/** By which the operator changes any account; to all others it is refused before anything of it is read. */
const OPERATORS_CHANGES = [
  'accounts_update',
  'accounts_delete',
  'accounts_deletion',
  'holds_create',
  'holds_release',
];
/** The operator exports any account. */
const EXPORTS = /^accounts_exports_/;
/** Do nothing without a pack; each pack's own tests show it to another account. */
const OF_PACKS = ['packs_samples', 'schedules_enable'];
/** Of what is under way at this moment, and empty at most others. */
const UNDER_WAY = ['uploads', 'reservations', 'webhook_lanes', 'webhook_accounts'];
/** Of tasks without a runner, whose own tests show that they are nobody else's. */
const OF_DOOR = ['door_starts', 'door_calls'];
/** What is left of deleted accounts. */
const AFTERWARDS = ['account_deletions', 'account_bills'];
/** What the clock and the owner's runner change. */
const MOVING = [
  ...['keys.last_used_at', 'tasks.lease_expires_at', ...DISPATCHED],
  ...['status', 'as_of', 'counts', 'parts', 'attempts', 'completed_at', 'expires_at', 'claimed_until'].map(
    (column) => `account_exports.${column}`,
  ),
];
/** Nobody's: runners serve all accounts. */
const SHARED = ['tasks.runner_id', 'keys.created_by_key_id', 'keys.limited_by_key_id'];

let packs: PackFolder;
let server: TestServer;
let document: ApiDocument;
let database: Client;
let reach: Reach;
let owner: Party;
let parties: Record<'stranger' | 'operator', Party>;
let ownersIds: Set<string>;
const over = new AbortController();
/** What a task's key is refused whatever it names. */
const NOT_FOR_TASKS = [
  ...['tasks_delete', 'tasks_forget', 'retention_set', 'holds_create', 'holds_release'],
  ...['approvals_approve', 'approvals_deny', 'approvals_link'],
  ...['schedules_create', 'schedules_update', 'schedules_resume', 'schedules_run'],
  ...['tasks_batch', 'batches_resume', 'batches_retry'],
  'tasks_upload',
];
/** On a machine that does much else. */
const DRIVE_MS = 600_000;
const operatorOnly = new Set(
  BUILT_IN.filter((command) => command.operatorOnly).map(({ name }) => name.replaceAll(' ', '_')),
);

beforeAll(async () => {
  packs = await withHeldPack();
  server = await startTestServer({ packs: packs.settings });
  database = new Client({ connectionString: server.databaseUrl });
  await database.connect();
  document = new ApiDocument((await server.call('GET', '/openapi.json', { key: null })).body);
  reach = { server, document, sender: new Sender(server.url), seed: 20_261_124 };
  owner = await newParty(reach, `${CANARY} account`);
  const { body } = await server.call('GET', '/api/v1/whoami');
  parties = {
    stranger: await newParty(reach, 'stranger'),
    operator: {
      accountId: body.account.id,
      key: server.adminKey,
      taskKey: '',
      taskId: '',
      known: new Known(),
    },
  };
  const waiting = await askedFor(server, server.adminKey, WAITING);
  for (const answer of waiting) parties.operator.known.learnFrom(answer);
  for (const answer of await schedulesFor(server, server.adminKey, 'operator'))
    parties.operator.known.learnFrom(answer);
  for (const answer of await batchesFor(server, server.adminKey, 'operator'))
    parties.operator.known.learnFrom(answer);
  for (const answer of await exportFor(server, server.adminKey, body.account))
    parties.operator.known.learnFrom(answer);
  await using runner = runTasks(server, behaveLikeAnAgent);
  await signIn(server, owner.key);
  await driveAll(reach, owner, operationsOf(owner), CANARY);
  await learnCursors(owner);
  await stopBatches(reach, owner);
  await runner[Symbol.asyncDispose]();
  await server.call('PUT', `/api/v1/credentials/${HELD_PACK}`, { key: owner.key, body: { token: CANARY } });
  const credentials = { [GIVEN_PACK]: { token: CANARY } };
  await startTask(reach, owner, CANARY, over.signal, { credentials });
  ownersIds = await idsOf(database, owner.accountId, SHARED);
}, DRIVE_MS);
afterAll(async () => {
  over.abort();
  reach?.sender[Symbol.dispose]();
  await database?.end();
  await server?.stop();
  await packs?.[Symbol.asyncDispose]();
});

it('the owner has rows of every kind to keep from others', async () => {
  const counts = await countRows(database, owner.accountId);
  const empty = Object.keys(counts).filter(
    (table) => counts[table] === 0 && ![...UNDER_WAY, ...OF_DOOR, ...AFTERWARDS].includes(table),
  );
  expect(empty, 'tables in which this suite makes no row').toEqual([]);
  expect(ownersIds.size).toBeGreaterThan(20);
});

describe.each(['stranger', 'operator'] as const)('to the %s', (who) => {
  let other: Party;
  beforeAll(async () => {
    other = parties[who];
    await using runner = runTasks(server, behaveLikeAnAgent);
    // Everything that can be called is called, and shows nothing of the owner.
    await driveAll(reach, other, operationsOf(other), who, (request, answer) =>
      expectNothingOfOwner(request, answer, who),
    );
    await stopBatches(reach, other);
    await runner[Symbol.asyncDispose]();
    await startTask(reach, other, who, over.signal);
  }, DRIVE_MS);

  it('an id of the owner is answered like one of nobody, wherever it stands, and nothing happens', {
    timeout: DRIVE_MS,
  }, async () => {
    const before = await ownersRows();
    let probes = 0;
    for (const operation of document.operations.filter(
      ({ id }) =>
        !OPERATORS_CHANGES.includes(id) && (who === 'stranger' || !(id in OPERATORS_VIEW || EXPORTS.test(id))),
    )) {
      const keys = NOT_FOR_TASKS.includes(operation.id) ? [other.key] : [other.key, other.taskKey];
      for (const key of keys) probes += await probe(operation, key, other.known);
    }
    expect(probes).toBeGreaterThan(200);
    expect(await ownersRows()).toEqual(before);
  });

  it('cursors of the owner’s lists show the own rows', { timeout: DRIVE_MS }, async () => {
    const cursors = owner.known.all('cursors');
    expect(cursors.length).toBeGreaterThan(2);
    for (const operation of operationsOf(other).filter(isListOfRows)) {
      const draft = await draftThatSucceeds(reach, other, operation);
      for (const cursor of cursors) {
        const request = other.known.fill(asCalled({ ...draft, query: { cursor, limit: 100 } }, other.key));
        const answer = await reach.sender.send(request);
        expect(answer.status, answer.text).toBe(200);
        expectNothingOfOwner(request, answer, who);
      }
    }
  });

  it('an Idempotency-Key of the owner is a new one', { timeout: DRIVE_MS }, async () => {
    const creating = operationsOf(owner).filter(
      ({ id, parameters }) =>
        ![...ONCE_IN_A_WHILE, ...ONCE].includes(id) && parameters.some(({ name }) => name === 'Idempotency-Key'),
    );
    expect(creating.length).toBeGreaterThan(1);
    for (const operation of creating) {
      const draft = await draftThatSucceeds(reach, owner, operation);
      // The same request where there is no id in it.
      const similar = operation.path.includes('{') ? await draftThatSucceeds(reach, other, operation) : draft;
      const headers = { 'idempotency-key': `${operation.id}-as-the-${who}` };
      const own = await reach.sender.send(owner.known.fill(asCalled({ ...draft, headers }, owner.key)));
      const theirs = await reach.sender.send(other.known.fill(asCalled({ ...similar, headers }, other.key)));
      expect([theirs.status, theirs.headers['idempotent-replay']], theirs.text).toEqual([own.status, undefined]);
      const later = await idsOf(database, owner.accountId, SHARED);
      expect([...later].filter((id) => theirs.text.includes(id))).toEqual([]);
    }
  });

  it('the CLI, the model’s door and the runners’ door tell nothing', async () => {
    const chat = { model: 'scripted', messages: [{ role: 'user', content: 'hi' }] };
    const doors: [method: string, path: string, key: string | null, status: number, body?: object][] = [
      ['GET', '/cli/seed.mjs', other.key, 200],
      ['GET', '/cli/seed.mjs', null, 401],
      ['GET', '/openapi.json', null, 200],
      ['GET', '/docs', null, 200],
      ['GET', '/healthz', null, 200],
      ['GET', '/readyz', null, 200],
      ['GET', '/llm/v1/models', other.key, 200],
      ['POST', '/llm/v1/chat/completions', other.key, 403, chat],
      ['POST', '/llm/v1/chat/completions', other.taskKey, 200, chat],
      ['POST', `/runner/v1/tasks/${owner.taskId}/settle`, other.key, 401, {}],
      ['POST', `/runner/v1/tasks/${owner.taskId}/events`, other.taskKey, 401, {}],
      ['POST', '/runner/v1/lease', other.key, 401, {}],
      ['POST', '/runner/v1/heartbeat', null, 401, { runnerId: randomUUID(), tasks: [owner.taskId] }],
    ];
    for (const [method, path, key, status, body] of doors) {
      const answer = await server.call(method, path, { key, ...(body && { body }) });
      expect([path, answer.status]).toEqual([path, status]);
      expectSilence(path, typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
    }
  });
});

it('the operator’s commands are refused to all others', async () => {
  const operations = document.operations.filter(({ id }) => operatorOnly.has(id));
  expect(operations.length).toBeGreaterThan(0);
  for (const operation of operations) {
    for (const { key, taskKey } of [owner, parties.stranger]) {
      for (const [index, draft] of fc
        .sample(validDraft(operation, document), { numRuns: 4, seed: reach.seed })
        .entries()) {
        const answer = await reach.sender.send(asCalled(draft, index % 2 ? key : taskKey));
        expect([operation.id, answer.status, answer.text]).toEqual([
          operation.id,
          403,
          expect.stringContaining('"operator_only"'),
        ]);
      }
    }
  }
});

it('the operator sees of others who they are and which tasks run, and nothing else', async () => {
  for (const [id, seen] of Object.entries(OPERATORS_VIEW)) {
    const operation = document.operations.find((each) => each.id === id) as Operation;
    const query = id === 'holds_list' ? { accountId: owner.accountId, released: 'true' } : {};
    const draft: Draft = { operation, path: {}, query, body: null, headers: {} };
    const { text } = await reach.sender.send(asCalled(draft, server.adminKey));
    expect(text).toContain(owner.accountId);
    const allowed = (await database.query(seen, [owner.accountId])).rows.map((row) => row.id);
    const shown = [...ownersIds].filter((each) => text.includes(each));
    expect(allowed).toEqual(expect.arrayContaining(shown));
    // The name of the account itself, and no other text of its.
    // Of a hold the operator is told the reason, too.
    if (id !== 'holds_list') expect(text.replaceAll(`"${CANARY} account"`, '')).not.toContain(CANARY);
  }
});

async function ownersRows(): Promise<object> {
  const { audit: _audit, ...rows } = await readRows(database, owner.accountId, MOVING);
  // Without the sums of the owner's own failed calls, which come by the minute.
  const entries = 'select id from audit where account_id = $1 and request_id is not null order by id';
  return { ...rows, audit: (await database.query(entries, [owner.accountId])).rows };
}

/** Those that the party may call. */
function operationsOf({ key }: Party): Operation[] {
  return document.operations.filter(
    ({ id }) => !OF_PACKS.includes(id) && (key === server.adminKey || !operatorOnly.has(id)),
  );
}

/** A task is gone on from once, a name is given once, a version is changed once: no request does it again. */
const ONCE: readonly string[] = [
  ...['tasks_continue', 'templates_create', 'templates_update', 'schedules_create', 'schedules_update'],
  // What has ended goes on no more, and what is forgotten is not there again.
  ...['batches_resume', 'batches_retry', 'batches_pause', 'batches_stop', 'tasks_forget', 'tasks_delete'],
];

/** Their cursors name something, and are of another kind than those of rows. */
const OF_NAMES = [
  ...['/api/v1/commands', '/api/v1/templates', '/api/v1/templates/{name}/versions'],
  '/api/v1/batches/{id}/rows',
];
const isListOfRows = (operation: Operation) => isList(operation) && !OF_NAMES.includes(operation.path);

const isList = ({ parameters }: Operation) => parameters.some(({ name }) => name === 'cursor');

/** One of every list that has more than one item. */
async function learnCursors(party: Party): Promise<void> {
  for (const operation of operationsOf(party).filter(isListOfRows)) {
    const draft = await draftThatSucceeds(reach, party, operation);
    const answer = await reach.sender.send(
      party.known.fill(asCalled({ ...draft, query: { limit: 1 } }, party.key)),
    );
    party.known.learnFrom(answer);
  }
}

/** What the agent of a task does: it asks the model, looks around and makes something. */
async function behaveLikeAnAgent({ taskKey, taskId, instruction }: Lease): Promise<void> {
  const messages = [{ role: 'user', content: instruction }];
  await server.call('POST', '/llm/v1/chat/completions', {
    key: taskKey,
    body: { model: 'scripted', messages },
  });
  await server.call('GET', '/api/v1/keys?q=x', { key: taskKey });
  await server.call('GET', `/api/v1/tasks/${taskId}`, { key: taskKey });
}

/** Puts ids of the owner, of every kind, wherever the operation takes one. Returns how many. */
async function probe(operation: Operation, key: string, known: Known): Promise<number> {
  const send = (draft: Draft) => reach.sender.send(known.fill(asCalled(draft, key)));
  const foreign = [
    owner.taskId,
    owner.accountId,
    ...owner.known.all('keys').slice(0, 1),
    ...[...ownersIds].slice(0, 2),
  ];
  const statuses = new Set<number>();
  let probes = 0;
  const drafts = fc.sample(validDraft(operation, document), { numRuns: 2, seed: reach.seed });
  // Without an Idempotency-Key, which the drafts of the same seed have used up.
  const plain = drafts.flatMap((draft) => [barely(draft), { ...draft, headers: {} }]);
  for (const draft of plain) {
    for (const place of idPlaces(draft, document)) {
      const nobody = randomUUID();
      const expected = await send(place(nobody));
      statuses.add(expected.status);
      for (const id of foreign) {
        const answer = await send(place(id));
        const about = `${operation.id} with ${id}: ${answer.text}`;
        expect(comparable(answer, id), about).toEqual(comparable(expected, nobody));
        expectSilence(about, answer.text.replaceAll(id, ''));
        probes += 1;
      }
    }
  }
  if (operation.parameters.some((each) => each.in === 'path' && each.schema['format'] === 'uuid')) {
    expect(statuses, operation.id).toContain(404);
    expect(Math.min(...statuses), operation.id).toBeGreaterThanOrEqual(400);
  }
  return probes;
}

function expectNothingOfOwner({ operation, target }: WireRequest, { text }: Answered, who: string): void {
  if (operation.id in OPERATORS_VIEW) return;
  // The operator made the account: its own audit log says so.
  expectSilence(target, who === 'operator' ? text.replaceAll(owner.accountId, '') : text);
}

function expectSilence(about: string, text: string): void {
  expect(text.includes(CANARY), `${about} shows a text of the owner: ${text}`).toBe(false);
  const shown = [...ownersIds].filter((id) => text.includes(id));
  expect(shown, `${about} shows ids of the owner: ${text}`).toEqual([]);
}
