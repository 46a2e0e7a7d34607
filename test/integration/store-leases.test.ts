// Leases in the store: by whose clock they lapse, what a gap in the looks means, and what becomes of a task that
// nobody began.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { openStore, type Store } from '../../src/db/store.ts';
import { BEGIN_WITHIN_MS, LEASE_MS } from '../../src/protocol/runner.ts';
import { stopTask } from '../../src/server/tasks/end.ts';
import { leaveTasks, renewLeases, returnLease } from '../../src/server/tasks/hold.ts';
import { createWatch, endLapsedTasks } from '../../src/server/tasks/lapse.ts';
import { leaseNextTask, reportPhase } from '../../src/server/tasks/lease.ts';
import { openTestStore, randomHash, silent, type TestStore, WATCHED } from '../fixtures/store.ts';

const HOUR_MS = 3_600_000;

let seed: TestStore;
beforeAll(async () => {
  seed = await openTestStore();
});
afterAll(() => seed?.close());

const taskOf = async (id: string) => {
  const task = await seed.findTask(seed.account.id, id);
  if (!task) throw new Error(`no task ${id}`);
  return task;
};
const statusesOf = async (id: string) =>
  (await seed.events(id)).flatMap((event) => (event.type === 'status' ? [event.status] : []));
const stop = (id: string) => stopTask(seed.store, seed.account.id, id);

/** Takes the next task without beginning it. */
async function take(store: Store = seed.store, runnerId: string = randomUUID()) {
  const leased = await leaseNextTask(store, {
    runnerId,
    mintKey: () => ({ secretHash: randomHash(), prefix: 'sk_live_task' }),
  });
  if (!leased) throw new Error('no task was waiting');
  return { ...leased, taskId: leased.task.id, runnerId };
}
const begin = ({ taskId, leaseId }: { taskId: string; leaseId: string }, store = seed.store) =>
  reportPhase(store, { taskId, leaseId, phase: 'starting' });
const lost = expect.objectContaining({ code: 'lease_lost' });

describe('a gap in the looks', () => {
  it('gives every lease a full period again', async () => {
    const { id } = await seed.post({ timeoutMs: 600_000 });
    const { runnerId } = await seed.lease();
    let here = 0;
    const watch = createWatch(() => here);
    const pass = (ms: number) => {
      here += ms;
      seed.clock.advance(ms);
    };
    const lookEverySecond = async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 1_000) {
        pass(1_000);
        expect(await endLapsedTasks(seed.store, watch)).toEqual([]);
      }
    };
    // The database, the server or the machine stands still for far longer than a lease.
    await endLapsedTasks(seed.store, watch);
    pass(3 * LEASE_MS);
    expect(await endLapsedTasks(seed.store, watch)).toEqual([]);
    await lookEverySecond(LEASE_MS - 2_000);
    watch.missed();
    await lookEverySecond(LEASE_MS - 2_000);
    expect(await renewLeases(seed.store, { runnerId, taskIds: [id] })).toEqual([]);
    await lookEverySecond(LEASE_MS);
    pass(1_000);
    expect(await endLapsedTasks(seed.store, watch)).toEqual([id]);
    expect(await taskOf(id)).toMatchObject({ status: 'failed', error: { code: 'interrupted' } });
  });

  it('gives a runner time to tell what it could not, also of a task whose deadline has passed', async () => {
    const { id } = await seed.post({ timeoutMs: 10_000 });
    await seed.lease();
    const started = seed.clock.now().getTime();
    const watch = createWatch(() => seed.clock.now().getTime() - started);
    seed.clock.advance(300_000);
    for (let second = 0; second < 20; second += 1) {
      expect(await endLapsedTasks(seed.store, watch)).toEqual([]);
      seed.clock.advance(1_000);
    }
    expect(await endLapsedTasks(seed.store, watch)).toEqual([id]);
    expect((await taskOf(id)).status).toBe('timed_out');
  });

  it.each([
    ['forward', HOUR_MS],
    ['back', -HOUR_MS],
  ])(
    "lets deadlines move along with the database's clock that was set %s, and task keys with them",
    async (_, byMs) => {
      const { id } = await seed.post({ timeoutMs: 300_000 });
      const { runnerId, deadline: first } = await seed.lease();
      const watch = createWatch();
      expect(await endLapsedTasks(seed.store, watch)).toEqual([]);
      seed.clock.advance(byMs);
      expect(await endLapsedTasks(seed.store, watch)).toEqual([]);
      expect(await renewLeases(seed.store, { runnerId, taskIds: [id], leftMs: [200_000] })).toEqual([]);
      const deadline = new Date(seed.clock.now().getTime() + 200_000);
      expect(await taskOf(id)).toMatchObject({ status: 'running', deadline: deadline.toISOString() });
      const [key] = await seed.rows(`select expires_at from keys where task_id = '${id}'`);
      expect(key?.['expires_at']).toEqual(byMs > 0 ? deadline : first);
      // What was long on its way tells nothing, and nobody gets more than the task's whole time.
      await renewLeases(seed.store, { runnerId, taskIds: [id], leftMs: [230_000] });
      expect((await taskOf(id)).deadline).toBe(deadline.toISOString());
      await renewLeases(seed.store, { runnerId, taskIds: [id], leftMs: [HOUR_MS] });
      expect((await taskOf(id)).deadline).toBe(new Date(seed.clock.now().getTime() + 300_000).toISOString());
      await stop(id);
      seed.clock.advance(-byMs);
    },
  );

  it('bounds the leases of a database whose clock was set back', async () => {
    const { id } = await seed.post({ timeoutMs: 600_000 });
    await seed.lease();
    seed.clock.advance(-HOUR_MS);
    expect(await endLapsedTasks(seed.store, createWatch())).toEqual([]);
    seed.clock.advance(LEASE_MS + 1);
    expect(await endLapsedTasks(seed.store, WATCHED)).toEqual([id]);
    seed.clock.advance(HOUR_MS);
  });
});

describe('a lease that nobody began', () => {
  it('goes back to the front of the queue, once its time is over, without its key', async () => {
    const first = await seed.post();
    const second = await seed.post();
    const held = await take();
    expect(held.taskId).toBe(first.id);
    seed.clock.advance(BEGIN_WITHIN_MS);
    expect(await endLapsedTasks(seed.store, createWatch())).toEqual([]);
    seed.clock.advance(1);
    expect(await endLapsedTasks(seed.store, createWatch())).toEqual([first.id]);
    expect(await taskOf(first.id)).toMatchObject({
      status: 'queued',
      phase: null,
      startedAt: null,
      deadline: null,
      queuedMs: null,
    });
    await expect(begin(held)).rejects.toEqual(lost);
    const live = await seed.store.db
      .selectFrom('keys')
      .select('id')
      .where('task_id', '=', first.id)
      .where('revoked_at', 'is', null)
      .execute();
    expect(live).toEqual([]);

    expect((await seed.lease()).task.id).toBe(first.id);
    expect(await statusesOf(first.id)).toEqual(['queued', 'running', 'queued', 'running']);
    expect((await seed.lease()).task.id).toBe(second.id);
    await Promise.all([stop(first.id), stop(second.id)]);
  });

  it('is kept by a runner that names it', async () => {
    const { id } = await seed.post();
    const held = await take();
    expect(await renewLeases(seed.store, { runnerId: held.runnerId, taskIds: [id] })).toEqual([]);
    seed.clock.advance(BEGIN_WITHIN_MS + 1);
    expect(await endLapsedTasks(seed.store, WATCHED)).toEqual([]);
    await begin(held);
    await stop(id);
  });

  it('times out when its runner keeps it and never begins; with a shorter time it goes back all the same', async () => {
    const kept = await seed.post({ timeoutMs: 5_000 });
    const held = await take();
    await renewLeases(seed.store, { runnerId: held.runnerId, taskIds: [kept.id] });
    const left = await seed.post({ timeoutMs: 1_000 });
    await take();
    seed.clock.advance(5_000 + BEGIN_WITHIN_MS);
    expect(await endLapsedTasks(seed.store, WATCHED)).toEqual([left.id]);
    seed.clock.advance(1);
    expect(await endLapsedTasks(seed.store, WATCHED)).toEqual([kept.id]);
    expect([(await taskOf(kept.id)).status, (await taskOf(left.id)).status]).toEqual(['timed_out', 'queued']);
    await stop(left.id);
  });

  it('begins or goes back, but never both', async () => {
    for (let round = 0; round < 30; round += 1) {
      const { id } = await seed.post();
      const held = await take();
      const early = round % 2 === 0 ? returnLease(seed.store, held) : undefined;
      const [begun] = await Promise.allSettled([begin(held), early ?? returnLease(seed.store, held)]);
      expect((await taskOf(id)).status).toBe(begun.status === 'fulfilled' ? 'running' : 'queued');
      await stop(id);
    }
  });

  it('never goes back once it has begun, however often it is asked', async () => {
    const { id } = await seed.post();
    const held = await take();
    await begin(held);
    await begin(held);
    await returnLease(seed.store, held);
    expect(await statusesOf(id)).toEqual(['queued', 'running']);
    await stop(id);
  });
});

it('a runner that leaves gives back what it has not begun; the rest ends, but for what it keeps', async () => {
  const runnerId = randomUUID();
  const ids: string[] = [];
  for (let task = 0; task < 4; task += 1) ids.push((await seed.post()).id);
  const [kept, begun, unbegun] = [
    await seed.lease(runnerId),
    await seed.lease(runnerId),
    await take(seed.store, runnerId),
  ];
  const others = await seed.lease();
  expect(await leaveTasks(seed.store, { runnerId, taskIds: [kept.task.id] })).toEqual({
    returned: [unbegun.taskId],
    freed: [],
    ended: [begun.task.id],
  });
  expect(await taskOf(begun.task.id)).toMatchObject({ status: 'failed', error: { code: 'interrupted' } });
  const statuses = await Promise.all([kept.task.id, unbegun.taskId, others.task.id].map(taskOf));
  expect(statuses.map(({ status }) => status)).toEqual(['running', 'queued', 'running']);
  await Promise.all(ids.map(stop));
});

describe("a server's own clock", () => {
  it.each([
    ['an hour ahead', HOUR_MS],
    ['8 s ahead', 8_000],
    ['8 s behind', -8_000],
    ['an hour behind', -HOUR_MS],
  ])('%s changes nothing', async (_, byMs) => {
    const { databaseUrl } = seed;
    const right = await openStore({ databaseUrl, log: silent });
    const accountId = seed.account.id;
    const { id } = await seed.post({ timeoutMs: 20_000 });
    onTestFinished(async () => {
      vi.useRealTimers();
      await right.close();
    });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + byMs });
    const wrong = await openStore({ databaseUrl, log: silent });
    onTestFinished(() => wrong.close());
    expect(Math.abs(wrong.clock.now().getTime() - right.clock.now().getTime())).toBeLessThan(500);

    // Waited for, run and watched by the wrong one.
    const held = await take(wrong);
    expect(held.taskId).toBe(id);
    await begin(held, wrong);
    expect(await endLapsedTasks(wrong, WATCHED)).toEqual([]);
    vi.setSystemTime(Date.now() + byMs);
    expect(await endLapsedTasks(wrong, WATCHED)).toEqual([]);
    expect(await renewLeases(wrong, { runnerId: held.runnerId, taskIds: [id] })).toEqual([]);
    expect(await endLapsedTasks(right, WATCHED)).toEqual([]);
    const ended = await stopTask(right, accountId, id);
    expect(ended?.queuedMs).toBeLessThan(10_000);
    const [row] = await seed.rows(
      `select extract(epoch from deadline - started_at) as seconds, started_at between created_at and now() as ordered
       from tasks where id = '${id}'`,
    );
    expect(Number(row?.['seconds'])).toBe(20);
    expect(row?.['ordered']).toBe(true);
  });
});
