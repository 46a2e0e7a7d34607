// How much longer lists, claims and reports take with a million tasks than with a thousand: what the commands and
// the runners' route call, on both databases by turns, so that what else the machine does hits both.
import { randomUUID } from 'node:crypto';
import type { Store } from '../../src/db/store.ts';
import type { TaskFilter } from '../../src/protocol/task.ts';
import { createTask } from '../../src/server/tasks/create.ts';
import { leaseNextTask } from '../../src/server/tasks/lease.ts';
import { listTasks } from '../../src/server/tasks/list.ts';
import { summarise } from '../../src/server/telemetry/reports/reports.ts';
import { median } from '../statistics.ts';
import type { Filled } from './fill.ts';

/** A list takes less than a millisecond: so many, that what else the machine does evens out. */
const ROUNDS = { list: 400, claim: 60, obs: 100 };
const WARM_UP = 10;
const DAY_MS = 86_400_000;

export interface History extends Filled {
  store: Store;
}

/** Medians in milliseconds. */
export interface Growth {
  what: 'list' | 'claim' | 'obs';
  how: string;
  smallMs: number;
  largeMs: number;
}

export async function measureGrowth(small: History, large: History): Promise<Growth[]> {
  const list = (filter: Partial<TaskFilter>) => (history: History) =>
    listTasks(history.store.db, history.accountId, { limit: 20, ...filter });
  const measured: Growth[] = [];
  const measure = async (what: Growth['what'], how: string, ask: (history: History) => Promise<unknown>) => {
    const times = await byTurns(small, large, ROUNDS[what], ask);
    measured.push({ what, how, ...times });
  };
  await measure('list', 'newest', list({}));
  await measure('list', 'of one status', list({ status: 'failed' }));
  await measure('list', 'of one key and status', (history) =>
    list({ status: 'failed', keyId: history.keyId })(history),
  );
  await measure('list', 'of one key and a status that none has', (history) =>
    list({ status: 'timed_out', keyId: history.keyId })(history),
  );
  await measure('list', 'of a status that none has', list({ status: 'timed_out' }));
  await measure('list', 'of one key', (history) => list({ keyId: history.keyId })(history));
  await measure(
    'list',
    'of the last hours',
    list({ createdAfter: new Date(Date.now() - DAY_MS / 4).toISOString() }),
  );
  await measure('list', 'of a word that none has', list({ q: 'no such word' }));
  await measure('list', 'of the beginning of an id', list({ q: '00000000' }));
  await measure('list', 'the page behind', async (history) => {
    const { nextCursor } = await list({})(history);
    return list({ cursor: nextCursor ?? undefined })(history);
  });
  for (const history of [small, large]) await queueTasks(history, ROUNDS.claim + WARM_UP);
  await measure('claim', 'the next task', claim);
  const range = { from: new Date(Date.now() - DAY_MS), to: new Date() };
  await measure('obs', 'summary of the last day', ({ store, accountId }) =>
    summarise(store.db, { accountId, range }),
  );
  return measured;
}

async function byTurns(
  small: History,
  large: History,
  rounds: number,
  ask: (history: History) => Promise<unknown>,
): Promise<{ smallMs: number; largeMs: number }> {
  const times: [number[], number[]] = [[], []];
  for (let round = -WARM_UP; round < rounds; round += 1) {
    for (const [index, history] of [small, large].entries()) {
      const startedAt = performance.now();
      await ask(history);
      if (round >= 0) times[index]?.push(performance.now() - startedAt);
    }
  }
  return { smallMs: median(times[0]), largeMs: median(times[1]) };
}

async function queueTasks({ store, accountId, keyId }: History, tasks: number): Promise<void> {
  for (let task = 0; task < tasks; task += 1) {
    await createTask(store, {
      id: randomUUID(),
      accountId,
      keyId,
      billedKeyId: keyId,
      parentTaskId: null,
      files: [],
      instruction: 'A task to be claimed',
      scopes: { requested: null, effective: ['keys:read'], denied: [] },
      timeoutMs: 60_000,
      model: 'scripted',
      fallbackModels: [],
      resources: { vcpus: 2, memoryMb: 1024, diskMb: 512, processes: 256 },
      budget: null,
      metadata: {},
      grants: { limits: [], approval: null, loop: null },
      waitMs: 0,
      risks: [],
    });
  }
}

async function claim({ store }: History): Promise<void> {
  const mintKey = () => ({ secretHash: randomUUID(), prefix: 'sk_live_task' });
  const leased = await leaseNextTask(store, { runnerId: randomUUID(), mintKey });
  if (leased === null) throw new Error('no task waits');
}
