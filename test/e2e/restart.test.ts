// A graceful restart of the server under four tasks at work: none of them notices, and nothing they do is done
// twice.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bash, startSeed, type TestSeed, until } from '../fixtures/seed.ts';

const TASKS = 4;
const STEPS = 5;

let seed: TestSeed;
beforeAll(async () => {
  seed = await startSeed({ SEED_RUNNER_SLOTS: String(TASKS) });
});
afterAll(() => seed?.remove());

const steps = (task: number) => Array.from({ length: STEPS }, (_, step) => `${task}-${step}`);

it('is not noticed', async () => {
  const make = (name: string) =>
    `seed keys create --name ${name} --scopes keys:read --json | grep -o '"name":"[^"]*"'`;
  const tasks = await Promise.all(
    Array.from({ length: TASKS }, (_, task) => seed.postTask({ instruction: bash(...steps(task).map(make)) })),
  );
  await Promise.all(tasks.map(({ id }) => seed.waitForEvent(id, ({ type }) => type === 'tool_result')));
  const before = seed.serverPid();
  process.kill(before, 'SIGTERM');
  await until('another server', () => seed.serverPid() !== before);
  const ended = await until(
    'all tasks have ended',
    async () => {
      const now = await Promise.all(tasks.map(({ id }) => seed.getTask(id))).catch(() => []);
      return now.length === TASKS && now.every(({ completedAt }) => completedAt !== null) && now;
    },
    60_000,
  );
  expect(ended.map(({ status, error }) => error ?? status)).toEqual(tasks.map(() => 'completed'));
  const made = await Promise.all(
    tasks.map(async ({ id }) => {
      const { body } = await seed.call<{ items: { command: string; arguments: { name: string } }[] }>(
        'GET',
        `/api/v1/tasks/${id}/ledger?limit=100`,
      );
      return body.items.map((entry) => entry.arguments.name);
    }),
  );
  expect(made).toEqual(tasks.map((_, task) => steps(task)));
  for (const { stderr } of ended) expect(stderr).toBeNull();
}, 120_000);
