// A receiver of traces may be slow, broken or gone: no task is slower for it, and what waits for it is bounded.
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { type OtlpReceiver, startOtlpReceiver } from '../fixtures/otlp-receiver.ts';
import { until } from '../fixtures/seed.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';
import { askModel, begin, names, settle, startTask, tracedBy } from '../fixtures/traced-task.ts';

let receiver: OtlpReceiver;
beforeAll(async () => {
  receiver = await startOtlpReceiver();
});
afterEach(() => {
  receiver.behave(null);
  vi.unstubAllEnvs();
});
afterAll(() => receiver?.close());

const runThrough = async (on: TestServer) => {
  const { id, runner, lease } = await startTask(on);
  await begin(runner, lease);
  await askModel(on.call, lease);
  expect(await settle(runner, lease)).toBe(204);
  return id;
};

it.each([
  ['hangs', () => undefined],
  ['fails', (response: { writeHead(status: number): { end(): void } }) => response.writeHead(500).end()],
])(
  'a receiver that %s slows and fails no task, and loses only its own spans',
  async (_, behaviour) => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_TIMEOUT', '60000');
    const own = await startTestServer(tracedBy(receiver, { timeoutMs: 500 }));
    try {
      receiver.behave(behaviour as never);
      const asked = receiver.requests.length;
      const startedAt = performance.now();
      const ids = [];
      for (let count = 0; count < 5; count += 1) ids.push(await runThrough(own));
      // Whoever waited for a receiver that hangs would wait for a minute.
      expect(performance.now() - startedAt).toBeLessThan(25_000);
      await until('it was asked', () => receiver.requests.length > asked);
      for (const id of ids)
        expect((await own.call('GET', `/api/v1/tasks/${id}`)).body.task.status).toBe('completed');
      receiver.behave(null);
      const after = await runThrough(own);
      expect(names(await receiver.spansOf(after, 4))).toEqual([
        'chat scripted',
        'invoke_agent pi',
        'queue',
        'start',
      ]);
    } finally {
      await own.stop();
    }
  },
  60_000,
);

it('a receiver that hangs while the server stops is waited for, but not for long', async () => {
  vi.stubEnv('OTEL_EXPORTER_OTLP_TIMEOUT', '60000');
  const own = await startTestServer(tracedBy(receiver, { delayMs: 60_000, timeoutMs: 60_000 }));
  await runThrough(own);
  receiver.behave(() => undefined);
  const startedAt = performance.now();
  await own.stop();
  expect(performance.now() - startedAt).toBeLessThan(25_000);
});

it('a receiver is sent what still waits when the server stops', async () => {
  const own = await startTestServer(tracedBy(receiver, { delayMs: 60_000 }));
  const id = await runThrough(own);
  expect(receiver.spans.filter(({ traceId }) => traceId === id.replaceAll('-', ''))).toEqual([]);
  await own.stop();
  expect(names(await receiver.spansOf(id, 4))).toHaveLength(4);
});

it('a receiver that takes nothing is not remembered without end: so many spans wait, and no more', async () => {
  const own = await startTestServer(tracedBy(receiver, { queueSize: 10, batchSize: 10, delayMs: 60_000 }));
  receiver.behave(() => undefined);
  const { runner, lease, id } = await startTask(own);
  // The first ten go at once and are held; the next ten wait; the rest is dropped.
  for (let count = 0; count < 60; count += 1) await own.call('GET', '/api/v1/whoami', { key: lease.taskKey });
  await settle(runner, lease);
  const asked = receiver.requests.length;
  receiver.behave(null);
  await own.stop();
  expect(receiver.requests.length - asked).toBe(1);
  expect(receiver.spans.filter(({ traceId }) => traceId === id.replaceAll('-', ''))).toHaveLength(10);
});

it('a receiver gets whole traces or none when only a part is sampled', async () => {
  const own = await startTestServer(tracedBy(receiver, { ratio: 0.5 }));
  const ids = [];
  for (let count = 0; count < 24; count += 1) ids.push(await runThrough(own));
  await own.stop();
  const counts = ids.map(
    (id) => receiver.spans.filter(({ traceId }) => traceId === id.replaceAll('-', '')).length,
  );
  // That all or none of 24 are sampled happens once in eight million runs.
  expect(new Set(counts)).toEqual(new Set([0, 4]));
});

it('a receiver gets nothing without the setting', async () => {
  const own = await startTestServer();
  const asked = receiver.requests.length;
  const id = await runThrough(own);
  await own.stop();
  expect(receiver.requests.length).toBe(asked);
  expect(receiver.spans.filter(({ traceId }) => traceId === id.replaceAll('-', ''))).toEqual([]);
});
