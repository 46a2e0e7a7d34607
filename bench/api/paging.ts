// Every page of a list of tasks, from the first to the last: each task once, in order, and how long pages take at the
// beginning, in the middle and at the end. Used by bench/api.ts.
import { listTasks } from '../../src/server/tasks/list.ts';
import { median } from '../statistics.ts';
import type { History } from './growth.ts';

const LIMIT = 100;

/** Medians in milliseconds, of a page of 100. */
export interface Walked {
  tasks: number;
  firstMs: number;
  middleMs: number;
  lastMs: number;
}

/** @throws Error when a task is missing, comes twice or out of its order */
export async function walkTasks({ store, accountId }: History, tasks: number): Promise<Walked> {
  const times: number[] = [];
  const seen = new Set<string>();
  let before = '';
  let cursor: string | undefined;
  do {
    const startedAt = performance.now();
    const { items, nextCursor } = await listTasks(store.db, accountId, { limit: LIMIT, cursor });
    times.push(performance.now() - startedAt);
    for (const { id, createdAt } of items) {
      if (before !== '' && createdAt > before) throw new Error(`the task ${id} comes out of its order`);
      before = createdAt;
      seen.add(id);
    }
    cursor = nextCursor ?? undefined;
  } while (cursor !== undefined);
  if (seen.size !== tasks) throw new Error(`the pages have ${seen.size} tasks of ${tasks}`);
  const third = Math.ceil(times.length / 3);
  return {
    tasks,
    firstMs: median(times.slice(0, third)),
    middleMs: median(times.slice(third, 2 * third)),
    lastMs: median(times.slice(-third)),
  };
}
