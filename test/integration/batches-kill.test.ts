// A batch on several servers of which one after the other is killed: every row has one task, and is counted once.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { generateKeySecret } from '../../src/lib/key-secret.ts';
import { rowsOf, testDatabase } from '../fixtures/database.ts';
import { until } from '../fixtures/seed.ts';
import { type AnyBody, testRunner } from '../fixtures/server.ts';
import { startServerProcess } from '../fixtures/server-process.ts';

const ROWS = 60;

it('two servers and kills', { timeout: 600_000 }, async () => {
  await using parts = new AsyncDisposableStack();
  const database = await testDatabase();
  parts.defer(() => database.drop());
  const dataDir = await mkdtemp(join(tmpdir(), 'seed-batches-'));
  parts.defer(() => rm(dataDir, { recursive: true, force: true }));
  const adminKey = generateKeySecret();
  const runnerToken = 'r'.repeat(40);
  const start = async () => {
    const settings = {
      DATABASE_URL: database.databaseUrl,
      SEED_DATA_DIR: dataDir,
      SEED_ADMIN_KEY: adminKey,
      SEED_RUNNER_TOKEN: runnerToken,
    };
    const server = await startServerProcess(settings);
    parts.defer(() => server.stop());
    return server;
  };
  let servers = [await start(), await start()];
  const any = () => servers[Math.floor(Math.random() * servers.length)]?.url ?? '';
  const call = async (method: string, path: string, body?: object): Promise<AnyBody> => {
    const response = await fetch(`${any()}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    return response.json();
  };
  let isOver = false;
  // A lease that is taken is settled in the end, on whatever server: else its task would end with its lease.
  const runners = Array.from({ length: 6 }, async () => {
    while (!isOver) {
      const lease = await testRunner(any(), runnerToken, { slots: 100, freeSlots: 100 })
        .lease()
        .catch(() => null);
      if (!lease?.taskId) continue;
      for (let status = 0; status !== 204 && status !== 409; ) {
        status = await testRunner(any(), runnerToken)
          .settle(lease)
          .catch(() => 0);
      }
    }
  });
  const rows = Array.from({ length: ROWS }, (_, n) => ({ n }));
  const { batch } = await call('POST', '/tasks/batch', { instruction: 'row {{n}}', rows, concurrency: 10 });
  const countOf = async () =>
    (await rowsOf(database.databaseUrl, `select * from batches where id = '${batch.id}'`))[0] as AnyBody;
  const ended = ({ completed, failed, timed_out, stopped }: AnyBody) => completed + failed + timed_out + stopped;
  for (const share of [0.2, 0.5]) {
    await until('some have ended', async () => ended(await countOf()) >= ROWS * share, 200_000);
    const [killed, ...others] = servers;
    servers = others;
    killed?.child.kill('SIGKILL');
    servers = [...others, await start()];
  }
  await until('all have ended', async () => (await countOf()).completed_at !== null, 300_000);
  isOver = true;
  for (const _ of runners) await call('POST', '/tasks/run', { instruction: 'the last' }).catch(() => null);

  const counts = await countOf();
  expect(ended(counts)).toBe(ROWS);
  expect(counts).toMatchObject({
    status: 'completed',
    pending: 0,
    queued: 0,
    running: 0,
    waiting_for_approval: 0,
  });
  const tasks = await rowsOf(
    database.databaseUrl,
    `select batch_row, count(*) as tasks from tasks where batch_id = '${batch.id}' group by batch_row`,
  );
  expect(tasks).toHaveLength(ROWS);
  expect(tasks.filter(({ tasks: many }) => Number(many) !== 1)).toEqual([]);
  // What was counted is what there is.
  const [real] = await rowsOf(
    database.databaseUrl,
    `select count(*) filter (where t.status = 'completed') as completed, count(*) filter (where t.status = 'failed') as failed
     from tasks as t join batch_rows as r on r.task_id = t.id and r.status = t.status and r.has_task
     where t.batch_id = '${batch.id}'`,
  );
  expect([Number(real?.['completed']), Number(real?.['failed'])]).toEqual([counts.completed, counts.failed]);
  // Killed between its lease and its settlement a task may end as interrupted; that is for few.
  expect(counts.completed).toBeGreaterThan(ROWS * 0.6);
  const events = await rowsOf(
    database.databaseUrl,
    `select id from webhook_events where type = 'batch.completed' and data ->> 'batchId' = '${batch.id}'`,
  );
  expect(events).toHaveLength(1);
  await Promise.all(runners);
});
