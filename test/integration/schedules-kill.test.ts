// A server that is killed between the due time and the start of a task, or of a command as packs have them called:
// another one starts it, once.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { expect, it } from 'vitest';
import { generateKeySecret } from '../../src/lib/key-secret.ts';
import { rowsOf, run, testDatabase } from '../fixtures/database.ts';
import { until } from '../fixtures/seed.ts';
import type { AnyBody } from '../fixtures/server.ts';
import { startServerProcess } from '../fixtures/server-process.ts';

/** On a machine that does much else. */
const SOON_MS = 60_000;

it('the server is killed', { timeout: 180_000 }, async () => {
  await using parts = new AsyncDisposableStack();
  const database = await testDatabase();
  parts.defer(() => database.drop());
  const dataDir = await mkdtemp(join(tmpdir(), 'seed-scheduled-'));
  parts.defer(() => rm(dataDir, { recursive: true, force: true }));
  const adminKey = generateKeySecret();
  const start = async () => {
    const server = await startServerProcess({
      DATABASE_URL: database.databaseUrl,
      SEED_DATA_DIR: dataDir,
      SEED_ADMIN_KEY: adminKey,
    });
    parts.defer(() => server.stop());
    const call = async (method: string, path: string, body?: object) => {
      const response = await fetch(`${server.url}/api/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
      });
      return (await response.json()) as AnyBody;
    };
    const kill = async () => {
      server.child.kill('SIGKILL');
      await until('it is dead', () => server.child.exitCode !== null || server.child.signalCode !== null);
    };
    return { call, kill };
  };
  const runsWhere = (condition: string) =>
    rowsOf(
      database.databaseUrl,
      `select schedule_runs.id, schedule_runs.status, is_task from schedule_runs
         join schedules on schedules.id = schedule_id where ${condition} order by scheduled_for`,
    );
  const runs = () => runsWhere(`command = 'tasks run'`);
  const ofCommand = async () => (await runsWhere(`command <> 'tasks run'`)).map(({ status }) => status);
  const made = () => rowsOf(database.databaseUrl, `select id from keys where name = 'by the clock'`);
  const create = async ({ call }: Awaited<ReturnType<typeof start>>, name: string, ms: number) =>
    (
      await call('POST', '/schedules', {
        ...{ name, runAt: new Date(Date.now() + ms).toISOString(), task: { instruction: name } },
      })
    ).schedule;

  const first = await start();
  // The start has been decided on, and the call that makes the task cannot begin.
  const locker = new Client({ connectionString: database.databaseUrl });
  await locker.connect();
  await locker.query('begin; lock table idempotency in exclusive mode');
  await create(first, 'begun', 5_000);
  const calls = { command: 'keys create', input: { name: 'by the clock', scopes: ['keys:read'] } };
  const runAt = new Date(Date.now() + 5_000).toISOString();
  await first.call('POST', '/schedules', { name: 'a command', runAt, ...calls });
  await until('it is starting', async () => (await runs())[0]?.['status'] === 'starting', SOON_MS);
  await until('the command, too', async () => (await ofCommand())[0] === 'starting', SOON_MS);
  // Of the other there is no run yet when the server dies, and its time comes while none is there.
  const missed = await create(first, 'due while none was there', 6_000);
  await first.kill();
  await locker.end();
  expect(await rowsOf(database.databaseUrl, 'select id from tasks')).toEqual([]);
  await until('it is due', () => Date.now() > Date.parse(missed.runAt));
  await run(database.databaseUrl, 'update schedule_runs set claimed_until = now()');
  await run(database.databaseUrl, 'update idempotency set working_until = now()');

  const [second, third] = [await start(), await start()];
  await until(
    'both have started',
    async () => (await runs()).filter(({ is_task }) => is_task).length === 2,
    SOON_MS,
  );
  const tasks = await rowsOf(database.databaseUrl, 'select id, instruction from tasks order by instruction');
  expect(tasks.map(({ instruction }) => instruction)).toEqual(['begun', 'due while none was there']);
  expect((await runs()).map(({ id }) => id).sort()).toEqual(tasks.map(({ id }) => id).sort());
  await until('the command has run', async () => (await ofCommand())[0] === 'succeeded', SOON_MS);
  expect([await ofCommand(), (await made()).length]).toEqual([['succeeded'], 1]);

  // The task is made, and the server dies before the run hears of it.
  await run(
    database.databaseUrl,
    `update schedule_runs set status = 'starting', is_task = false, claimed_until = now(), completed_at = null`,
  );
  await second.kill();
  await run(database.databaseUrl, `select pg_notify('seed', 'schedules')`);
  await until(
    'the other server has taken them up',
    async () => (await runs()).every(({ status }) => status === 'started'),
    SOON_MS,
  );
  // So it is with the command, whose answer is found: it is not called again.
  await until('the command is told of', async () => (await ofCommand())[0] === 'succeeded', SOON_MS);
  expect(await made()).toHaveLength(1);
  expect(await rowsOf(database.databaseUrl, 'select id from tasks')).toHaveLength(2);
  await third.kill();
});
