// Tasks that wait for people, in the store: how long people may decide, and what ends one that waits.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changeTasks } from '../../src/db/task-changes.ts';
import { LEASE_MS } from '../../src/protocol/runner.ts';
import { renewLeases } from '../../src/server/tasks/hold.ts';
import type { NewTask } from '../../src/server/tasks/insert.ts';
import { endLapsedTasks } from '../../src/server/tasks/lapse.ts';
import { approvalExpiry, endUndecided, reportWaiting, reportWorking } from '../../src/server/tasks/waiting.ts';
import { openTestStore, type TestStore, WATCHED } from '../fixtures/store.ts';

const WAIT_MS = 600_000;
const SETTING = { wait: WAIT_MS, onExpiry: 'continue', budget: 'deny', selfApprove: false } as const;

let seed: TestStore;
beforeAll(async () => {
  seed = await openTestStore();
});
afterAll(() => seed?.close());

const taskOf = async (id: string) => seed.findTask(seed.account.id, id);

async function start(more: Partial<NewTask> = { waitMs: WAIT_MS }) {
  const { id } = await seed.post(more);
  const { leaseId, runnerId } = await seed.lease();
  return { taskId: id, leaseId, runnerId };
}
const decidableMs = async (taskId: string) => {
  const now = seed.clock.now();
  const expiry = await seed.store.db.transaction().execute((tx) => approvalExpiry(tx, taskId, now));
  return expiry.getTime() - now.getTime();
};

describe('people may decide', () => {
  it('for what is left of the one wait that a task has', async () => {
    const lease = await start();
    expect(await decidableMs(lease.taskId)).toBe(WAIT_MS);
    await reportWaiting(seed.store, lease);
    seed.clock.advance(50_000);
    expect(await decidableMs(lease.taskId)).toBe(WAIT_MS - 50_000);
    await reportWorking(seed.store, { ...lease, waitedMs: 50_000, leftMs: 60_000 });
    seed.clock.advance(5_000);
    expect(await decidableMs(lease.taskId)).toBe(WAIT_MS - 50_000);
  });

  it('until the deadline of a task that has no wait', async () => {
    const lease = await start({ waitMs: 0 });
    seed.clock.advance(10_000);
    expect(await decidableMs(lease.taskId)).toBe(50_000);
    await reportWaiting(seed.store, lease);
    expect(await decidableMs(lease.taskId)).toBe(50_000);
  });
});

describe('a task that waits', () => {
  it('outlives its time-out, but not its lease', async () => {
    const lease = await start();
    const { taskId, runnerId } = lease;
    await reportWaiting(seed.store, lease);
    seed.clock.advance(LEASE_MS - 1);
    await renewLeases(seed.store, { runnerId, taskIds: [taskId], waiting: [taskId] });
    expect(await endLapsedTasks(seed.store, WATCHED)).not.toContain(taskId);
    seed.clock.advance(LEASE_MS + 1);
    expect(await endLapsedTasks(seed.store, WATCHED)).toContain(taskId);
    const waitedMs = 2 * LEASE_MS;
    expect(await taskOf(taskId)).toMatchObject({ status: 'failed', error: { code: 'interrupted' }, waitedMs });
  });

  it('ends at the moment to which it may live at the most', async () => {
    const lease = await start({ waitMs: 40_000 });
    const { taskId, runnerId } = lease;
    await reportWaiting(seed.store, lease);
    for (const ms of [60_000, 39_000]) {
      seed.clock.advance(ms);
      await renewLeases(seed.store, { runnerId, taskIds: [taskId] });
      expect(await endLapsedTasks(seed.store, WATCHED)).not.toContain(taskId);
    }
    seed.clock.advance(3_000);
    expect(await endLapsedTasks(seed.store, WATCHED)).toContain(taskId);
    expect(await taskOf(taskId)).toMatchObject({ status: 'timed_out', waitedMs: 40_000 });
  });

  it.each([
    ['continue', 'waiting_for_approval', null],
    ['end', 'failed', 'approval_expired'],
  ] as const)('that nobody has decided on in time: onExpiry %s', async (onExpiry, status, code) => {
    const approval = { ...SETTING, onExpiry };
    const lease = await start({ waitMs: WAIT_MS, grants: { limits: [], approval, loop: null } });
    await reportWaiting(seed.store, lease);
    const { taskId } = lease;
    const expire = () => changeTasks(seed.store, (tx) => endUndecided(seed.store, tx, taskId, seed.clock.now()));
    expect(await expire()).toBe(onExpiry === 'end');
    expect(await taskOf(taskId)).toMatchObject({ status, error: code === null ? null : { code } });
    if (code !== null) expect(await expire()).toBe(false);
  });
});
