// A server that restarts, and a network that fails, under a guest at work: real server, real runner, and a guest
// that the test plays. Nothing that the guest asks for fails, and nothing is done twice.
import { once } from 'node:events';
import type { ClientHttp2Stream } from 'node:http2';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { generateKeySecret } from '../../src/lib/key-secret.ts';
import { createRunner, type Runner } from '../../src/runner/runner.ts';
import { type CuttableLine, startLine } from '../fixtures/cuttable-line.ts';
import { type LinedDatabase, linedDatabase } from '../fixtures/lined-database.ts';
import {
  chunk,
  DONE,
  type LlmUpstream,
  startLlmUpstream,
  startStream,
  stream,
  usageChunk,
} from '../fixtures/llm-upstream.ts';
import { type ServerProcess, startServerProcess } from '../fixtures/server-process.ts';
import { createStreamDriver, type PlayedGuest } from '../fixtures/stream-driver.ts';

const ANSWER = chunk('one') + chunk('two', 'stop') + usageChunk() + DONE;
const adminKey = generateKeySecret();
const ALL_WELL = [200, 201, 204, 200, 200];
const undo = new AsyncDisposableStack();
let upstream: LlmUpstream;
let database: LinedDatabase;
let server: ServerProcess;
/** From the runner to the server. */
let line: CuttableLine;
let runner: Runner;
let guest: PlayedGuest;
let logged = '';
let start: () => Promise<ServerProcess>;

beforeAll(async () => {
  upstream = await startLlmUpstream();
  undo.defer(() => upstream.close());
  database = await linedDatabase();
  undo.defer(() => database.drop());
  const environment = {
    DATABASE_URL: database.linedUrl,
    SEED_ADMIN_KEY: adminKey,
    SEED_SECRETS_KEY: 's'.repeat(32),
    SEED_LLM_BASE_URL: upstream.baseUrl,
    SEED_LLM_MODEL: 'm',
  };
  server = await startServerProcess(environment);
  undo.defer(() => server.stop());
  const { port } = new URL(server.url);
  start = () => startServerProcess({ ...environment, PORT: port });
  line = await startLine(server.url);
  undo.defer(() => line.close());
  const driver = createStreamDriver();
  const lines = new PassThrough();
  lines.on('data', (piece) => {
    logged += piece;
  });
  runner = createRunner({
    serverUrl: line.url,
    runnerToken: server.runnerToken,
    sandboxes: { driver, snapshot: driver.snapshot },
    probes: [{ driver: 'stream', usable: true, isolation: 'vm' }],
    slots: 1,
    name: 'test',
    log: pino({ level: 'debug' }, lines),
    drainMs: 0,
  });
  await runner.start();
  undo.defer(() => runner.stop());
  await post({ instruction: 'wait', timeout: 600_000 });
  guest = await driver.nextGuest();
}, 60_000);
beforeEach(() => {
  logged = '';
  upstream.requests.length = 0;
  upstream.behave(stream(ANSWER));
});
afterAll(() => undo.disposeAsync(), 60_000);

const api = (path: string, options: RequestInit = {}) =>
  fetch(`${server.url}/api/v1${path}`, {
    ...options,
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
  });
const post = (task: object) => api('/tasks/run', { method: 'POST', body: JSON.stringify(task) });
const waiting = () => logged.split('a call of the guest waits').length - 1;

const ask = (path: string) => guest.send({ ':method': 'GET', ':path': path });
const MODEL_CALL = {
  ':method': 'POST',
  ':path': '/llm/v1/chat/completions',
  'content-type': 'application/json',
};
const QUESTION = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hi' }], stream: true });

/** All that a guest asks for, each of which is to be answered well; the key is to be made once. */
function askForAll(name: string) {
  const make = { ':method': 'POST', ':path': '/api/v1/keys', 'content-type': 'application/json' };
  const events = { ':method': 'POST', ':path': '/events' };
  return Promise.all([
    guest.send(MODEL_CALL, QUESTION),
    guest.send(make, JSON.stringify({ name, scopes: ['keys:read'] })),
    guest.send(events, `${JSON.stringify({ type: 'text', text: name })}\n`),
    ask('/cli/seed.mjs'),
    ask('/api/v1/whoami'),
  ]);
}

async function expectOnce(name: string): Promise<void> {
  const { body } = await ask('/api/v1/keys?limit=100');
  const names = (JSON.parse(body).items as { name: string }[]).map((key) => key.name);
  expect(names.filter((one) => one === name)).toEqual([name]);
}

async function restOf(answer: ClientHttp2Stream): Promise<string> {
  let text = '';
  for await (const piece of answer) text += piece;
  return text;
}

it('a graceful restart finishes the call under way, and all that comes meanwhile waits', async () => {
  const ends = Promise.withResolvers<void>();
  upstream.behave(async (response) => {
    startStream(response);
    response.write(chunk('one'));
    await ends.promise;
    response.end(chunk('two', 'stop') + usageChunk() + DONE);
  }, stream(ANSWER));
  const answer = guest.session.request(MODEL_CALL);
  answer.setEncoding('utf8').end(QUESTION);
  const [first] = (await once(answer, 'data')) as [string];
  expect(first).toContain('"one"');
  const exited = once(server.child, 'exit');
  server.child.kill('SIGTERM');
  await expect.poll(server.log).toContain('stopping');
  const all = askForAll('graceful');
  await expect.poll(waiting).toBeGreaterThanOrEqual(4);
  expect(upstream.requests.length).toBe(1);
  ends.resolve();
  expect(await restOf(answer)).toContain('[DONE]');
  expect(await exited).toEqual([0, null]);
  await server.stop();
  server = await start();
  expect((await all).map(({ status }) => status)).toEqual(ALL_WELL);
  expect(upstream.requests.length).toBe(2);
  await expectOnce('graceful');
}, 60_000);

it('a server that is killed before a model has answered is asked again', async () => {
  upstream.behave(() => undefined, stream(ANSWER));
  const answer = guest.send(MODEL_CALL, QUESTION);
  await expect.poll(() => upstream.requests.length).toBe(1);
  const exited = once(server.child, 'exit');
  server.child.kill('SIGKILL');
  await exited;
  const all = askForAll('killed');
  await expect.poll(waiting).toBeGreaterThanOrEqual(5);
  await server.stop();
  server = await start();
  expect((await answer).body).toContain('[DONE]');
  expect((await all).map(({ status }) => status)).toEqual(ALL_WELL);
  await expectOnce('killed');
}, 60_000);

it('a network that is cut while all of it is under way is waited out', async () => {
  const begins = Promise.withResolvers<void>();
  upstream.behave(async () => begins.resolve(), stream(ANSWER));
  const all = askForAll('cut');
  await begins.promise;
  line.cut();
  await expect.poll(waiting).toBeGreaterThan(0);
  line.mend();
  expect((await all).map(({ status }) => status)).toEqual(ALL_WELL);
  await expectOnce('cut');
}, 60_000);

it('a network that is frozen for a while, and one that is slow, only take time', async () => {
  line.freeze();
  const all = askForAll('frozen');
  await sleep(1_000);
  line.mend();
  expect((await all).map(({ status }) => status)).toEqual(ALL_WELL);
  await expectOnce('frozen');
  line.slow(100);
  expect((await askForAll('slow')).map(({ status }) => status)).toEqual(ALL_WELL);
  line.mend();
  await expectOnce('slow');
}, 60_000);

it('a database that is away for two seconds, while a model answers and all is asked for, is waited out', async () => {
  const ends = Promise.withResolvers<void>();
  upstream.behave(async (response) => {
    startStream(response);
    response.write(chunk('one'));
    await ends.promise;
    response.end(chunk('two', 'stop') + usageChunk() + DONE);
  }, stream(ANSWER));
  const answer = guest.session.request(MODEL_CALL);
  answer.setEncoding('utf8').end(QUESTION);
  await once(answer, 'data');
  database.line.cut();
  const all = askForAll('without a database');
  await sleep(2_000);
  expect(waiting()).toBeGreaterThan(0);
  ends.resolve();
  database.line.mend();
  expect(await restOf(answer)).toContain('[DONE]');
  expect((await all).map(({ status }) => status)).toEqual(ALL_WELL);
  await expectOnce('without a database');
}, 60_000);
