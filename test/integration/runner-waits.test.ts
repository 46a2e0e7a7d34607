// What the runner does while calls of a guest wait for people: holds their polls, stops the clock, takes the sandbox
// off the processor, and wakes it with the first decision. The test plays the guest and the server.
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Runner } from '../../src/runner/runner.ts';
import { type RunnerSetUp, startFakeRunner } from '../fixtures/fake-runner.ts';
import { type FakeServer, json, says } from '../fixtures/fake-server.ts';
import { createStreamDriver, type PlayedGuest, type StreamDriver } from '../fixtures/stream-driver.ts';

let server: FakeServer;
let driver: StreamDriver;
let runner: Runner;
let settled: RunnerSetUp['settled'];
let stop: RunnerSetUp['stop'];
/** What was asked of the driver. */
let driven: string[];
/** Held polls by the id of their approval, and what has been decided. */
let polls: Map<string, ServerResponse[]>;
let decisions: Map<string, object>;

const RAN_AT = '2026-12-01T10:00:00.000Z';
const PENDING = { state: 'pending', ranAt: null, result: null, error: null };

function decide(
  id: string,
  decision: object = { state: 'approved', ranAt: RAN_AT, result: { done: id }, error: null },
): void {
  decisions.set(id, decision);
  for (const response of polls.get(id) ?? []) if (!response.writableEnded) answerPoll(id, response);
}

function answerPoll(id: string, response: ServerResponse): void {
  json(response, 200, { approval: { id, ...(decisions.get(id) ?? PENDING) } });
}

beforeEach(async () => {
  [driven, polls, decisions] = [[], new Map(), new Map()];
  const stream = createStreamDriver();
  driver = Object.assign(stream, {
    can: { ...stream.can, pause: true },
    pause: async (id: string) => void driven.push(`pause ${id}`),
    resume: async (id: string) => void driven.push(`resume ${id}`),
  });
  const setUp = await startFakeRunner(driver, { slots: 2, quietMs: 200 });
  ({ server, runner, settled, stop } = setUp);
  server.api = ({ url, headers }, response) => {
    const id = /^\/api\/v1\/approvals\/(.+)$/.exec(url)?.[1];
    if (id === undefined) return json(response, 200, { ok: true });
    expect(headers.prefer).toBe('wait=25');
    if (decisions.has(id)) return answerPoll(id, response);
    polls.set(id, [...(polls.get(id) ?? []), response]);
  };
});
afterEach(() => stop());

const poll = (guest: PlayedGuest, id: string) =>
  guest.send({ ':method': 'GET', ':path': `/api/v1/approvals/${id}`, prefer: 'wait=25' });
const call = (guest: PlayedGuest, path = '/api/v1/keys') => guest.send({ ':method': 'GET', ':path': path });
const complete = (guest: PlayedGuest) =>
  guest.send({ ':method': 'POST', ':path': '/llm/v1/chat/completions', 'content-type': 'application/json' }, '{}');
const result = JSON.stringify({ stdout: 'done', stderr: null, exitCode: 0, error: null });
const done = (guest: PlayedGuest) => guest.send({ ':method': 'POST', ':path': '/result' }, result);
const asleep = (id: string) => expect.poll(() => driven, { timeout: 10_000 }).toContain(`pause ${id}`);
const reports = () => server.waits.map(({ report }) => report);

async function start(task: Parameters<FakeServer['queue']>[0] = { waitMs: 60_000 }) {
  const lease = server.queue(task);
  return { ...lease, guest: await driver.nextGuest() };
}

test('it holds a poll, pauses the sandbox and stops the clock; a decision wakes it within a second', async () => {
  const { taskId, leaseId, guest } = await start({ waitMs: 60_000, leftMs: 2_500 });
  const id = randomUUID();
  const answer = poll(guest, id);
  await asleep(taskId);
  await expect.poll(() => server.waits).toEqual([{ taskId, report: 'waiting', leaseId }]);
  // Longer than all the time that it had: the clock stands.
  await expect.poll(() => server.heartbeats.at(-1), { timeout: 10_000 }).toMatchObject({ waiting: [taskId] });
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  const decidedAt = performance.now();
  decide(id);
  expect(JSON.parse((await answer).body).approval).toMatchObject({ id, state: 'approved', result: { done: id } });
  expect(performance.now() - decidedAt).toBeLessThan(1_000);
  expect(driven).toEqual([`pause ${taskId}`, `resume ${taskId}`]);
  await expect.poll(reports).toEqual(['waiting', 'working']);
  const { waitedMs = 0, leftMs = 0 } = server.waits[1] ?? {};
  expect(waitedMs).toBeGreaterThan(2_400);
  expect(leftMs).toBeGreaterThan(0);
  expect(leftMs).toBeLessThan(2_500);
  await done(guest);
  guest.exit({ reason: 'exited', code: 0 });
  const { usage } = (await settled(taskId)) ?? {};
  expect(usage?.pausedMs).toBeGreaterThan(2_400);
  expect(usage?.wallMs).toBeLessThan(2_500);
});

test('the working clock alone bounds the work: past it the sandbox dies, whatever it may have waited', async () => {
  const { taskId, guest } = await start({ waitMs: 60_000, leftMs: 1_500 });
  const id = randomUUID();
  const answer = poll(guest, id);
  await asleep(taskId);
  decide(id);
  await answer;
  await guest.killed;
  expect(await settled(taskId)).toMatchObject({ outcome: 'timed_out' });
});

test('when it may wait no longer the clock goes on, and ends the task', async () => {
  const { taskId, guest } = await start({ waitMs: 500, leftMs: 1_000 });
  void poll(guest, randomUUID()).catch(() => undefined);
  await guest.killed;
  expect(driven).toEqual([`pause ${taskId}`, `resume ${taskId}`]);
  expect(reports()).toEqual(['waiting', 'working']);
  expect(server.waits[1]).toMatchObject({ waitedMs: 500 });
  expect(await settled(taskId)).toMatchObject({ outcome: 'timed_out' });
});

test('sixteen waits use up none of the calls of the guest', async () => {
  const { taskId, guest } = await start();
  const ids = Array.from({ length: 16 }, () => randomUUID());
  const answers = ids.map((id) => poll(guest, id));
  await expect.poll(() => polls.size).toBe(16);
  const others = await Promise.all(Array.from({ length: 16 }, () => call(guest)));
  expect(others.map(({ status }) => status)).toEqual(others.map(() => 200));
  await asleep(taskId);
  decide(ids[3] ?? '');
  expect((await answers[3])?.status).toBe(200);
  expect((await complete(guest)).status).toBe(200);
  await expect.poll(() => driven.filter((what) => what.startsWith('pause')), { timeout: 10_000 }).toHaveLength(2);
  for (const id of ids) decide(id);
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(ids.map(() => 200));
});

test('more waits than a guest may have are refused', async () => {
  const { guest } = await start();
  const many = Array.from({ length: 26 }, () => poll(guest, randomUUID()).catch(() => ({ status: 0 })));
  const refused = await Promise.race(many);
  expect(refused.status).toBe(429);
});

test('a call of the model that is open keeps the sandbox awake', async () => {
  const { taskId, guest } = await start();
  const open = Promise.withResolvers<void>();
  server.llm = [(request, response) => void open.promise.then(() => says('done')(request, response))];
  const completion = complete(guest);
  const answer = poll(guest, randomUUID());
  answer.catch(() => undefined);
  // The quiet that it takes, several times over.
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(driven).toEqual([]);
  open.resolve();
  await completion;
  await asleep(taskId);
});

test.each([
  ['denied', { state: 'denied', message: 'no' }],
  ['expired', { state: 'expired' }],
  ['failed', { state: 'approved', ranAt: RAN_AT, result: null, error: { code: 'conflict', message: 'gone' } }],
])('one that was %s wakes it as well', async (_, decision) => {
  const { taskId, guest } = await start();
  const id = randomUUID();
  const answer = poll(guest, id);
  await asleep(taskId);
  // Approved, and not run yet: there is more to come.
  for (const response of polls.get(id) ?? [])
    json(response, 200, { approval: { id, ...PENDING, state: 'approved' } });
  await expect.poll(() => polls.get(id)?.length, { timeout: 5_000 }).toBe(2);
  expect(driven).toEqual([`pause ${taskId}`]);
  decide(id, decision);
  expect(JSON.parse((await answer).body).approval).toMatchObject(decision);
});

test('a server that is away meanwhile costs nothing', async () => {
  const { taskId, guest } = await start();
  const id = randomUUID();
  const answer = poll(guest, id);
  await asleep(taskId);
  await server.down();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await server.up();
  await expect.poll(() => polls.get(id)?.length, { timeout: 10_000 }).toBe(2);
  decide(id);
  expect((await answer).status).toBe(200);
  await expect.poll(reports, { timeout: 10_000 }).toEqual(['waiting', 'working']);
});

test('an awake guest is told that there is no decision yet, and waits on with its next poll', async () => {
  const { guest } = await start({ waitMs: 0 });
  const id = randomUUID();
  const first = poll(guest, id);
  await expect.poll(() => polls.get(id)?.length).toBe(1);
  for (const response of polls.get(id) ?? []) answerPoll(id, response);
  expect(JSON.parse((await first).body).approval.state).toBe('pending');
  const second = poll(guest, id);
  await expect.poll(() => polls.get(id)?.length).toBe(2);
  decide(id);
  expect((await second).status).toBe(200);
  expect([driven, server.waits]).toEqual([[], []]);
});

test('one that is stopped while it sleeps is killed at once', async () => {
  const { taskId, guest } = await start();
  void poll(guest, randomUUID()).catch(() => undefined);
  await asleep(taskId);
  const stoppedAt = performance.now();
  server.stop(taskId);
  await guest.killed;
  expect(performance.now() - stoppedAt).toBeLessThan(1_000);
  await runner.stop();
  expect(server.settlements.size).toBe(0);
});

describe('a call of the model beyond the budget', () => {
  const overBudget = (id: string) => (_request: unknown, response: ServerResponse) => {
    const error = { code: 'budget_exceeded', message: 'out of budget', hint: null, requestId: null };
    response.setHeader('seed-approval', id);
    json(response, 402, { error });
  };

  test('waits with its sandbox for a raise, and is made again then', async () => {
    const { taskId, guest } = await start();
    const id = randomUUID();
    server.llm = [overBudget(id), says('with more')];
    const answer = complete(guest);
    await asleep(taskId);
    decide(id, { state: 'approved', ranAt: RAN_AT, result: {}, error: null });
    expect((await answer).body).toContain('with more');
    expect(driven).toEqual([`pause ${taskId}`, `resume ${taskId}`]);
    await expect.poll(reports).toEqual(['waiting', 'working']);
  });

  test('is refused when the server, asked again, refuses it for good', async () => {
    const { guest } = await start({ waitMs: 60_000 });
    const id = randomUUID();
    const error = { code: 'budget_exceeded', message: 'out of budget', hint: null, requestId: null };
    server.llm = [overBudget(id), (_request, response) => json(response, 402, { error })];
    decide(id, { state: 'denied' });
    const answer = await complete(guest);
    expect([answer.status, JSON.parse(answer.body).error.code]).toEqual([402, 'budget_exceeded']);
  });
});
