import { afterEach, expect, test } from 'vitest';
import { LIMITS } from '../../protocol/limits.ts';
import { StreamSlots } from './stream-slots.ts';

const MOST = LIMITS.eventStreamsPerKey;
let slots = new StreamSlots();
let gone = new AbortController();
afterEach(() => {
  gone.abort();
  gone = new AbortController();
  slots = new StreamSlots();
});

async function* two() {
  yield 1;
  yield 2;
}
const open = (keyId: string, items: AsyncGenerator<number> = two()) => slots.hold(keyId, items, gone.signal);

test('of 400 streams that are opened at once, no more get a slot than there are', () => {
  const opened = Array.from({ length: 400 }, () => {
    try {
      return open('one');
    } catch {
      return null;
    }
  });
  expect(opened.filter((stream) => stream !== null)).toHaveLength(MOST);
  expect(() => open('one')).toThrow(`${MOST} event streams of one key are open already`);
  expect(() => open('another')).not.toThrow();
});

test.each<[string, (stream: AsyncIterableIterator<number>) => Promise<unknown>]>([
  ['all was read', (stream) => Array.fromAsync(stream)],
  [
    'its reader leaves',
    async (stream) => {
      for await (const _ of stream) break;
    },
  ],
  ['its reader leaves before the first item', async (stream) => stream.return?.()],
  ['it breaks', async (stream) => expect(Array.fromAsync(stream)).rejects.toThrow('broken')],
  ['its caller is gone, who never read it', async () => gone.abort()],
])('a slot is free again when %s', async (what, leave) => {
  const broken = async function* () {
    yield 1;
    throw new Error('broken');
  };
  const streams = Array.from({ length: MOST }, () => open('one', what === 'it breaks' ? broken() : two()));
  expect(() => open('one')).toThrow();
  for (const stream of streams) {
    await leave(stream);
    await leave(stream).catch(() => undefined);
  }
  gone = new AbortController();
  const again = Array.from({ length: MOST }, () => open('one'));
  expect(again).toHaveLength(MOST);
});
