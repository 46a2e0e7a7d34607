// Messages that come while the agent says its last: it asks for them once more before it ends, so that none is lost
// where the heartbeat that tells of them cannot come through, and none is read twice where it can. A real guest and
// runner, a real server, and a line between them that holds back what the test names.
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createRunner, type Runner } from '../../src/runner/runner.ts';
import { type FollowingModel, followed, said, startFollowingModel } from '../fixtures/following-model.ts';
import { type HeldRequests, holdRequests } from '../fixtures/held-requests.ts';
import { createListeningDriver, type ListeningDriver } from '../fixtures/listening-driver.ts';
import { llmSettings } from '../fixtures/llm-settings.ts';
import { bash, until } from '../fixtures/seed.ts';
import { type AnyBody, startTestServer, type TestServer } from '../fixtures/server.ts';

const SOON = { timeout: 90_000 };
const HEARTBEAT = /^\/runner\/v1\/heartbeat/;
const MESSAGES = /^\/runner\/v1\/tasks\/[^/]+\/messages/;
let model: FollowingModel;
let server: TestServer;
let platform: ListeningDriver;
let line: HeldRequests;
let runner: Runner;
beforeAll(async () => {
  [model, platform] = await Promise.all([startFollowingModel(), createListeningDriver()]);
  server = await startTestServer({ llm: llmSettings({ baseUrl: model.baseUrl, defaultModels: ['late'] }) });
  line = await holdRequests(server.url);
  runner = createRunner({
    serverUrl: line.url,
    runnerToken: server.runnerToken,
    sandboxes: { driver: platform, snapshot: platform.snapshot },
    probes: [{ driver: platform.name, usable: true, isolation: 'vm' }],
    slots: 4,
    name: 'behind a line',
    log: pino({ level: 'silent' }),
    drainMs: 0,
    identity: { id: randomUUID(), former: [], formerTold: async () => undefined },
  });
  await runner.start();
});
afterEach(() => {
  if (line) line.holds = null;
});
afterAll(async () => {
  line?.breakHeld();
  await runner?.stop();
  await line?.[Symbol.asyncDispose]();
  await server?.stop();
  await Promise.all([platform?.remove(), model?.close()]);
});

const textsOf = () =>
  model
    .lastMessages()
    .filter(({ role }) => role === 'user')
    .map(({ content }) => (typeof content === 'string' ? content : String(content?.[0]?.['text'])));

/** Posts a task, and does these while its model is asked for the first, the second … answer. */
async function run(...during: ((id: string) => Promise<unknown>)[]): Promise<AnyBody> {
  const turns = [...during];
  let id = '';
  const posted = Promise.withResolvers<void>();
  model.behave(async (response, request) => {
    await posted.promise;
    await turns.shift()?.(id);
    const texts = textsOf();
    const answer = texts.length > 1 ? said(`I was told: ${texts.at(-1)}`) : followed(model.lastMessages());
    await answer(response, request);
  });
  const { body } = await server.call('POST', '/api/v1/tasks/run', { body: { instruction: bash('echo one') } });
  id = body.task.id;
  posted.resolve();
  const found = async () => (await server.call('GET', `/api/v1/tasks/${id}`)).body.task;
  await expect.poll(async () => (await found()).completedAt, SOON).not.toBeNull();
  expect(turns).toEqual([]);
  return found();
}

/** What is said of when it is read. */
async function send(id: string, text: string): Promise<string> {
  const { status, body } = await server.call('POST', `/api/v1/tasks/${id}/messages`, { body: { text } });
  expect(status).toBe(202);
  return body.message.note;
}

async function readsOf(id: string): Promise<string[]> {
  const { body } = await server.call<string>('GET', `/api/v1/tasks/${id}/events?past=true`);
  const events = body
    .trim()
    .split('\n')
    .map((event) => JSON.parse(event) as { type: string; text?: string });
  return events.flatMap(({ type, text = '' }) => (type === 'diagnostic' ? text : []));
}

const nothing = async () => undefined;

test('no heartbeat comes through: what was sent during the last turn is read all the same', {
  timeout: 180_000,
}, async () => {
  const task = await run(
    nothing,
    async (id) => {
      const before = line.seen.length;
      line.holds = HEARTBEAT;
      await send(id, 'And then?');
      // Not the one that was under way: this one would have told of it.
      await until(
        'one is held',
        () => line.seen.slice(before).some((seen) => seen.endsWith('heartbeat held')),
        60_000,
      );
    },
    nothing,
  );
  expect(task).toMatchObject({ status: 'completed', stdout: 'I was told: And then?', stderr: null });
  expect(textsOf()).toEqual([task.instruction, 'And then?']);
  expect(await readsOf(task.id)).toEqual(['The agent reads a message.']);
});

test('several, and one of each turn that these bring, are read in their order', { timeout: 180_000 }, async () => {
  line.holds = HEARTBEAT;
  const task = await run(
    nothing,
    async (id) => {
      await send(id, 'First.');
      await send(id, 'Second.');
    },
    (id) => send(id, 'Third.'),
    nothing,
  );
  expect(task).toMatchObject({ status: 'completed', stdout: 'I was told: Third.' });
  expect(textsOf()).toEqual([task.instruction, 'First.\n\nSecond.', 'Third.']);
  expect(await readsOf(task.id)).toEqual(['The agent reads 2 messages.', 'The agent reads a message.']);
});

test('what comes by both ways at once is read once', { timeout: 180_000 }, async () => {
  const isAsked = (how: string) =>
    line.seen.filter((seen) => MESSAGES.test(seen) && seen.endsWith(` ${how}`)).length;
  const asked = { held: isAsked('held'), answered: isAsked('200') };
  const task = await run(
    nothing,
    async (id) => {
      line.holds = MESSAGES;
      await send(id, 'Once.');
      // The heartbeat has told of it, and the guest's standing question is on its way.
      await until('it is', () => isAsked('held') > asked.held, 60_000);
      line.holds = null;
    },
    async () => {
      // Answered by the last question; now the other has the same answer.
      expect(isAsked('200')).toBe(asked.answered + 1);
      line.letHeldGo();
      await until('it has', () => isAsked('200') > asked.answered + 1, 60_000);
    },
  );
  expect(task).toMatchObject({ status: 'completed', stdout: 'I was told: Once.' });
  expect(textsOf()).toEqual([task.instruction, 'Once.']);
  expect(await readsOf(task.id)).toEqual(['The agent reads a message.']);
});

/** When the runner has its result, and the server not. */
async function sendLate(id: string): Promise<void> {
  await until('it settles', () => line.seen.includes(`/runner/v1/tasks/${id}/settle held`), 90_000);
  const phaseOf = async () => (await server.call('GET', `/api/v1/tasks/${id}`)).body.task.phase;
  await expect.poll(phaseOf, SOON).toBe('finishing');
  expect(await send(id, 'Too late.')).toContain('does not read this');
  line.holds = null;
  line.letHeldGo();
}

test('of one that comes behind the last question it is said who reads it, and that task does', {
  timeout: 240_000,
}, async () => {
  let late: Promise<unknown> = nothing();
  const first = await run(
    nothing,
    async (id) => {
      expect(await send(id, 'In time.')).toContain('at its next turn');
      line.holds = /\/settle$/;
      late = sendLate(id);
    },
    nothing,
  );
  await late;
  expect(textsOf()).toEqual([first.instruction, 'In time.']);
  const { body } = await server.call('POST', `/api/v1/tasks/${first.id}/continue`, {
    body: { instruction: 'Now?' },
  });
  const found = async () => (await server.call('GET', `/api/v1/tasks/${body.task.id}`)).body.task;
  await expect.poll(async () => (await found()).status, SOON).toBe('completed');
  expect(textsOf().join('\n')).toContain('Too late.');
});
