// The brief's content task in a real sandbox: the weekly summary tells what the database holds, whatever that is.
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Task } from '../../src/protocol/task.ts';
import { type TestDatabase, testDatabase } from '../fixtures/database.ts';
import { startSeed, type TestSeed } from '../fixtures/seed.ts';

const INSTRUCTION =
  'Review our webhook event history from the last 7 days. Identify the most active event types and generate a weekly platform activity summary for the team.';

let database: TestDatabase;
let client: Client;
let seed: TestSeed;
beforeAll(async () => {
  database = await testDatabase();
  seed = await startSeed({ DATABASE_URL: database.databaseUrl });
  client = new Client({ connectionString: database.databaseUrl });
  await client.connect();
});
afterAll(async () => {
  await client?.end();
  await seed?.remove();
  await database?.drop();
});

const summarise = () =>
  seed.runTask({ instruction: INSTRUCTION, scopes: ['webhooks:read', 'obs:read'], timeout: 60_000 });

/** Events that have happened so many days ago. */
async function happened(type: string, count: number, daysAgo: number): Promise<void> {
  await client.query(
    `insert into webhook_events (id, account_id, type, created_at, data, position)
     select gen_random_uuid(), accounts.id, $1, date_trunc('milliseconds', now()) - make_interval(days => $3), '{}', nextval('webhook_event_positions')
     from accounts, generate_series(1, $2::int)`,
    [type, count, daysAgo],
  );
}

/** What the agent could see while it looked: all but how its own task ended. */
async function counts(task: Task): Promise<{ type: string; count: number }[]> {
  const { rows } = await client.query(
    `select type, count(*)::int as count from webhook_events
     where created_at >= $1::timestamptz - interval '7 days' and created_at < $2
     group by type order by 2 desc, 1`,
    [task.startedAt, task.completedAt],
  );
  return rows;
}

async function expectTold(task: Task): Promise<void> {
  expect(task, task.stderr ?? '').toMatchObject({ status: 'completed', exitCode: 0 });
  const told = [...(task.stdout ?? '').matchAll(/^- ([\w.]+): (\d+) \(\d+ %\)$/gm)];
  const expected = await counts(task);
  expect(told.map(([, type, count]) => ({ type, count: Number(count) }))).toEqual(expected);
  const total = expected.reduce((all, { count }) => all + count, 0);
  expect(task.stdout).toContain(`${total} webhook events of ${expected.length} types.`);
  const most = expected.filter(({ count }) => count === expected[0]?.count).map(({ type }) => type);
  expect(task.stdout).toContain(`Most active: ${most.join(', ')} (${expected[0]?.count}).`);
}

it('counts what is there, and counts anew when something else is', async () => {
  await happened('key.revoked', 3, 2);
  await happened('task.completed', 2, 1);
  await happened('task.failed', 40, 8);
  const first = await summarise();
  await expectTold(first);
  expect(first.stdout).toContain('Most active: key.revoked (3).');
  expect(first.stdout).not.toContain('task.failed');
  expect(first.stdout).toMatch(/requests?, \d+ refused, \d+ failed\. Most called: /);

  await happened('task.failed', 120, 3);
  await seed.newKey(['keys:read']);
  const second = await summarise();
  await expectTold(second);
  expect(second.stdout).toContain('Most active: task.failed (120).');
  const rows = await client.query(
    `select count(*)::int as count from calls where task_id = $1 and command = 'webhooks events list'`,
    [second.id],
  );
  expect(rows.rows[0].count).toBeGreaterThan(1);
});
