// A task's events: without gaps under concurrency, bounded, and with text that Postgres would refuse.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LIMITS } from '../../src/protocol/limits.ts';
import { stopTask } from '../../src/server/tasks/end.ts';
import { appendAgentEvents, appendServerEvent } from '../../src/server/tasks/events.ts';
import { openTestStore, type TestStore } from '../fixtures/store.ts';

let seed: TestStore;

beforeAll(async () => {
  seed = await openTestStore();
});
afterAll(() => seed.close());

const command = {
  type: 'command',
  command: 'whoami',
  effect: 'read',
  scope: null,
  status: 200,
  durationMs: 1,
} as const;

const running = async () => {
  const { id } = await seed.post();
  const { leaseId } = await seed.lease();
  return { taskId: id, leaseId };
};

test('concurrent writers leave no gap and no double in seq', async () => {
  const lease = await running();
  const fromRunner = async () => {
    for (let batch = 1; batch <= 10; batch++) {
      const text = { type: 'text' as const, text: `${batch}` };
      await appendAgentEvents(seed.store, { ...lease, batch, events: [text, text] });
    }
  };
  const fromServer = Array.from({ length: 10 }, () => appendServerEvent(seed.store.db, lease.taskId, command));
  await Promise.all([fromRunner(), ...fromServer]);
  const events = await seed.events(lease.taskId, 0, 100);
  expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 32 }, (_, i) => i + 1));
  expect((await seed.events(lease.taskId, 30, 1)).map(({ seq }) => seq)).toEqual([31]);
});

test('NUL and unpaired surrogates are replaced, in tool input and its names, too', async () => {
  const lease = await running();
  await appendAgentEvents(seed.store, {
    ...lease,
    batch: 1,
    events: [
      { type: 'text', text: 'a\u0000b\ud800' },
      { type: 'tool_call', callId: '1', tool: 'bash', input: { 'k\u0000': ['\u0000', { deep: '\udc00' }] } },
    ],
  });
  const [text, call] = (await seed.events(lease.taskId, 2, 10)) as object[];
  expect(text).toMatchObject({ text: 'a\ufffdb\ufffd' });
  expect(call).toMatchObject({ input: { 'k\ufffd': ['\ufffd', { deep: '\ufffd' }] } });
});

test('past the limit events are dropped, one diagnostic says so, and the end is still recorded', async () => {
  const lease = await running();
  const events = Array.from({ length: LIMITS.eventsPerTask - 10 }, () => ({
    type: 'text' as const,
    text: 'x',
  }));
  await appendAgentEvents(seed.store, { ...lease, batch: 1, events });
  await appendAgentEvents(seed.store, { ...lease, batch: 2, events: events.slice(0, 50) });
  await appendAgentEvents(seed.store, { ...lease, batch: 3, events: events.slice(0, 50) });
  await appendServerEvent(seed.store.db, lease.taskId, command);
  await stopTask(seed.store, seed.account.id, lease.taskId);
  const last = await seed.events(lease.taskId, LIMITS.eventsPerTask - 1, 100);
  expect(last.map(({ seq, type }) => [seq - LIMITS.eventsPerTask, type])).toEqual([
    [0, 'text'],
    [1, 'diagnostic'],
    [2, 'status'],
  ]);
});

test('an ended task takes no more server events', async () => {
  const { id } = await seed.post();
  await stopTask(seed.store, seed.account.id, id);
  await appendServerEvent(seed.store.db, id, command);
  expect((await seed.events(id, 0, 10)).map(({ type }) => type)).toEqual(['status', 'status']);
});

test('an answer far too long is cut in its middle', async () => {
  const { taskId, leaseId } = await running();
  const text = 'ä'.repeat(LIMITS.eventBytes / 4);
  for (let batch = 1; batch <= 20; batch++)
    await appendAgentEvents(seed.store, { taskId, leaseId, batch, events: [{ type: 'text', text }] });
  await appendAgentEvents(seed.store, {
    taskId,
    leaseId,
    batch: 21,
    events: [{ type: 'text', text: 'the end' }],
  });
  const task = await stopTask(seed.store, seed.account.id, taskId);
  expect(Buffer.byteLength(task?.stdout ?? '')).toBeLessThanOrEqual(LIMITS.stdoutBytes);
  expect(Buffer.byteLength(task?.stdout ?? '')).toBeGreaterThan(LIMITS.stdoutBytes - 10);
  expect(task?.stdout).toMatch(/^ä+[\s\S]*left out[\s\S]*ä\nthe end$/);
});

test('a batch that is sent again is stored once', async () => {
  const lease = await running();
  const send = (batch: number, text: string) =>
    appendAgentEvents(seed.store, { ...lease, batch, events: [{ type: 'text', text }] });
  await send(1, 'one');
  await send(1, 'one');
  await send(2, 'two');
  await send(1, 'one');
  const events = await seed.events(lease.taskId, 0, 100);
  expect(events.flatMap((event) => (event.type === 'text' ? [event.text] : []))).toEqual(['one', 'two']);
});
