// Keyset pages: every row once, in order, whatever is inserted meanwhile; a cursor that is none is refused.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeCursor } from '../../src/db/cursor.ts';
import type { TaskFilter } from '../../src/protocol/task.ts';
import { stopTask } from '../../src/server/tasks/end.ts';
import { listTasks } from '../../src/server/tasks/list.ts';
import { openTestStore, type TestStore } from '../fixtures/store.ts';

let seed: TestStore;

beforeAll(async () => {
  seed = await openTestStore();
});
afterAll(() => seed.close());

const list = (filter: Partial<TaskFilter>) => listTasks(seed.store.db, seed.account.id, { limit: 100, ...filter });

test('pages hold every task once, newest first, even tasks of the same millisecond', async () => {
  const posted: string[] = [];
  for (let i = 0; i < 7; i++) {
    posted.push((await seed.post()).id);
    if (i % 3 === 0) seed.clock.advance(1);
  }
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await list({ limit: 2, cursor });
    seen.push(...page.items.map(({ id }) => id));
    // Newer ones must not shift the pages behind.
    seed.clock.advance(1);
    await seed.post();
    cursor = page.nextCursor ?? undefined;
  } while (cursor);
  expect(seen).toHaveLength(7);
  expect(new Set(seen)).toEqual(new Set(posted));
  expect(seen.at(0)).not.toBe(posted.at(0));
});

test('filters narrow the list', async () => {
  const { key } = await seed.addKey();
  const parent = await seed.post({ keyId: key.id });
  seed.clock.advance(5);
  const child = await seed.post();
  await seed.rows(`update tasks set parent_task_id = '${parent.id}' where id = '${child.id}'`);
  await stopTask(seed.store, seed.account.id, child.id);
  const ids = async (filter: Partial<TaskFilter>) => (await list(filter)).items.map(({ id }) => id);
  expect(await ids({ keyId: key.id })).toEqual([parent.id]);
  expect(await ids({ parentTaskId: parent.id })).toEqual([child.id]);
  expect(await ids({ status: 'stopped' })).toEqual([child.id]);
  expect(await ids({ createdAfter: parent.createdAt })).toEqual([child.id]);
  expect(await ids({ createdAfter: parent.createdAt, createdBefore: child.createdAt })).toEqual([]);
  expect((await listTasks(seed.store.db, randomUUID(), { limit: 1 })).items).toEqual([]);
});

test.each([
  'x',
  '!!',
  Buffer.from('[]').toString('base64url'),
  Buffer.from('["yesterday","1"]').toString('base64url'),
  Buffer.from(`["2026-01-01T00:00:00.000Z","'; drop table tasks"]`).toString('base64url'),
])('the cursor %j is refused', async (cursor) => {
  expect(() => decodeCursor(cursor)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  await expect(list({ cursor })).rejects.toMatchObject({ code: 'invalid_input' });
});
