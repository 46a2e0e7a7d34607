// A batch of a thousand rows on two servers: every row has one task, all are counted once, and it costs the
// database no more for its size.
import { expect, it } from 'vitest';
import { batchCalls, endTasks, postFile } from '../fixtures/batches.ts';
import { rowsOf } from '../fixtures/database.ts';
import { csvObjects } from '../fixtures/parse-csv.ts';
import { startTestServer } from '../fixtures/server.ts';

const ROWS = 1_000;

it('a thousand rows on two servers', { timeout: 600_000 }, async () => {
  await using parts = new AsyncDisposableStack();
  const server = await startTestServer();
  parts.defer(() => server.stop());
  const sibling = await server.sibling();
  parts.defer(() => sibling.stop());
  const batches = batchCalls(server);
  const content = `n\n${Array.from({ length: ROWS }, (_, n) => `${n}\n`).join('')}`;
  const body = { instruction: 'row {{n}}', concurrency: 20 };
  const { batch } = (await postFile(server, { body, name: 'thousand.csv', content })).body;
  await using runner = endTasks(
    server,
    ({ instruction }) => (instruction.endsWith('7') ? { stdout: null } : {}),
    4,
  );
  await expect
    .poll(async () => (await batches.get(batch.id)).status, { timeout: 500_000, interval: 500 })
    .toBe('completed');
  expect(await batches.get(batch.id)).toMatchObject({
    counts: { rows: ROWS, completed: ROWS, pending: 0, queued: 0, running: 0, failed: 0 },
  });
  expect(runner.taken.filter((instruction) => instruction.startsWith('row '))).toHaveLength(ROWS);
  const tasks = await rowsOf(
    server.databaseUrl,
    `select count(*) as tasks, count(distinct batch_row) as rows from tasks where batch_id = '${batch.id}'`,
  );
  expect(tasks.map(({ tasks: made, rows }) => [Number(made), Number(rows)])).toEqual([[ROWS, ROWS]]);
  const results = csvObjects(await batches.results(batch.id, 'csv'));
  expect(results.map(({ row }) => Number(row))).toEqual(Array.from({ length: ROWS }, (_, n) => n + 1));
  expect(results.every((result) => result['input.n'] === String(Number(result['row']) - 1))).toBe(true);
  expect(results[8]).toMatchObject({ stdout: 'did: row 8', status: 'completed' });
  // Their rows are looked for by an index, however many there are.
  const [plan] = await rowsOf(
    server.databaseUrl,
    `explain (format json) select * from batch_rows where batch_id = '${batch.id}' and status = 'pending'
     order by number limit 4`,
  );
  expect(JSON.stringify(plan)).toContain('Index Scan');
});
