// Requests by the thousand, made from the OpenAPI document: what it allows is answered as it says; what it does not
// allow is refused and changes nothing. Nothing is answered with a 5xx. FUZZ_SEED and FUZZ_REQUESTS (5000 for
// the long form) vary it.
import fc from 'fast-check';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { breakagesOf } from '../fixtures/fuzz/broken-requests.ts';
import { type Answered, ApiDocument, type Operation } from '../fixtures/fuzz/document.ts';
import { findFault, findLeniency } from '../fixtures/fuzz/faults.ts';
import { Known } from '../fixtures/fuzz/known.ts';
import { driveAll, newParty, ONCE_IN_A_WHILE } from '../fixtures/fuzz/party.ts';
import { Sender, toWire, type WireRequest } from '../fixtures/fuzz/requests.ts';
import { validDraft } from '../fixtures/fuzz/valid-requests.ts';
import { withHeldPack } from '../fixtures/held-pack.ts';
import { runTasks } from '../fixtures/obedient-runner.ts';
import type { PackFolder } from '../fixtures/pack-folder.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';
import { tableContents } from '../fixtures/table-contents.ts';
import { DISPATCHED } from '../fixtures/webhook-dispatcher.ts';

const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_124);
const REQUESTS = Number(process.env['FUZZ_REQUESTS'] ?? 1_900);
const AT_ONCE = 8;
/** Requests of one operation before it is the next one's turn, so that what one makes others find. */
const PER_TURN = 5;
/** What refused calls leave behind, and what the clock writes. */
const UNWATCHED = [
  ...['audit', 'calls', 'keys.last_used_at', 'runners.last_seen', 'runners.state', ...DISPATCHED],
  // Exports go on by themselves.
  ...['account_exports', 'blobs'],
];

let packs: PackFolder;
let server: TestServer;
let document: ApiDocument;
let database: Client;
let sender: Sender;
let tasks: AsyncDisposable;
const keys: Record<string, string> = {};
const known = new Known();

beforeAll(async () => {
  packs = await withHeldPack('crm');
  server = await startTestServer({ packs: packs.settings });
  database = new Client({ connectionString: server.databaseUrl });
  await database.connect();
  document = new ApiDocument((await server.call('GET', '/openapi.json', { key: null })).body);
  sender = new Sender(server.url);
  tasks = runTasks(server);
  const tenant = await server.call('POST', '/api/v1/accounts', { body: { name: 'tenant' } });
  Object.assign(keys, {
    operator: server.adminKey,
    tenant: tenant.body.secret,
    narrow: (await server.newKey(['keys:read'])).secret,
    hurried: (await server.newKey(['*'], { requestsPerMinute: 5 })).secret,
  });
});
afterAll(async () => {
  await tasks?.[Symbol.asyncDispose]();
  sender?.[Symbol.dispose]();
  await database?.end();
  await server?.stop();
  await packs?.[Symbol.asyncDispose]();
});

it(`answers ${REQUESTS} requests as its document says (seed ${SEED})`, {
  timeout: 180_000 + REQUESTS * 20,
}, async () => {
  const { operations } = document;
  const each = Math.ceil(REQUESTS / 2 / operations.length);
  const faults: string[] = [];
  const note = (fault: string | null) => fault !== null && faults.push(fault);
  const succeeded = new Set<string>();
  let sent = 0;

  const sendValid = (requests: WireRequest[]) =>
    sendAll(requests, (request, answer) => {
      note(findFault(document, request, answer));
      if (answer.status < 300) succeeded.add(request.operation.id);
      known.learnFrom(answer, request.operation.path);
    });
  const valid = operations.map((operation, index) => validRequests(operation, each, SEED + index));
  for (let turn = 0; turn < each; turn += PER_TURN)
    sent += await sendValid(valid.flatMap((requests) => requests.slice(turn, turn + PER_TURN)));
  // What some need others may have made last.
  const missed = operations.filter(({ id }) => !succeeded.has(id));
  sent += await sendValid(missed.flatMap((operation) => validRequests(operation, each, SEED - 1)));
  expect(faults.slice(0, 20)).toEqual([]);
  // What was destroyed before its turn came is there for somebody new.
  const never = operations.filter(({ id }) => !succeeded.has(id) && !ONCE_IN_A_WHILE.includes(id));
  if (never.length > 0) {
    const nouns = new Set(never.map(nounOf));
    const reach = { server, document, sender, seed: SEED };
    const isOperators = ({ id }: Operation) => /^accounts_(create|list|update)$/.test(id);
    const beside = operations.filter((operation) => nouns.has(nounOf(operation)) && !isOperators(operation));
    await driveAll(reach, await newParty(reach, 'latecomer'), beside, 'text');
  }

  await noTaskRuns();
  const before = await tableContents(database, UNWATCHED);
  const broken = operations.flatMap((operation, index) => brokenRequests(operation, each, SEED + index));
  sent += await sendAll(broken, (request, answer) => note(findLeniency(document, request, answer)));
  expect(faults.slice(0, 20)).toEqual([]);
  expect(await tableContents(database, UNWATCHED)).toEqual(before);
  expect(sent).toBeGreaterThanOrEqual(REQUESTS);
});

function validRequests(operation: Operation, count: number, seed: number): WireRequest[] {
  const caller = fc.oneof(
    ...Object.entries({ operator: 12, tenant: 3, narrow: 2, hurried: 1 }).map(([who, weight]) => ({
      weight,
      arbitrary: fc.constant(who),
    })),
  );
  const request = fc.tuple(validDraft(operation, document), caller).map(([draft, who]) => {
    const authorization = `Bearer ${keys[who]}`;
    return toWire({ ...draft, headers: { ...draft.headers, authorization } }, `as ${who}`);
  });
  return fc.sample(request, { numRuns: count, seed });
}

/** Every way to break the operation at least once, and again until there are as many as asked for. */
function brokenRequests(operation: Operation, count: number, seed: number): WireRequest[] {
  const breakages = breakagesOf(operation, document);
  const numRuns = Math.max(count, breakages.length);
  const authorization = `Bearer ${server.adminKey}`;
  return fc.sample(validDraft(operation, document), { numRuns, seed }).flatMap((draft, index) => {
    const breakage = breakages[index % breakages.length];
    return breakage?.apply({ ...draft, headers: { ...draft.headers, authorization } }) ?? [];
  });
}

/** How many it were. One without an answer has the status 0. */
async function sendAll(
  requests: WireRequest[],
  take: (request: WireRequest, answer: Answered) => void,
): Promise<number> {
  const waiting = requests.values();
  const sendNext = async () => {
    for (const planned of waiting) {
      const request = known.fill(planned);
      const noAnswer = (error: Error) => ({ status: 0, headers: {}, text: String(error) });
      take(request, await sender.send(request).catch(noAnswer));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sendNext));
  return requests.length;
}

async function noTaskRuns(): Promise<void> {
  const unfinished = 'select count(*)::int as count from tasks where completed_at is null';
  await expect.poll(async () => (await database.query(unfinished)).rows[0].count, { timeout: 20_000 }).toBe(0);
}

function nounOf({ path }: Operation): string {
  return path.split('/')[3] ?? '';
}
