// Tasks by a word or by the beginning of their id, a bounded number of tasks a page, and each of them once.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LIMITS } from '../../src/protocol/limits.ts';
import type { TaskFilter } from '../../src/protocol/task.ts';
import { listTasks } from '../../src/server/tasks/list.ts';
import { openTestStore, type TestStore } from '../fixtures/store.ts';

let seed: TestStore;

beforeAll(async () => {
  seed = await openTestStore();
});
afterAll(() => seed.close());

const search = (filter: Partial<TaskFilter>) =>
  listTasks(seed.store.db, seed.account.id, { limit: 100, ...filter });
const ids = async (filter: Partial<TaskFilter>) => (await search(filter)).items.map(({ id }) => id);

test('finds what the instruction contains, in capitals or not, and takes signs of patterns as they are', async () => {
  const audit = await seed.post({ instruction: 'Check our API key inventory' });
  seed.clock.advance(1);
  const percent = await seed.post({ instruction: 'Grant 100% off_by\\one' });
  expect(await ids({ q: 'api KEY' })).toEqual([audit.id]);
  expect(await ids({ q: '100%' })).toEqual([percent.id]);
  expect(await ids({ q: 'off_by\\' })).toEqual([percent.id]);
  expect(await ids({ q: '1%o' })).toEqual([]);
  expect(await ids({ q: 'offXby' })).toEqual([]);
  expect(await ids({ q: 'key', status: 'running' })).toEqual([]);
  expect(await ids({ q: 'nul \0' })).toEqual([]);
});

test('finds by the beginning of the id, with and without its hyphens', async () => {
  const task = await seed.post();
  await seed.post();
  for (const q of [task.id.slice(0, 8), task.id.slice(0, 13), task.id, task.id.replaceAll('-', '')])
    expect(await ids({ q })).toEqual([task.id]);
  expect(await ids({ q: task.id.slice(0, 8).toUpperCase(), status: 'completed' })).toEqual([]);
});

test('goes on behind the tasks that a page was made of until all were looked at', async () => {
  seed.clock.advance(1);
  const oldest = await seed.post({ instruction: 'the needle' });
  await seed.rows(`insert into tasks (id, account_id, key_id, billed_key_id, status, instruction, scopes, timeout_ms, model,
      metadata, resources, created_at)
    select gen_random_uuid(), account_id, key_id, billed_key_id, status, 'hay', scopes, timeout_ms, model, metadata, resources,
      created_at + i * interval '1 millisecond'
    from tasks, generate_series(1, ${LIMITS.searchedTasks}) as i where id = '${oldest.id}'`);
  const first = await search({ q: 'needle' });
  expect(first.items).toEqual([]);
  expect(first.nextCursor).not.toBeNull();
  const second = await search({ q: 'needle', cursor: first.nextCursor ?? undefined });
  expect(second).toMatchObject({ items: [{ id: oldest.id }], nextCursor: null });

  const hay: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await search({ q: 'HAY', limit: 99, cursor });
    hay.push(...page.items.map(({ id }) => id));
    cursor = page.nextCursor ?? undefined;
  } while (cursor);
  expect(new Set(hay).size).toBe(LIMITS.searchedTasks);
  expect(hay).toHaveLength(LIMITS.searchedTasks);
});
