// How runs end, and what the server and the log are told: the runner against a guest that the test plays.

import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SeedError } from '../../src/protocol/errors.ts';
import { createRunner, type Runner } from '../../src/runner/runner.ts';
import { type RunnerSetUp, startFakeRunner } from '../fixtures/fake-runner.ts';
import { type FakeServer, RUNNER_TOKEN, TASK_KEY } from '../fixtures/fake-server.ts';
import { createStreamDriver, type PlayedGuest, type StreamDriver } from '../fixtures/stream-driver.ts';

let server: FakeServer;
let driver: StreamDriver;
let runner: Runner;
let logged: RunnerSetUp['logged'];
let settled: RunnerSetUp['settled'];
let stop: RunnerSetUp['stop'];

beforeEach(async () => {
  driver = createStreamDriver();
  const setUp = await startFakeRunner(driver, { slots: 2, drainMs: 1_000 });
  ({ server, runner, logged, settled, stop } = setUp);
});
afterEach(() => stop());

const result = (fields: object = {}) =>
  JSON.stringify({ stdout: 'the answer', stderr: null, exitCode: 0, error: null, ...fields });

const postResult = (guest: PlayedGuest, body = result()) =>
  guest.send({ ':method': 'POST', ':path': '/result' }, body);

test('the runner says what it is and takes as many tasks as it has slots', async () => {
  const tasks = [server.queue(), server.queue(), server.queue()];
  const [first, second] = [await driver.nextGuest(), await driver.nextGuest()];
  expect([first.id, second.id]).toEqual([tasks[0]?.taskId, tasks[1]?.taskId]);
  expect(server.runnerStates[0]).toMatchObject({
    name: 'test',
    slots: 2,
    freeSlots: 2,
    driver: 'stream',
    isolation: 'vm',
  });
  expect(server.runnerStates[1]).toMatchObject({ freeSlots: 1 });
  await postResult(first);
  first.exit({ reason: 'exited', code: 0 });
  const third = await driver.nextGuest();
  expect(third.id).toBe(tasks[2]?.taskId);
});

test('a host that has nothing left for a sandbox is tried again, until it has', async () => {
  let starts = 0;
  const triedTwice = Promise.withResolvers<void>();
  driver.beforeStart = async () => {
    starts += 1;
    if (starts === 2) triedTwice.resolve();
  };
  driver.failStart = new SeedError('sandbox_failed', 'cannot be written down', {
    cause: Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' }),
  });
  const { taskId } = server.queue();
  await triedTwice.promise;
  driver.failStart = null;
  const guest = await driver.nextGuest();
  await postResult(guest);
  guest.exit({ reason: 'exited', code: 0 });
  expect(await settled(taskId)).toMatchObject({ outcome: 'completed' });
  expect(logged()).toContain('the host has nothing left for a sandbox');
});

test('a result settles the task once the guest is gone', async () => {
  const { taskId, leaseId } = server.queue();
  const guest = await driver.nextGuest();
  expect((await postResult(guest)).status).toBe(204);
  guest.exit({ reason: 'exited', code: 0 });
  expect(await settled(taskId)).toEqual({
    leaseId,
    outcome: 'completed',
    stdout: 'the answer',
    stderr: null,
    exitCode: 0,
    error: null,
    usage: { cpuSeconds: 0, peakMemoryBytes: 0, wallMs: expect.any(Number) },
  });
});

test('a guest that does not exit after its result is killed', async () => {
  const { taskId } = server.queue();
  const guest = await driver.nextGuest();
  await postResult(guest);
  await guest.killed;
  expect(await settled(taskId)).toMatchObject({ outcome: 'completed' });
});

test.each([
  [{ exitCode: 3 }, 'agent_failed', /exit code 3/],
  [
    { exitCode: 1, error: { code: 'llm_unavailable', message: 'no\u001b[31m credit' } },
    'llm_unavailable',
    /^no\[31m credit$/,
  ],
  [{ exitCode: 1, error: { code: 'interrupted', message: 'host trouble' } }, 'agent_failed', /host trouble/],
])('the failure %j is settled as %s', async (fields, code, message) => {
  const { taskId } = server.queue();
  const guest = await driver.nextGuest();
  await postResult(guest, result(fields));
  guest.exit({ reason: 'exited', code: 0 });
  expect(await settled(taskId)).toMatchObject({
    outcome: 'failed',
    error: { code, message: expect.stringMatching(message) },
  });
});

test.each([
  [{ reason: 'exited', code: 1 } as const, /code 1/],
  [{ reason: 'lost', detail: 'out of\u0000 luck' } as const, /out of luck/],
])('a sandbox that ends without a result (%j) is lost', async (exit, message) => {
  const { taskId } = server.queue();
  (await driver.nextGuest()).exit(exit);
  expect(await settled(taskId)).toMatchObject({
    outcome: 'failed',
    error: { code: 'sandbox_lost', message: expect.stringMatching(message) },
  });
});

test('a sandbox that does not start fails the task, and the runner goes on', async () => {
  driver.failStart = new Error('no memory left');
  const { taskId } = server.queue();
  expect(await settled(taskId)).toMatchObject({
    error: { code: 'sandbox_lost', message: expect.stringContaining('no memory') },
  });
  driver.failStart = null;
  server.queue();
  await driver.nextGuest();
});

test('at the deadline the sandbox is killed and the task timed out, whatever the clock of the server says', async () => {
  const deadline = Date.now() + 300;
  const { taskId } = server.queue({ leftMs: 300, deadline: new Date(Date.now() + 3_600_000).toISOString() });
  const guest = await driver.nextGuest();
  await guest.killed;
  expect(await settled(taskId)).toMatchObject({ outcome: 'timed_out', stdout: null, error: null });
  expect(Date.now() - deadline).toBeLessThan(1000);
});

test('the deadline does not wait for an answer that is long on its way', async () => {
  const askedAt = performance.now();
  server.beforeLease = () => new Promise((resolve) => setTimeout(resolve, 1_500));
  const { taskId } = server.queue({ leftMs: 2_000, heldMs: 0 });
  const guest = await driver.nextGuest();
  await guest.killed;
  expect(performance.now() - askedAt).toBeLessThan(3_300);
  expect(await settled(taskId)).toMatchObject({ outcome: 'timed_out' });
});

test('the supervisor being quicker at the deadline is the same', async () => {
  const { taskId } = server.queue();
  (await driver.nextGuest()).exit({ reason: 'deadline' });
  expect(await settled(taskId)).toMatchObject({ outcome: 'timed_out' });
});

test('a stop from the server kills the sandbox, and nothing is settled', async () => {
  const { taskId } = server.queue();
  const guest = await driver.nextGuest();
  const asked = performance.now();
  server.stop(taskId);
  await guest.killed;
  expect(performance.now() - asked).toBeLessThan(1000);
  await runner.stop();
  expect(server.settlements.size).toBe(0);
});

test('a lost lease kills the sandbox, and nothing is settled', async () => {
  server.queue();
  const guest = await driver.nextGuest();
  server.refuseReports = { status: 409, code: 'lease_lost' };
  const body = `${JSON.stringify({ type: 'text', text: 'hello' })}\n`;
  guest.send({ ':method': 'POST', ':path': '/events' }, body).catch(() => undefined);
  await guest.killed;
  await runner.stop();
  expect(server.settlements.size).toBe(0);
});

test('a task is settled although the server is away when it ends', async () => {
  const { taskId } = server.queue();
  const guest = await driver.nextGuest();
  await server.down();
  await postResult(guest);
  guest.exit({ reason: 'exited', code: 0 });
  await expect.poll(() => logged(), { timeout: 5000 }).toContain('the run ended');
  await server.up();
  expect(await settled(taskId)).toMatchObject({ outcome: 'completed', stdout: 'the answer' });
  expect(server.phases).toEqual(['starting', 'finishing']);
});

test('the last events come before the settlement, although the server was away at the end', async () => {
  const { taskId } = server.queue();
  const guest = await driver.nextGuest();
  server.refuseReports = { status: 503, code: 'unavailable' };
  const body = `${JSON.stringify({ type: 'text', text: 'last words' })}\n`;
  guest.send({ ':method': 'POST', ':path': '/events' }, body).catch(() => undefined);
  await expect.poll(() => server.refusals).toBeGreaterThan(0);
  guest.exit({ reason: 'exited', code: 1 });
  await expect.poll(() => server.refusals, { timeout: 10_000 }).toBeGreaterThan(7);
  expect(server.settlements.size).toBe(0);
  server.refuseReports = null;
  await settled(taskId);
  expect(server.events).toEqual([{ type: 'text', text: 'last words' }]);
});

test('events that the server cannot take hold up no settlement', async () => {
  const { taskId } = server.queue();
  const guest = await driver.nextGuest();
  server.refuseReports = { status: 500, code: 'internal' };
  const body = `${JSON.stringify({ type: 'text', text: 'last words' })}\n`;
  guest.send({ ':method': 'POST', ':path': '/events' }, body).catch(() => undefined);
  await expect.poll(() => server.refusals).toBeGreaterThan(0);
  guest.exit({ reason: 'exited', code: 1 });
  await expect.poll(() => logged(), { timeout: 10_000 }).toContain('settling again');
  server.refuseReports = null;
  await settled(taskId);
  expect(server.events).toEqual([]);
});

test('events wait for a server that is away', async () => {
  server.queue();
  const guest = await driver.nextGuest();
  await server.down();
  const body = `${JSON.stringify({ type: 'text', text: 'hello' })}\n`;
  const sent = guest.send({ ':method': 'POST', ':path': '/events' }, body);
  await server.up();
  expect((await sent).status).toBe(204);
  expect(server.events).toEqual([{ type: 'text', text: 'hello' }]);
});

test('a stopped runner lets a task end within its grace', async () => {
  const { taskId } = server.queue();
  const guest = await driver.nextGuest();
  const stopped = runner.stop();
  await postResult(guest);
  guest.exit({ reason: 'exited', code: 0 });
  await stopped;
  expect(server.settlements.get(taskId)).toMatchObject({ outcome: 'completed' });
});

test('a stopped runner ends what is left as interrupted and takes nothing new', async () => {
  const { taskId } = server.queue();
  const guest = await driver.nextGuest();
  const stopped = runner.stop();
  const untouched = server.queue();
  await Promise.all([guest.killed, stopped]);
  expect(server.settlements.get(taskId)).toMatchObject({ outcome: 'failed', error: { code: 'interrupted' } });
  expect(server.settlements.has(untouched.taskId)).toBe(false);
});

test('the log has neither the key, nor the instruction, nor what the guest says', async () => {
  const { taskId } = server.queue({ instruction: 'INSTRUCTION-CANARY' });
  const guest = await driver.nextGuest();
  await guest.send({ ':method': 'POST', ':path': '/events' }, 'EVENT-CANARY');
  await guest.send({ ':method': 'POST', ':path': '/result' }, '{"stdout":"RESULT-CANARY"}');
  await guest.send({ ':method': 'GET', ':path': '/PATH-CANARY' });
  await server.down();
  const waits = guest.send({ ':method': 'GET', ':path': '/api/v1/keys' });
  await expect.poll(() => logged()).toContain('the server does not answer');
  await server.up();
  await waits;
  await postResult(
    guest,
    result({
      stdout: 'ANSWER-CANARY',
      exitCode: 1,
      error: { code: 'agent_failed', message: 'ERROR-CANARY' },
    }),
  );
  guest.exit({ reason: 'exited', code: 0 });
  await settled(taskId);
  expect(logged()).toContain(taskId);
  expect(logged()).not.toMatch(/CANARY/);
  expect(logged()).not.toContain(TASK_KEY);
  expect(logged()).not.toContain(RUNNER_TOKEN);
});

test('a runner without a driver takes nothing and says why', async () => {
  await runner.stop();
  server.runnerStates.length = 0;
  const idle = createRunner({
    serverUrl: server.url,
    runnerToken: RUNNER_TOKEN,
    sandboxes: null,
    probes: [{ driver: 'gvisor', usable: false, isolation: 'user-kernel', why: 'no runsc here' }],
    slots: 2,
    name: 'idle',
    log: pino({ level: 'silent' }),
    drainMs: 0,
  });
  await idle.start();
  await expect.poll(() => server.runnerStates.length).toBeGreaterThan(0);
  expect(server.runnerStates[0]).toMatchObject({
    driver: null,
    slots: 0,
    freeSlots: 0,
    probes: [{ why: 'no runsc here' }],
  });
  await idle.stop();
});

describe('a run that has not begun', () => {
  /** The server does not answer to the first report of the task: the run cannot begin. */
  const refuseToBegin = (code: 'lease_lost' | 'unavailable') => {
    server.refuseReports = { status: code === 'lease_lost' ? 409 : 503, code };
  };

  test('waits for a server that is away, and the guest with it', async () => {
    refuseToBegin('unavailable');
    const { taskId } = server.queue();
    await expect.poll(() => server.refusals).toBeGreaterThan(1);
    server.refuseReports = null;
    const guest = await driver.nextGuest();
    expect(server.phases).toEqual(['starting']);
    await postResult(guest);
    guest.exit({ reason: 'exited', code: 0 });
    expect(await settled(taskId)).toMatchObject({ outcome: 'completed' });
  });

  test('ends without having done anything when the task has gone to somebody else', async () => {
    refuseToBegin('lease_lost');
    server.queue();
    await expect.poll(() => logged(), { timeout: 5_000 }).toContain('"why":"lease_lost"');
    server.refuseReports = null;
    const next = server.queue();
    expect((await driver.nextGuest()).id).toBe(next.taskId);
    expect(server.settlements.size).toBe(0);
  });

  test('is given back by a runner that is stopped while its sandbox starts', async () => {
    const sandbox = Promise.withResolvers<void>();
    driver.beforeStart = () => sandbox.promise;
    const { taskId } = server.queue();
    await expect.poll(() => logged(), { timeout: 5_000 }).toContain('"msg":"leased"');
    const stopped = runner.stop();
    await expect.poll(() => server.left).toEqual([[]]);
    sandbox.resolve();
    await stopped;
    expect(server.phases).toEqual([]);
    expect(server.settlements.has(taskId)).toBe(false);
  });
});

test('a stopped runner keeps its running tasks alive, takes nothing and says what it has', async () => {
  const { taskId } = server.queue();
  const guest = await driver.nextGuest();
  const stopped = runner.stop();
  await expect.poll(() => server.left).toEqual([[taskId]]);
  const before = server.heartbeats.length;
  await expect.poll(() => server.heartbeats.length).toBeGreaterThan(before);
  expect(server.heartbeats.at(-1)).toMatchObject({ tasks: [taskId], runner: { freeSlots: 0 } });
  await postResult(guest);
  guest.exit({ reason: 'exited', code: 0 });
  await stopped;
  expect(server.left).toEqual([[taskId], []]);
});

describe('with a driver that opens streams again', () => {
  beforeEach(async () => {
    await stop();
    driver = createStreamDriver({ reconnect: true });
    const setUp = await startFakeRunner(driver);
    ({ server, runner, logged, settled, stop } = setUp);
  });

  test('a guest whose stream broke goes on over a new one', async () => {
    const { taskId } = server.queue();
    const guest = await driver.nextGuest();
    expect((await guest.send({ ':method': 'GET', ':path': '/task' })).status).toBe(200);
    driver.cut(taskId);
    const again = await driver.nextGuest();
    expect(JSON.parse((await again.send({ ':method': 'GET', ':path': '/task' })).body)).toMatchObject({
      id: taskId,
    });
    expect((await postResult(again)).status).toBe(204);
    guest.exit({ reason: 'exited', code: 0 });
    expect(await settled(taskId)).toMatchObject({ outcome: 'completed' });
    expect(logged()).toContain('the stream of the sandbox was opened again');
  });
});

test('a driver whose sandboxes have no stream is refused before any work is taken', async () => {
  const { can } = driver;
  const doors = { ...driver, can: { ...can, link: 'door' as const } };
  const refused = startFakeRunner(doors);
  await expect(refused).rejects.toMatchObject({ code: 'not_supported' });
});
