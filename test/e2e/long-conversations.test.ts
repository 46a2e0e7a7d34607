// Conversations that outgrow the context of their model, over several sandboxes: summarised through the gateway, on
// the budget of the task that needs it, and nothing of what was found out is lost.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ErrorBody } from '../../src/protocol/errors.ts';
import type { Task } from '../../src/protocol/task.ts';
import { type RememberingModel, startRememberingModel, TELL } from '../fixtures/remembering-model.ts';
import { bash, startSeed, type TestSeed } from '../fixtures/seed.ts';

const FREE = { vcpuSecond: 0, gbSecond: 0 };
const CONTEXTS = { wide: 200_000, middle: 12_000, narrow: 6_000 };
let model: RememberingModel;
let seed: TestSeed;
let folder: string;
beforeAll(async () => {
  model = await startRememberingModel(CONTEXTS);
  folder = await mkdtemp(join(tmpdir(), 'seed-contexts-'));
  const [prices, models] = [join(folder, 'prices.json'), join(folder, 'models.json')];
  const price = { input: 1, output: 2 };
  await writeFile(
    prices,
    JSON.stringify({ models: { wide: price, middle: price, narrow: price }, compute: FREE }),
  );
  const known = Object.entries(CONTEXTS).map(([name, contextTokens]) => [name, { contextTokens }]);
  await writeFile(models, JSON.stringify({ models: Object.fromEntries(known) }));
  seed = await startSeed({
    SEED_PRICES_FILE: prices,
    SEED_MODELS_FILE: models,
    SEED_LLM_BASE_URL: model.baseUrl,
    SEED_LLM_API_KEY: 'sk-test',
    SEED_LLM_MODEL: 'narrow',
    SEED_RUNNER_SLOTS: '3',
  });
});
afterAll(async () => {
  await seed?.remove();
  await model?.close();
  await rm(folder, { recursive: true, force: true });
});

async function goOn({ id }: Task, body: object): Promise<Task> {
  const answer = await seed.call<{ task: Task } & ErrorBody>('POST', `/api/v1/tasks/${id}/continue`, {
    body,
    headers: { prefer: 'wait=60' },
  });
  if (answer.status >= 300) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body.task;
}

/** Finds out one fact, among much that is none. */
const findsOut = (...facts: number[]) =>
  bash(...facts.map((fact) => `echo fact-${fact}; head -c 1500 /dev/zero | tr '\\0' x`));
const TWELVE = Array.from({ length: 12 }, (_, at) => at + 1);
const factsUpTo = (last: number) =>
  Array.from({ length: last }, (_, at) => `fact-${at + 1}`)
    .sort()
    .join(' ');
const summarised = async ({ id }: Task) => (await seed.events(id)).filter(({ type }) => type === 'summary').length;

/** Of the calls of the model that a task made: as it says itself, and as the bill says. */
async function billed({ id }: Task) {
  const { used, cost, inputTokens } = await seed.getTask(id);
  const { body } = await seed.call<{ items: { group: string; total: number; modelCalls: number }[] }>(
    'GET',
    '/api/v1/obs/costs?by=task&limit=100',
  );
  return { used, cost, inputTokens, bill: body.items.find(({ group }) => group === id) };
}

it('is summarised as often as it must be, and each task goes on from the summary of the one before', async () => {
  const first = await seed.runTask({ instruction: findsOut(1, 2, 3) });
  const second = await goOn(first, { instruction: findsOut(4, 5, 6) });
  const third = await goOn(second, { instruction: findsOut(7, 8, 9) });
  const fourth = await goOn(third, { instruction: findsOut(10, 11, 12) });
  const last = await goOn(fourth, { instruction: TELL });
  expect(last).toMatchObject({ status: 'completed', stdout: factsUpTo(12) });
  const all = [first, second, third, fourth, last];
  for (const task of all) expect(task).toMatchObject({ status: 'completed' });
  const counts = await Promise.all(all.map(summarised));
  expect(counts[0]).toBe(0);
  expect(counts.filter((count) => count > 0).length, counts.join()).toBeGreaterThanOrEqual(2);
  expect(model.summaries.some((sent) => sent.includes('<previous-summary>'))).toBe(true);
  // It was seen to before the model had to refuse.
  expect(model.tooLong).toBe(0);
}, 180_000);

it('that a wide model led is summarised before a narrow one is asked, which the task pays for', async () => {
  const first = await seed.runTask({ model: 'wide', instruction: findsOut(1, 2, 3, 4, 5, 6, 7, 8) });
  const [summaries, refused] = [model.summaries.length, model.tooLong];
  const next = await goOn(first, { model: 'narrow', instruction: TELL, budget: { calls: 2 } });
  expect(next).toMatchObject({ status: 'completed', stdout: factsUpTo(8) });
  expect(next.stderr).toMatch(/^the conversation came near the model's context: \d+ tokens were summarised$/);
  expect([model.summaries.length - summaries, model.tooLong - refused]).toEqual([1, 0]);
  const { used, cost, inputTokens, bill } = await billed(next);
  expect(used.calls).toBe(2);
  expect(bill).toMatchObject({ modelCalls: 2 });
  expect(cost.total).toBeCloseTo(bill?.total ?? 0, 8);
  // The summary is most of it.
  const sent = model.requests
    .slice(-2)
    .map(({ body }) => JSON.stringify([body['messages'], body['tools']]).length);
  expect(inputTokens).toBe(sent.reduce((sum, bytes) => sum + Math.ceil(bytes / 4), 0));
});

it('that was summarised before is summarised again before a narrower model is asked', async () => {
  const first = await seed.runTask({ model: 'middle', instruction: findsOut(...TWELVE) });
  const second = await goOn(first, { instruction: findsOut(...TWELVE.map((fact) => fact + 12)) });
  expect(await summarised(second)).toBe(1);
  const refused = model.tooLong;
  const next = await goOn(second, { model: 'narrow', instruction: TELL });
  expect(next).toMatchObject({ status: 'completed', stdout: factsUpTo(24) });
  expect([await summarised(next), model.tooLong - refused]).toEqual([1, 0]);
});

it('ends with its reason where the budget is too small for the summary, and can be gone on with', async () => {
  const first = await seed.runTask({ model: 'wide', instruction: findsOut(1, 2, 3, 4, 5, 6, 7, 8) });
  const poor = await goOn(first, { model: 'narrow', instruction: TELL, budget: { tokens: 1_000 } });
  expect(poor).toMatchObject({ status: 'failed', error: { code: 'budget_exceeded' } });
  expect(poor.error?.message).toMatch(/^this task is out of budget: /);
  expect(await summarised(poor)).toBe(0);
  const richer = await goOn(poor, { model: 'narrow', instruction: TELL, budget: { tokens: 100_000 } });
  expect(richer).toMatchObject({ status: 'completed', stdout: factsUpTo(8) });
  expect(richer.notes[0]).toMatch(/^The task before did not complete, it failed: this task is out of budget: /);
  expect(await summarised(richer)).toBe(1);
});

it('ends with its reason where even the summary would be longer than the model takes', async () => {
  const facts = Array.from({ length: 24 }, (_, at) => at + 1);
  const first = await seed.runTask({ model: 'wide', instruction: findsOut(...facts) });
  const next = await goOn(first, { model: 'narrow', instruction: TELL });
  expect(next).toMatchObject({ status: 'failed', error: { code: 'context_too_long' } });
  expect(next.stderr).toContain('the conversation could not be summarised');
});
