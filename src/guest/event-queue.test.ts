import { expect, test } from 'vitest';
import type { AgentEvent } from '../protocol/event.ts';
import { EventQueue } from './event-queue.ts';

const output = (callId: string, chunk: string): AgentEvent => ({ type: 'tool_output', callId, chunk });
const parse = (batch: string) =>
  batch
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as AgentEvent);

test('events go out in order, output of one call joined', async () => {
  const batches: string[] = [];
  const queue = new EventQueue(async (batch) => void batches.push(batch));
  queue.push(output('a', '1'));
  queue.push(output('a', '2'));
  queue.push(output('b', '3'));
  queue.push({ type: 'text', text: 'end' });
  await queue.flush();
  expect(batches.map(parse)).toEqual([[output('a', '12'), output('b', '3'), { type: 'text', text: 'end' }]]);
});

test('a flush does not wait for the batch delay and the queue works on after it', async () => {
  const batches: string[] = [];
  const queue = new EventQueue(async (batch) => void batches.push(batch));
  const startedAt = performance.now();
  queue.push({ type: 'text', text: '1' });
  await queue.flush();
  expect(performance.now() - startedAt).toBeLessThan(40);
  queue.push({ type: 'text', text: '2' });
  await queue.flush();
  expect(batches.length).toBe(2);
});

test('there is no room while the receiver holds the queue up, and there is again when it goes on', async () => {
  const gate = Promise.withResolvers<void>();
  const batches: string[] = [];
  const queue = new EventQueue(async (batch) => {
    await gate.promise;
    batches.push(batch);
  });
  let pushed = 0;
  while (queue.room() === null) {
    queue.push({ type: 'text', text: 'x'.repeat(50_000) });
    pushed++;
  }
  expect(pushed).toBeLessThan(25);
  let hasRoom = false;
  const room = queue.room()?.then(() => {
    hasRoom = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(hasRoom).toBe(false);
  gate.resolve();
  await room;
  await queue.flush();
  expect(batches.flatMap(parse).length).toBe(pushed);
  for (const batch of batches) expect(Buffer.byteLength(batch)).toBeLessThanOrEqual(512 * 1024);
});

test('a failed delivery is known to whoever flushes', async () => {
  const queue = new EventQueue(() => Promise.reject(new Error('broken')));
  queue.push({ type: 'text', text: '1' });
  await expect(queue.flush()).rejects.toThrow('broken');
});
