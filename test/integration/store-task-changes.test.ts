// Whoever watches tasks is told of each change once, by the store that made it, and only of what was committed.
import { afterAll, beforeEach, expect, it } from 'vitest';
import { openStore } from '../../src/db/store.ts';
import { changeTasks, noteChange } from '../../src/db/task-changes.ts';
import { LEASE_MS } from '../../src/protocol/runner.ts';
import { revokeKey } from '../../src/server/access/key-changes.ts';
import { settleTask, stopTask } from '../../src/server/tasks/end.ts';
import { endLapsedTasks } from '../../src/server/tasks/lapse.ts';
import { leaseNextTask, reportPhase } from '../../src/server/tasks/lease.ts';
import { lockTask } from '../../src/server/tasks/rows.ts';
import { NO_PRICES, openTestStore, randomHash, silent, type TestStore, WATCHED } from '../fixtures/store.ts';

let seed: TestStore;
const opened: TestStore[] = [];
let told: string[];
beforeEach(async () => {
  seed = await openTestStore();
  opened.push(seed);
  told = [];
  seed.store.taskWatchers.add(({ moment, task }) => told.push(`${moment} ${task.status}`));
});
afterAll(() => Promise.all(opened.map((store) => store.close())));

const DONE = {
  outcome: 'completed',
  stdout: 'done',
  stderr: null,
  exitCode: 0,
  error: null,
  usage: null,
} as const;

it('from its acceptance to its end, whatever is repeated', async () => {
  const { id } = await seed.post();
  const { leaseId } = await seed.lease();
  for (const phase of ['starting', 'working', 'working', 'finishing'] as const)
    await reportPhase(seed.store, { taskId: id, leaseId, phase });
  for (let time = 0; time < 2; time += 1) await settleTask(seed.store, id, { leaseId, ...DONE }, NO_PRICES);
  await stopTask(seed.store, seed.account.id, id);
  expect(told).toEqual(['accepted queued', 'leased running', 'working running', 'ended completed']);
});

it('when it is stopped, when its time is over, and when its runner is lost', async () => {
  const { id } = await seed.post();
  await stopTask(seed.store, seed.account.id, id);
  await seed.post({ timeoutMs: 1_000 });
  await seed.lease();
  seed.clock.advance(3_000);
  await endLapsedTasks(seed.store, WATCHED);
  await seed.post({ timeoutMs: 2 * LEASE_MS });
  await seed.lease();
  seed.clock.advance(LEASE_MS + 1);
  await endLapsedTasks(seed.store, WATCHED);
  await endLapsedTasks(seed.store, WATCHED);
  expect(told.filter((change) => change.startsWith('ended'))).toEqual([
    'ended stopped',
    'ended timed_out',
    'ended failed',
  ]);
});

it('when its key was revoked while it waited', async () => {
  const { key } = await seed.addKey();
  await seed.post({ keyId: key.id });
  await revokeKey(seed.store, { accountId: seed.account.id, id: key.id }, null, seed.clock.now());
  const mintKey = () => ({ secretHash: randomHash(), prefix: 'sk_live_task' });
  expect(await leaseNextTask(seed.store, { runnerId: seed.key.id, mintKey })).toBeNull();
  expect(told).toEqual(['accepted queued', 'ended stopped']);
});

it('not of what was rolled back', async () => {
  const { id } = await seed.post();
  await expect(
    changeTasks(seed.store, async (tx) => {
      const task = await lockTask(tx, id);
      if (task) noteChange(tx, 'ended', task);
      throw new Error('rolled back');
    }),
  ).rejects.toThrow('rolled back');
  await expect(seed.post({ id })).rejects.toThrow();
  expect(told).toEqual(['accepted queued']);
});

it('and not by another store on the same database', async () => {
  const other = await openStore({ databaseUrl: seed.databaseUrl, log: silent, clock: seed.clock });
  const toldByOther: string[] = [];
  other.taskWatchers.add(({ moment }) => toldByOther.push(moment));
  try {
    const { id } = await seed.post();
    const ends = [seed.store, other, seed.store, other].map((store) => stopTask(store, seed.account.id, id));
    await Promise.all(ends);
    expect([...told, ...toldByOther].filter((change) => change.startsWith('ended'))).toHaveLength(1);
    expect(toldByOther).not.toContain('accepted');
  } finally {
    await other.close();
  }
});

it('also of the tasks that end because the one above them has', async () => {
  const parent = await seed.post();
  await seed.lease();
  await seed.post({ parentTaskId: parent.id });
  await stopTask(seed.store, seed.account.id, parent.id);
  expect(told.slice(2)).toEqual(['accepted queued', 'ended stopped', 'ended stopped']);
});
