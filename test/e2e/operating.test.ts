// What operators watch, of a whole Seed with a real sandbox and the settings that docs/operating.md names.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readExposition } from '../fixtures/exposition.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../fixtures/otlp-receiver.ts';
import { bash, startSeed, type TestSeed } from '../fixtures/seed.ts';

const METRICS_TOKEN = randomUUID() + randomUUID();
let receiver: OtlpReceiver;
let seed: TestSeed;
beforeAll(async () => {
  receiver = await startOtlpReceiver();
  seed = await startSeed({
    SEED_METRICS_TOKEN: METRICS_TOKEN,
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=operators',
    OTEL_SERVICE_NAME: 'seed-of-the-test',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    OTEL_BSP_SCHEDULE_DELAY: '100',
  });
});
afterAll(async () => {
  await seed?.remove();
  await receiver?.close();
});

it('a task is one trace and is in the numbers', async () => {
  const task = await seed.runTask({ instruction: bash('seed whoami', 'seed keys list; seed audit list') });
  expect(task.status).toBe('completed');
  const scrape = await fetch(`${seed.url}/metrics`, {
    headers: { authorization: `Bearer ${METRICS_TOKEN}` },
  });
  const { sum } = readExposition(await scrape.text());
  expect(sum('seed_tasks_ended_total', { status: 'completed' })).toBe(1);
  expect(sum('seed_command_calls_total', { command: 'whoami', status: '200' })).toBe(1);
  expect(sum('seed_model_tokens_total', { direction: 'input' })).toBe(task.inputTokens);
  expect(sum('seed_model_tokens_total', { direction: 'output' })).toBe(task.outputTokens);
  expect(sum('seed_model_cost_usd_total')).toBeCloseTo(task.cost.llm, 12);
  expect(sum('seed_task_start_duration_seconds_sum')).toBeCloseTo((task.startMs ?? 0) / 1_000, 6);
  expect(sum('seed_runners')).toBe(1);

  const calls = sum('seed_model_calls_total');
  const commands = (await seed.events(task.id)).filter(({ type }) => type === 'command').length;
  expect(commands).toBe(3);
  const spans = await receiver.spansOf(task.id, 3 + calls + commands);
  const [root, ...more] = spans.filter(({ parentSpanId }) => parentSpanId === '');
  expect(more).toEqual([]);
  expect(spans.map(({ name }) => name).sort()).toEqual(
    [
      'invoke_agent pi',
      'queue',
      'start',
      ...Array.from({ length: calls }, () => 'chat scripted'),
      'execute_tool whoami',
      'execute_tool keys list',
      'execute_tool audit list',
    ].sort(),
  );
  for (const span of spans) {
    expect([root?.spanId, '']).toContain(span.parentSpanId);
    expect(span.startMs).toBeGreaterThanOrEqual((root?.startMs ?? 0) - 1);
    expect(span.endMs).toBeLessThanOrEqual((root?.endMs ?? 0) + 1);
  }
  expect(root?.resource).toMatchObject({
    'service.name': 'seed-of-the-test',
    'deployment.environment.name': 'test',
  });
  expect(receiver.requests[0]).toMatchObject({ path: '/v1/traces', headers: { 'x-tenant': 'operators' } });
});
