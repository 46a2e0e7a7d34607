// How many streams of one key may be open at a time. Held by the command routes.
import type { CountedSlots } from '../../lib/counted-slots.ts';
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';

/**
 * The items, as a stream of the key. Its slot is taken at once, not with the first item, and free again when the
 * items end, their reader leaves, or the signal aborts. @throws SeedError too_many_requests
 */
export async function holdStream<Item>(
  slots: CountedSlots,
  keyId: string,
  items: AsyncIterable<Item>,
  signal: AbortSignal,
): Promise<AsyncIterableIterator<Item>> {
  const most = LIMITS.eventStreamsPerKey;
  const leave = await slots.take(`streams of key ${keyId}`, most);
  if (leave === null)
    throw new SeedError('too_many_requests', `${most} event streams of one key are open already`, {
      hint: 'Close some of them first.',
    });
  const iterator = items[Symbol.asyncIterator]();
  signal.addEventListener('abort', leave, { once: true });
  if (signal.aborted) leave();
  const over = () => {
    signal.removeEventListener('abort', leave);
    leave();
  };
  const held: AsyncIterableIterator<Item> = {
    async next() {
      const result = await iterator.next().catch((error) => {
        over();
        throw error;
      });
      if (result.done) over();
      return result;
    },
    async return() {
      over();
      await iterator.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return held;
    },
  };
  return held;
}
