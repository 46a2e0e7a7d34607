import { afterEach, expect, test } from 'vitest';
import { countSlots } from '../../lib/counted-slots.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { holdStream } from './stream-slots.ts';

const MOST = LIMITS.eventStreamsPerKey;
let slots = countSlots();
let gone = new AbortController();
afterEach(() => {
  gone.abort();
  gone = new AbortController();
  slots = countSlots();
});

async function* two() {
  yield 1;
  yield 2;
}
const open = (keyId: string, items: AsyncGenerator<number> = two()) =>
  holdStream(slots, keyId, items, gone.signal);

test('of 400 streams that are opened at once, no more get a slot than there are', async () => {
  const opened = await Promise.all(Array.from({ length: 400 }, () => open('one').catch(() => null)));
  expect(opened.filter((stream) => stream !== null)).toHaveLength(MOST);
  await expect(open('one')).rejects.toThrow(`${MOST} event streams of one key are open already`);
  await open('another');
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
  const openOne = () => open('one', what === 'it breaks' ? broken() : two());
  const streams = await Promise.all(Array.from({ length: MOST }, openOne));
  await expect(open('one')).rejects.toMatchObject({ code: 'too_many_requests' });
  for (const stream of streams) {
    await leave(stream);
    await leave(stream).catch(() => undefined);
  }
  gone = new AbortController();
  const again = await Promise.all(Array.from({ length: MOST }, () => open('one')));
  expect(again).toHaveLength(MOST);
});
