// A batch on the real path: real sandboxes and the real agent read what a dozen rows say; one of them is not done
// in its time.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Batch } from '../../src/protocol/batch.ts';
import { csvObjects } from '../fixtures/parse-csv.ts';
import { bash, startSeed, type TestSeed, until } from '../fixtures/seed.ts';

let seed: TestSeed;
beforeAll(async () => {
  seed = await startSeed({ SEED_RUNNER_SLOTS: '2' });
});
afterAll(() => seed?.remove());

it('a dozen rows, one of which fails, and their results as CSV', { timeout: 240_000 }, async () => {
  const rows = Array.from({ length: 12 }, (_, n) => ({
    n,
    seconds: n === 5 ? 600 : 0,
    text: n === 7 ? '"; rm -rf /workspace/in; echo "gone {{n}}' : `text of ${n}`,
  }));
  const body = {
    instruction: bash('sleep {{seconds}}; grep -o \'"text": .*\' /workspace/in/input.json; echo row {{n}}'),
    ...{ rows, attach: true, concurrency: 3, timeout: 45_000 },
  };
  const made = await seed.call<{ batch: Batch }>('POST', '/api/v1/tasks/batch', { body });
  expect(made.status).toBe(202);
  const { id } = made.body.batch;
  const get = async () => (await seed.call<{ batch: Batch }>('GET', `/api/v1/batches/${id}`)).body.batch;
  const batch = await until(
    'the batch has ended',
    async () => {
      const now = await get();
      return now.completedAt === null ? null : now;
    },
    220_000,
  );
  expect(batch).toMatchObject({ status: 'completed', counts: { rows: 12, completed: 11, timedOut: 1 } });
  const response = await fetch(`${seed.url}/api/v1/batches/${id}/results`, {
    headers: { authorization: `Bearer ${seed.adminKey}` },
  });
  const results = csvObjects(await response.text());
  expect(results.map(({ status }) => status)).toEqual(rows.map(({ n }) => (n === 5 ? 'timed_out' : 'completed')));
  for (const [n, { stdout }] of results.entries()) if (n !== 5) expect(stdout).toContain(`row ${n}`);
  // What a row says stays in its file as it was.
  expect(results[7]?.['stdout']).toContain('gone {{n}}');
  expect(results[3]?.['stdout']).toContain('text of 3');
});
