// A task at work passes from one runner to another, in the store: what of it stays as it was, who may say something
// of it when, and what becomes of it when nobody comes.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { HANDOVER_MS, LEASE_MS } from '../../src/protocol/runner.ts';
import { settleTask, stopTask } from '../../src/server/tasks/end.ts';
import { appendAgentEvents } from '../../src/server/tasks/events.ts';
import { leaveTasks, renewLeases } from '../../src/server/tasks/hold.ts';
import { endLapsedTasks } from '../../src/server/tasks/lapse.ts';
import { reportPhase } from '../../src/server/tasks/lease.ts';
import {
  returnTakenOver,
  sandboxesToSpare,
  takeOverNextTask,
  tasksTaken,
} from '../../src/server/tasks/take-over.ts';
import { reportWaiting, reportWorking } from '../../src/server/tasks/waiting.ts';
import { NO_PRICES, openTestStore, randomHash, type TestStore, WATCHED } from '../fixtures/store.ts';

const REACH = 'cluster/namespace';
let seed: TestStore;
beforeAll(async () => {
  seed = await openTestStore();
});
afterAll(() => seed?.close());

const lost = expect.objectContaining({ code: 'lease_lost' });
const take = (reach = REACH, secretHash = randomHash(), runnerId = randomUUID()) =>
  takeOverNextTask(seed.store, { runnerId, reach, mintKey: () => ({ secretHash, prefix: 'sk_live_again' }) });
const taskOf = async (id: string) => {
  const task = await seed.findTask(seed.account.id, id);
  if (!task) throw new Error(`no task ${id}`);
  return task;
};
const rowOf = (id: string) =>
  seed.store.db.selectFrom('tasks').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
const hashOf = async (id: string) =>
  (
    await seed.store.db
      .selectFrom('keys')
      .select('secret_hash')
      .where('task_id', '=', id)
      .executeTakeFirstOrThrow()
  ).secret_hash;

/** One that has begun in a sandbox that outlives its runner. */
async function atWork(more: Parameters<TestStore['post']>[0] = {}) {
  const { id } = await seed.post({ timeoutMs: 300_000, ...more });
  const runnerId = randomUUID();
  const { leaseId } = await seed.lease(runnerId);
  const sandbox = { id: `sandbox-${id}`, reach: REACH };
  await reportPhase(seed.store, { taskId: id, leaseId, phase: 'starting', sandbox });
  await reportPhase(seed.store, { taskId: id, leaseId, phase: 'working' });
  return { taskId: id, leaseId, runnerId, sandboxId: sandbox.id };
}
type AtWork = Awaited<ReturnType<typeof atWork>>;
const free = ({ runnerId }: AtWork) => leaveTasks(seed.store, { runnerId, taskIds: [] });

async function takeNow() {
  const taken = await take();
  if (taken === null) throw new Error('nothing was free');
  return { taskId: taken.task.id, ...taken };
}

const text = (said: string) => ({ type: 'text', text: said }) as const;
const saidBy = async (id: string) =>
  (await seed.events(id)).flatMap((event) => (event.type === 'text' ? [event.text] : []));

it('goes on under a new lease: the same deadline, phase and events, and a key whose old secret is dead', async () => {
  const first = await atWork();
  const { taskId } = first;
  await appendAgentEvents(seed.store, { ...first, batch: 1, events: [text('one')] });
  const before = await rowOf(taskId);
  const oldHash = await hashOf(taskId);
  expect(await free(first)).toEqual({ returned: [], freed: [taskId], ended: [] });
  expect(await taskOf(taskId)).toMatchObject({ status: 'running', phase: 'working' });
  expect(await hashOf(taskId)).not.toBe(oldHash);
  // Nobody speaks for it, and who cannot reach its sandbox does not get it.
  await expect(appendAgentEvents(seed.store, { ...first, batch: 2, events: [text('lost')] })).rejects.toEqual(
    lost,
  );
  expect(await renewLeases(seed.store, { runnerId: first.runnerId, taskIds: [taskId] })).toEqual([taskId]);
  expect(await tasksTaken(seed.store.db, [taskId])).toEqual([taskId]);
  expect(await take('another reach')).toBeNull();
  expect(await take(REACH, randomHash(), first.runnerId)).toBeNull();

  seed.clock.advance(5_000);
  const newHash = randomHash();
  const taken = await take(REACH, newHash);
  expect(taken).toMatchObject({
    task: { id: taskId },
    resume: { sandboxId: first.sandboxId, phase: 'working', isWaiting: false },
  });
  expect(taken?.deadline).toEqual(before.deadline);
  expect(taken?.leftMs).toBeGreaterThan(290_000);
  expect(taken?.leftMs).toBeLessThan(296_000);
  expect(taken?.resume.livedMs).toBeGreaterThanOrEqual(5_000);
  expect(await hashOf(taskId)).toBe(newHash);
  expect(await take()).toBeNull();

  const second = { taskId, leaseId: taken?.leaseId ?? '' };
  await reportPhase(seed.store, { ...second, phase: 'starting' });
  expect(await rowOf(taskId)).toMatchObject({ free_since: null, phase: 'working', begun_at: before.begun_at });
  // The guest asks again for what had no answer.
  await appendAgentEvents(seed.store, { ...second, batch: 1, events: [text('one')] });
  await appendAgentEvents(seed.store, { ...second, batch: 2, events: [text('two')] });
  expect(await saidBy(taskId)).toEqual(['one', 'two']);
  const settlement = {
    ...({ outcome: 'completed', stdout: 'done', stderr: null, exitCode: 0, error: null } as const),
    usage: { cpuSeconds: 1, peakMemoryBytes: 1, wallMs: 6_000 },
  };
  const settle = (leaseId: string) => settleTask(seed.store, taskId, { ...settlement, leaseId }, NO_PRICES);
  await expect(settle(first.leaseId)).rejects.toEqual(lost);
  expect(await settle(second.leaseId)).toBe('settled');
  expect(await taskOf(taskId)).toMatchObject({ status: 'completed', usage: { wallMs: 6_000 } });
  const statuses = (await seed.events(taskId)).flatMap((event) => (event.type === 'status' ? [event.status] : []));
  expect(statuses).toEqual(['queued', 'running', 'running', 'completed']);
});

it('waits a minute for another runner, then ends as one whose runner was lost', async () => {
  const first = await atWork();
  await free(first);
  seed.clock.advance(HANDOVER_MS - 1_000);
  expect(await endLapsedTasks(seed.store, WATCHED)).toEqual([]);
  seed.clock.advance(2_000);
  expect(await endLapsedTasks(seed.store, WATCHED)).toEqual([first.taskId]);
  expect(await taskOf(first.taskId)).toMatchObject({ status: 'failed', error: { code: 'interrupted' } });
});

it('of a silent runner is free once its lease has lapsed, again and again', async () => {
  const first = await atWork();
  seed.clock.advance(LEASE_MS + 1_000);
  expect(await endLapsedTasks(seed.store, WATCHED)).toEqual([first.taskId]);
  expect((await taskOf(first.taskId)).status).toBe('running');
  const second = await takeNow();
  // An answer that reached nobody: at once, or when its runner says nothing of it.
  await returnTakenOver(seed.store, second);
  const third = await takeNow();
  await expect(reportPhase(seed.store, { ...second, phase: 'starting' })).rejects.toEqual(lost);
  seed.clock.advance(11_000);
  expect(await endLapsedTasks(seed.store, WATCHED)).toEqual([first.taskId]);
  const fourth = await takeNow();
  await expect(reportPhase(seed.store, { ...third, phase: 'starting' })).rejects.toEqual(lost);
  await reportPhase(seed.store, { ...fourth, phase: 'starting' });
  // And a takeover of a takeover has all its time again.
  seed.clock.advance(LEASE_MS + 1_000);
  expect(await endLapsedTasks(seed.store, WATCHED)).toEqual([first.taskId]);
  expect((await takeNow()).taskId).toBe(first.taskId);
  await stopTask(seed.store, seed.account.id, first.taskId);
});

it('goes to one of two runners that ask at the same time', async () => {
  const first = await atWork();
  await free(first);
  const taken = await Promise.all([take(), take(), take()]);
  expect(taken.filter((one) => one !== null)).toHaveLength(1);
  await stopTask(seed.store, seed.account.id, first.taskId);
});

it('can be stopped by its caller while nobody has it, and its deadline ends it', async () => {
  const stopped = await atWork();
  await free(stopped);
  expect(await stopTask(seed.store, seed.account.id, stopped.taskId)).toMatchObject({ status: 'stopped' });
  expect(await tasksTaken(seed.store.db, [stopped.taskId])).toEqual([]);
  expect(await take()).toBeNull();
  const late = await atWork({ timeoutMs: 10_000 });
  await free(late);
  seed.clock.advance(12_000);
  expect(await endLapsedTasks(seed.store, WATCHED)).toEqual([late.taskId]);
  expect((await taskOf(late.taskId)).status).toBe('timed_out');
});

it('that waits for people waits on: its clock stands, and what it has waited counts once', async () => {
  const first = await atWork({ waitMs: 100_000 });
  await reportWaiting(seed.store, first);
  const { deadline } = await rowOf(first.taskId);
  seed.clock.advance(20_000);
  await free(first);
  seed.clock.advance(10_000);
  const taken = await takeNow();
  expect(taken.resume.isWaiting).toBe(true);
  expect(taken.waitMs).toBeGreaterThan(69_000);
  expect(taken.waitMs).toBeLessThanOrEqual(70_000);
  // As much as it had when it began to wait.
  expect(taken.leftMs).toBeGreaterThan(298_000);
  expect(taken.leftMs).toBeLessThanOrEqual(300_000);
  expect((await rowOf(first.taskId)).deadline).toEqual(deadline);
  await reportPhase(seed.store, { ...taken, phase: 'starting' });
  expect((await taskOf(first.taskId)).status).toBe('waiting_for_approval');
  seed.clock.advance(5_000);
  await reportWorking(seed.store, { ...taken, waitedMs: 5_000, leftMs: taken.leftMs });
  const { waited_ms } = await rowOf(first.taskId);
  expect(waited_ms).toBeGreaterThanOrEqual(35_000);
  expect(waited_ms).toBeLessThan(36_500);
  await stopTask(seed.store, seed.account.id, first.taskId);
});

it('without a sandbox that outlives its runner ends with it, as ever', async () => {
  const { id } = await seed.post();
  const runnerId = randomUUID();
  await seed.lease(runnerId);
  expect(await leaveTasks(seed.store, { runnerId, taskIds: [] })).toEqual({
    returned: [],
    freed: [],
    ended: [id],
  });
});

it('names its sandbox, which is spared whoever owns it; others are where their owner was seen lately', async () => {
  const first = await atWork();
  await free(first);
  const me = randomUUID();
  const sandboxes = [
    { id: first.sandboxId, owner: 'a runner that is gone' },
    { id: 'mine', owner: me },
    { id: 'nobody', owner: randomUUID() },
  ];
  const spare = (reach: string) => sandboxesToSpare(seed.store, { runnerId: me, reach }, sandboxes);
  expect(await spare(REACH)).toEqual([first.sandboxId, 'mine']);
  expect(await spare('elsewhere')).toEqual(['mine']);
  await stopTask(seed.store, seed.account.id, first.taskId);
  expect(await spare(REACH)).toEqual(['mine']);
});
