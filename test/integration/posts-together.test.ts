// Tasks that are posted at the same time are accepted together: each stands or fails by itself, with its event, its
// place in the queue and its line in the audit log.

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTaskCreation } from '../../src/server/tasks/create.ts';
import { rowsOf } from '../fixtures/database.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';
import { newTask, openTestStore, type TestStore } from '../fixtures/store.ts';

let server: TestServer;
let seed: TestStore;
beforeAll(async () => {
  [server, seed] = await Promise.all([startTestServer(), openTestStore()]);
});
afterAll(() => Promise.all([server?.stop(), seed?.close()]));

const MANY = 60;
const post = (body: object, key?: string) =>
  server.call('POST', '/api/v1/tasks/run', { body, ...(key === undefined ? {} : { key }) });

test('each of many posts at once is there with all that belongs to it, in few transactions', async () => {
  const answers = await Promise.all(Array.from({ length: MANY }, (_, i) => post({ instruction: `post ${i}` })));
  expect(answers.map(({ status }) => status)).toEqual(Array(MANY).fill(202));
  for (const [i, { body }] of answers.entries())
    expect(body.task).toMatchObject({ instruction: `post ${i}`, status: 'queued' });
  const ids = answers.map(({ body }) => body.task.id);
  expect(new Set(ids).size).toBe(MANY);
  const list = `('${ids.join("','")}')`;
  const [counts] = await rowsOf(
    server.databaseUrl,
    `select
      (select count(*) from tasks where id in ${list})::int as tasks,
      (select count(*) from events where task_id in ${list} and seq = 1)::int as events,
      (select count(*) from pgboss.job where id in ${list})::int as jobs,
      (select count(*) from audit where target in ${list} and status = 202)::int as audited,
      (select count(distinct xmin::text) from tasks where id in ${list})::int as transactions`,
  );
  expect(counts).toMatchObject({ tasks: MANY, events: MANY, jobs: MANY, audited: MANY });
  // How few depends on how fast they come, and on how fast one commits.
  expect(counts?.['transactions']).toBeLessThan(MANY * 0.75);
});

test('one that is refused, or is bounded by its key, keeps none of the others from it', async () => {
  const bounded = await server.newKey(['tasks:write'], { concurrentTasks: 1 });
  const answers = await Promise.all([
    post({ instruction: 'good' }),
    post({ instruction: '' }),
    post({ instruction: 'of a key with a limit' }, bounded.secret),
    post({ instruction: 'of a key with a limit' }, bounded.secret),
    post({ instruction: 'good as well' }),
  ]);
  const codes = answers.map(({ status, body }) => body.error?.code ?? status);
  expect([codes[0], codes[1], codes[4]]).toEqual([202, 'invalid_input', 202]);
  expect([codes[2], codes[3]].sort()).toEqual([202, 'too_many_tasks']);
});

test('one that the database refuses fails alone', async () => {
  const { key } = await seed.addKey();
  const create = openTaskCreation(seed.store);
  const odd = {
    instruction: 'NUL \u0000, half a pair \ud800 and "quotes"',
    fallbackModels: ['a', 'b "c" {d}'],
    metadata: { note: '\\ \u0000' },
  };
  const task = (id: string, accountId = seed.account.id) => ({ ...newTask(accountId, key.id), ...odd, id });
  const twice = randomUUID();
  await create(task(twice));
  const [one, unknownAccount, again, other] = await Promise.allSettled([
    create(task(randomUUID())),
    create(task(randomUUID(), randomUUID())),
    create(task(twice)),
    create(task(randomUUID())),
  ]);
  expect(one).toMatchObject({
    status: 'fulfilled',
    value: {
      instruction: 'NUL \ufffd, half a pair \ufffd and "quotes"',
      fallbackModels: ['a', 'b "c" {d}'],
      metadata: { note: '\\ \ufffd' },
    },
  });
  expect(other).toMatchObject({ status: 'fulfilled' });
  expect(unknownAccount).toMatchObject({ status: 'rejected', reason: { code: '23503' } });
  expect(again).toMatchObject({ status: 'rejected', reason: { code: '23505' } });
});

test('one that waits for a lock keeps none of the others waiting', async () => {
  const { key } = await seed.addKey();
  const locked = randomUUID();
  const { db, clock } = seed.store;
  await db
    .insertInto('accounts')
    .values({ id: locked, name: 'locked', operator: false, created_at: clock.now() })
    .execute();
  const holding = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const holder = seed.store.db.transaction().execute(async (tx) => {
    await tx.selectFrom('accounts').select('id').where('id', '=', locked).forUpdate().execute();
    held.resolve();
    await holding.promise;
  });
  await held.promise;
  const create = openTaskCreation(seed.store);
  const task = (accountId: string) => create(newTask(accountId, key.id));
  let waited = true;
  const waiting = task(locked).finally(() => {
    waited = false;
  });
  await task(seed.account.id);
  expect(waited).toBe(true);
  holding.resolve();
  await Promise.all([holder, waiting]);
});
