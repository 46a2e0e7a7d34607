// The life of a task in the store: accepted, leased in order, settled, stopped, lapsed; one terminal status, ever.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SeedError } from '../../src/protocol/errors.ts';
import type { AgentEvent } from '../../src/protocol/event.ts';
import { LEASE_MS, type Settlement } from '../../src/protocol/runner.ts';
import { isTerminal } from '../../src/protocol/statuses.ts';
import { revokeKey } from '../../src/server/access/key-changes.ts';
import { getKey } from '../../src/server/access/keys.ts';
import { recordModelCall } from '../../src/server/spending/model-calls.ts';
import { settleTask, stopTask } from '../../src/server/tasks/end.ts';
import { appendAgentEvents } from '../../src/server/tasks/events.ts';
import { renewLeases, tasksToStop } from '../../src/server/tasks/hold.ts';
import { endLapsedTasks } from '../../src/server/tasks/lapse.ts';
import { leaseNextTask, reportPhase } from '../../src/server/tasks/lease.ts';
import { NO_PRICES, openTestStore, randomHash, type TestStore, WATCHED } from '../fixtures/store.ts';

let seed: TestStore;

beforeAll(async () => {
  seed = await openTestStore();
});
afterAll(() => seed.close());

const completed = (leaseId: string): Settlement => ({
  leaseId,
  outcome: 'completed',
  stdout: 'done',
  stderr: null,
  exitCode: 0,
  error: null,
  usage: null,
});

const taskOf = async (id: string) => {
  const task = await seed.findTask(seed.account.id, id);
  if (!task) throw new Error(`no task ${id}`);
  return task;
};

const eventsOf = (id: string) => seed.events(id, 0, 1000);

const statusesOf = async (id: string) =>
  (await eventsOf(id)).flatMap((event) => (event.type === 'status' ? [event.status] : []));

const taskKeyOf = (taskId: string) =>
  seed.store.db.selectFrom('keys').selectAll().where('task_id', '=', taskId).executeTakeFirstOrThrow();

test('a task runs from queued to completed, with its times and its key', async () => {
  const posted = await seed.post({ metadata: { team: 'a' }, timeoutMs: 5_000 });
  expect(posted).toMatchObject({ status: 'queued', phase: null, startedAt: null, metadata: { team: 'a' } });
  const leased = await seed.lease();
  expect(leased.task).toMatchObject({
    id: posted.id,
    status: 'running',
    phase: 'starting',
    queuedMs: expect.any(Number),
  });
  expect(leased.deadline).toEqual(new Date(seed.clock.now().getTime() + 5_000));
  expect(await taskKeyOf(posted.id)).toMatchObject({
    name: `task:${posted.id.slice(0, 8)}`,
    scopes: ['keys:read'],
    secret_hash: leased.secretHash,
    caller_key_id: seed.key.id,
    expires_at: leased.deadline,
  });
  seed.clock.advance(20);
  await reportPhase(seed.store, { taskId: posted.id, leaseId: leased.leaseId, phase: 'working' });
  await reportPhase(seed.store, { taskId: posted.id, leaseId: leased.leaseId, phase: 'working' });
  await recordModelCall(seed.store, posted.id, {
    askedModel: 'scripted',
    answeredModel: null,
    inputTokens: 7,
    outputTokens: 3,
    cachedTokens: 0,
    reasoningTokens: 0,
    costNanoUsd: 5,
    costSource: 'prices',
    unpriced: false,
    durationMs: 1,
    outcome: 'ok',
  });
  seed.clock.advance(300);
  expect(await settleTask(seed.store, posted.id, completed(leased.leaseId), NO_PRICES)).toBe('settled');
  expect(await settleTask(seed.store, posted.id, completed(leased.leaseId), NO_PRICES)).toBe('already_ended');
  expect(await taskOf(posted.id)).toMatchObject({
    status: 'completed',
    stdout: 'done',
    exitCode: 0,
    phase: null,
    inputTokens: 7,
    outputTokens: 3,
    startMs: 20,
    runMs: 300,
  });
  expect(
    (await eventsOf(posted.id)).map((event) => event.type === 'status' && [event.seq, event.status, event.phase]),
  ).toEqual([
    [1, 'queued', null],
    [2, 'running', 'starting'],
    [3, 'running', 'working'],
    [4, 'completed', null],
  ]);
  const key = await taskKeyOf(posted.id);
  expect(key.revoked_at).toEqual(seed.clock.now());
  expect(key.revoked_by).toBeNull();
});

test('ten tasks are leased in the order of their arrival by two runners at once, each once', async () => {
  const posted: string[] = [];
  for (let i = 0; i < 10; i++) posted.push((await seed.post()).id);
  const leased: string[] = [];
  for (let i = 0; i < 5; i++) {
    const pair = await Promise.all([seed.lease(), seed.lease()]);
    expect(new Set(pair.map(({ task }) => task.id))).toEqual(new Set(posted.slice(2 * i, 2 * i + 2)));
    leased.push(...pair.map(({ task }) => task.id));
  }
  expect(new Set(leased).size).toBe(10);
  const mintKey = () => ({ secretHash: randomHash(), prefix: 'sk_live_none' });
  expect(await leaseNextTask(seed.store, { runnerId: randomUUID(), mintKey })).toBeNull();
  await Promise.all(leased.map((id) => stopTask(seed.store, seed.account.id, id)));
});

test('a lease that is rolled back leaves the task at the head of the queue', async () => {
  const first = await seed.post();
  const second = await seed.post();
  const mintKey = () => {
    throw new Error('no randomness left');
  };
  await expect(leaseNextTask(seed.store, { runnerId: randomUUID(), mintKey })).rejects.toThrow(
    'no randomness left',
  );
  expect((await taskOf(first.id)).status).toBe('queued');
  expect((await seed.lease()).task.id).toBe(first.id);
  expect((await seed.lease()).task.id).toBe(second.id);
  for (const { id } of [first, second]) await stopTask(seed.store, seed.account.id, id);
});

test('fifty stops at once and a settle end a running task once, with one terminal event', async () => {
  const { id } = await seed.post();
  const { leaseId } = await seed.lease();
  const stops = Array.from({ length: 50 }, () => stopTask(seed.store, seed.account.id, id));
  const [settled, ...stopped] = await Promise.all([
    settleTask(seed.store, id, completed(leaseId), NO_PRICES),
    ...stops,
  ]);
  const { status } = await taskOf(id);
  expect(status).toBe(settled === 'settled' ? 'completed' : 'stopped');
  expect(new Set(stopped.map((task) => task?.status))).toEqual(new Set([status]));
  expect((await statusesOf(id)).filter(isTerminal)).toEqual([status]);
});

test('stopping and leasing queued tasks at once loses none, doubles none, deadlocks never', async () => {
  const ids: string[] = [];
  for (let i = 0; i < 20; i++) ids.push((await seed.post()).id);
  const mintKey = () => ({ secretHash: randomHash(), prefix: 'sk_live_race' });
  const leases = Array.from({ length: 20 }, () => leaseNextTask(seed.store, { runnerId: randomUUID(), mintKey }));
  const stops = ids.map((id) => stopTask(seed.store, seed.account.id, id));
  const leased = (await Promise.all(leases)).flatMap((lease) => (lease ? [lease.task.id] : []));
  await Promise.all(stops);
  expect(new Set(leased).size).toBe(leased.length);
  for (const id of ids) {
    const expected = leased.includes(id) ? ['queued', 'running', 'stopped'] : ['queued', 'stopped'];
    expect(await statusesOf(id)).toEqual(expected);
  }
  expect(await leaseNextTask(seed.store, { runnerId: randomUUID(), mintKey })).toBeNull();
});

test('a stopped queued task is never leased; a foreign account stops nothing', async () => {
  const { id } = await seed.post();
  expect(await stopTask(seed.store, randomUUID(), id)).toBeNull();
  expect((await taskOf(id)).status).toBe('queued');
  expect(await stopTask(seed.store, seed.account.id, id)).toMatchObject({
    status: 'stopped',
    startedAt: null,
  });
  const jobs = await seed.store.db
    .withTables<{ 'pgboss.job': { id: string } }>()
    .selectFrom('pgboss.job')
    .select('id')
    .where('id', '=', id)
    .execute();
  expect(jobs).toEqual([]);
  const mintKey = () => ({ secretHash: randomHash(), prefix: 'sk_live_none' });
  expect(await leaseNextTask(seed.store, { runnerId: randomUUID(), mintKey })).toBeNull();
});

test('a task whose key was revoked while it waited is not run', async () => {
  const { key } = await seed.addKey();
  const { id } = await seed.post({ keyId: key.id });
  const next = await seed.post();
  await revokeKey(seed.store, { accountId: seed.account.id, id: key.id }, seed.key.id, seed.clock.now());
  expect((await seed.lease()).task.id).toBe(next.id);
  expect(await taskOf(id)).toMatchObject({
    status: 'stopped',
    error: { code: 'interrupted' },
    startedAt: null,
  });
  await stopTask(seed.store, seed.account.id, next.id);
});

test('a lapsed lease ends the task interrupted, once, with the output so far', async () => {
  const { id } = await seed.post({ timeoutMs: 3 * LEASE_MS });
  const { leaseId, runnerId } = await seed.lease();
  await appendAgentEvents(seed.store, {
    taskId: id,
    leaseId,
    batch: 1,
    events: [
      { type: 'tool_call', callId: 'c', tool: 'bash', input: { command: 'ls' } },
      { type: 'tool_output', callId: 'c', chunk: 'one\n' },
      { type: 'tool_output', callId: 'c', chunk: 'two\n' },
    ],
  });
  seed.clock.advance(LEASE_MS - 1_000);
  expect(await renewLeases(seed.store, { runnerId, taskIds: [id] })).toEqual([]);
  seed.clock.advance(LEASE_MS - 1_000);
  expect(await endLapsedTasks(seed.store, WATCHED)).toEqual([]);
  seed.clock.advance(2_000);
  const ended = await Promise.all([
    endLapsedTasks(seed.store, WATCHED),
    endLapsedTasks(seed.store, WATCHED),
    endLapsedTasks(seed.store, WATCHED),
  ]);
  expect(ended.flat()).toEqual([id]);
  expect(await taskOf(id)).toMatchObject({
    status: 'failed',
    error: { code: 'interrupted' },
    stdout: 'one\ntwo\n',
  });
  expect(await renewLeases(seed.store, { runnerId, taskIds: [id] })).toEqual([id]);
  expect(await tasksToStop(seed.store, runnerId, [id])).toEqual([id]);
  expect((await taskKeyOf(id)).revoked_at).not.toBeNull();
});

test.each([
  { outcome: 'completed', exitCode: 0, error: null },
  { outcome: 'failed', exitCode: 1, error: { code: 'no_answer', message: 'it only thought' } },
] as const)('what a tool printed is no answer of an agent that ended by itself ($outcome)', async (end) => {
  const { id } = await seed.post();
  const { leaseId } = await seed.lease();
  const send = (batch: number, events: AgentEvent[]) =>
    appendAgentEvents(seed.store, { taskId: id, leaseId, batch, events });
  await send(1, [
    { type: 'tool_call', callId: 'c', tool: 'bash', input: { command: 'ls' } },
    { type: 'tool_output', callId: 'c', chunk: 'one\n' },
    { type: 'tool_result', callId: 'c', output: 'one\n', isError: false },
  ]);
  await settleTask(seed.store, id, { ...completed(leaseId), ...end, stdout: null }, NO_PRICES);
  expect(await taskOf(id)).toMatchObject({ status: end.outcome, stdout: null, error: end.error });
});

test('the call that an agent wrote as text is no answer, wherever it stands', async () => {
  const { id } = await seed.post();
  const { leaseId } = await seed.lease();
  const events: AgentEvent[] = [{ type: 'text', text: '{"name":"bash","arguments":{"command":"ls"}}' }];
  await appendAgentEvents(seed.store, { taskId: id, leaseId, batch: 1, events });
  const error = { code: 'tool_call_unreadable', message: 'twice' } as const;
  const end = { ...completed(leaseId), outcome: 'failed', exitCode: 1, error, stdout: null } as const;
  await settleTask(seed.store, id, end, NO_PRICES);
  expect(await taskOf(id)).toMatchObject({ status: 'failed', stdout: null, error });
});

test('a task past its deadline that nobody settles times out after a second of grace', async () => {
  const { id } = await seed.post({ timeoutMs: 1_000 });
  const { leaseId } = await seed.lease();
  const event = { type: 'text', text: 'half an answer' } as const;
  await appendAgentEvents(seed.store, { taskId: id, leaseId, batch: 1, events: [event] });
  seed.clock.advance(1_999);
  expect(await endLapsedTasks(seed.store, WATCHED)).toEqual([]);
  seed.clock.advance(2);
  expect(await endLapsedTasks(seed.store, WATCHED)).toEqual([id]);
  expect(await taskOf(id)).toMatchObject({ status: 'timed_out', error: null, stdout: 'half an answer' });
});

test('another lease than the task runs under is refused everywhere', async () => {
  const { id } = await seed.post();
  const { leaseId } = await seed.lease();
  const wrong = randomUUID();
  const lost = expect.objectContaining({ code: 'lease_lost' });
  await expect(settleTask(seed.store, id, completed(wrong), NO_PRICES)).rejects.toEqual(lost);
  await expect(reportPhase(seed.store, { taskId: id, leaseId: wrong, phase: 'working' })).rejects.toEqual(lost);
  const events = [{ type: 'text' as const, text: 'x' }];
  await expect(appendAgentEvents(seed.store, { taskId: id, leaseId: wrong, batch: 1, events })).rejects.toEqual(
    lost,
  );
  expect(await renewLeases(seed.store, { runnerId: wrong, taskIds: [id] })).toEqual([id]);
  await stopTask(seed.store, seed.account.id, id);
  await expect(appendAgentEvents(seed.store, { taskId: id, leaseId, batch: 1, events })).rejects.toBeInstanceOf(
    SeedError,
  );
  expect(await statusesOf(id)).toEqual(['queued', 'running', 'stopped']);
});

test('a task key is found by its account and carries its task', async () => {
  const { id } = await seed.post();
  await seed.lease();
  const { id: keyId } = await taskKeyOf(id);
  expect(await getKey(seed.store.db, seed.account.id, keyId, seed.clock.now())).toMatchObject({
    taskId: id,
    status: 'active',
  });
  expect(await getKey(seed.store.db, randomUUID(), keyId, seed.clock.now())).toBeNull();
  await stopTask(seed.store, seed.account.id, id);
});
