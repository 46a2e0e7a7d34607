// A thousand schedules of one account are due at the same moment, on two servers of which one is killed in the middle:
// each has one run, a task or an error with its reason; the account has so many tasks at a time and no more, another
// account's one does not wait for them, and the database reads no more for each the more there are.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kysely, PostgresDialect } from 'kysely';
import { Pool } from 'pg';
import { expect, it } from 'vitest';
import type { Tables } from '../../src/db/tables.ts';
import { generateKeySecret } from '../../src/lib/key-secret.ts';
import { SCHEDULE_LIMITS } from '../../src/protocol/schedule-limits.ts';
import { nextToStart } from '../../src/server/schedules/claim.ts';
import { rowsOf, run, testDatabase } from '../fixtures/database.ts';
import { type AnyBody, testRunner } from '../fixtures/server.ts';
import { startServerProcess } from '../fixtures/server-process.ts';

const MANY = 1_000;
/** Of these: whose key is gone, and whose runs are spread. */
const REVOKED = 10;
const SPREAD = 200;
const JITTER_MS = 10_000;
const DUE_IN_MS = 4_000;

it('a thousand at one moment', { timeout: 600_000 }, async () => {
  await using parts = new AsyncDisposableStack();
  const database = await testDatabase();
  parts.defer(() => database.drop());
  const rows = async (statement: string): Promise<AnyBody[]> => rowsOf(database.databaseUrl, statement);
  const dataDir = await mkdtemp(join(tmpdir(), 'seed-thousand-'));
  parts.defer(() => rm(dataDir, { recursive: true, force: true }));
  const adminKey = generateKeySecret();
  const runnerToken = 'r'.repeat(40);
  const start = async () => {
    const server = await startServerProcess({
      DATABASE_URL: database.databaseUrl,
      SEED_DATA_DIR: dataDir,
      SEED_ADMIN_KEY: adminKey,
      SEED_RUNNER_TOKEN: runnerToken,
    });
    parts.defer(() => server.stop());
    return server;
  };
  const [killed, kept] = [await start(), await start()];
  const post = async (path: string, body: object, key = adminKey): Promise<AnyBody> => {
    const response = await fetch(`${kept.url}/api/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.status, path).toBeLessThan(300);
    return response.json();
  };

  const runAt = new Date(Date.now() + 3_600_000).toISOString();
  const task = { instruction: 'look around', scopes: ['keys:read'] };
  const scopes = ['tasks:write', 'schedules:*', 'keys:read'];
  const make = async (more: object, key?: string): Promise<string> =>
    (await post('/schedules', { name: crypto.randomUUID(), runAt, task, ...more }, key)).schedule.id;
  const leaving = await post('/keys', { name: 'leaves', scopes });
  const like = [
    { id: await make({}), count: MANY - REVOKED - SPREAD },
    { id: await make({}, leaving.secret), count: REVOKED },
    { id: await make({ jitter: `${JITTER_MS / 1_000}s` }), count: SPREAD },
  ];
  const other = await post('/accounts', { name: 'Other' });
  const single = await make({}, other.secret);
  await run(database.databaseUrl, `update keys set revoked_at = now() where id = '${leaving.key.id}'`);
  const due = `date_trunc('second', now()) + interval '${DUE_IN_MS} milliseconds'`;
  for (const { id, count } of like)
    await run(
      database.databaseUrl,
      `insert into schedules select (jsonb_populate_record(schedules,
         jsonb_build_object('id', gen_random_uuid(), 'name', '${id} ' || n))).*
       from schedules, generate_series(1, ${count}) as n where id = '${id}';
       delete from schedules where id = '${id}'`,
    );
  // The other account's is the last of all that are due.
  await run(
    database.databaseUrl,
    `with moment as (select ${due} as due)
     update schedules set run_at = due + case when id = '${single}' then interval '1 millisecond' else interval '0' end,
       next_at = due, starts_at = due from moment;
     select pg_notify('seed', 'schedules')`,
  );
  const countOf = async (condition: string) =>
    Number((await rows(`select count(*) from schedule_runs where ${condition}`))[0].count);
  const become = (condition: string, least: number) =>
    expect.poll(() => countOf(condition), { timeout: 300_000, interval: 250 }).toBeGreaterThanOrEqual(least);
  const most = SCHEDULE_LIMITS.scheduledTasksPerAccount;
  // Nothing ends yet. The other account's starts behind no more than those, though all of these were due before it.
  await become(`schedule_id = '${single}' and is_task`, 1);
  await become('is_task', most + 1);
  expect(await countOf(`status in ('due', 'starting')`)).toBeGreaterThanOrEqual(MANY - REVOKED - SPREAD - most);

  let isOver = false;
  const runners = Array.from({ length: 4 }, async () => {
    const runner = testRunner(kept.url, runnerToken, { slots: 100, freeSlots: 100 });
    while (!isOver) {
      const lease = await runner.lease().catch(() => null);
      if (lease?.taskId) await runner.settle(lease);
    }
  });
  await become('completed_at is not null', MANY / 3);
  killed.child.kill('SIGKILL');
  await become('completed_at is not null', MANY + 1);
  isOver = true;
  for (const _ of runners) await post('/tasks/run', { instruction: 'the last' });
  await Promise.all(runners);

  expect(await rows('select count(distinct schedule_id)::integer as schedules from schedule_runs')).toEqual([
    { schedules: MANY + 1 },
  ]);
  const ends = await rows(
    `select status, is_task, reason ->> 'code' as code, count(*)::integer from schedule_runs group by 1, 2, 3 order by 1`,
  );
  expect(ends).toEqual([
    { status: 'failed', is_task: false, code: 'key_revoked', count: REVOKED },
    { status: 'succeeded', is_task: true, code: null, count: MANY - REVOKED + 1 },
  ]);
  const tasks = await rows(
    `select count(*)::integer as tasks, count(schedule_runs.id)::integer as runs from tasks
     left join schedule_runs using (id) where instruction = '${task.instruction}'`,
  );
  expect(tasks).toEqual([{ tasks: MANY - REVOKED + 1, runs: MANY - REVOKED + 1 }]);
  const told = await rows(
    `select count(distinct data ->> 'scheduleId')::integer as schedules, count(*)::integer from webhook_events
     where type = 'schedule.failed'`,
  );
  expect(told).toEqual([{ schedules: REVOKED, count: REVOKED }]);
  const [atOnce] = await rows(
    `select max(tasks)::integer from (
       select sum(more) over (partition by account_id order by at, more) as tasks from (
         select account_id, created_at as at, 1 as more from tasks join schedule_runs using (id, account_id)
         union all select account_id, tasks.completed_at, -1 from tasks join schedule_runs using (id, account_id)
       ) as moments
     ) as moments`,
  );
  expect(atOnce).toEqual({ max: most });
  const [spread] = await rows(
    `select count(*)::integer, count(distinct run.starts_at)::integer as moments, min(run.starts_at - scheduled_for) >= '0' as late,
       max(run.starts_at - scheduled_for) < '${JITTER_MS} milliseconds' as bounded, bool_and(started_at >= run.starts_at) as waited
     from schedule_runs as run join schedules on schedules.id = schedule_id where jitter <> '0s'`,
  );
  expect(spread).toMatchObject({ count: SPREAD, late: true, bounded: true, waited: true });
  expect(spread.moments).toBeGreaterThan(SPREAD / 2);

  // What the choice of the next ones reads is as much with twenty times as many.
  const makeDue = (first: number, last: number) =>
    run(
      database.databaseUrl,
      `insert into schedule_runs (id, schedule_id, account_id, scheduled_for, status, starts_at)
       select gen_random_uuid(), schedules.id, account_id, at, 'due', at
       from schedules, generate_series(${first}, ${last}) as n
       cross join lateral (select now() + interval '1 hour' + n * interval '1 minute' as at) as later`,
    );
  await makeDue(1, 1);
  const few = await blocksRead(database.databaseUrl);
  await makeDue(2, 20);
  expect(await blocksRead(database.databaseUrl)).toBeLessThan(few * 2);
});

/** By the choice of those that start two hours from now. */
async function blocksRead(databaseUrl: string): Promise<number> {
  const pool = new Pool({ connectionString: databaseUrl });
  try {
    const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
    const { sql, parameters } = nextToStart(8, new Date(Date.now() + 7_200_000)).compile(db);
    const { rows } = await pool.query(`explain (analyze, buffers, format json) ${sql}`, [...parameters]);
    const { Plan: plan } = rows[0]['QUERY PLAN'][0];
    return plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
  } finally {
    await pool.end();
  }
}
