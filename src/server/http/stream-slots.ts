// How many event streams of one key are open at a time, on this server.
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';

const openStreams = new Map<string, number>();

/**
 * The items, as a stream of the key. Its slot is taken at once, not with the first item, and free again when the
 * items end, their reader leaves, or the signal aborts. @throws SeedError too_many_requests
 */
export function inPlace<Item>(
  keyId: string,
  items: AsyncGenerator<Item>,
  signal: AbortSignal,
): AsyncIterableIterator<Item> {
  const leave = takePlace(keyId);
  signal.addEventListener('abort', leave, { once: true });
  if (signal.aborted) leave();
  const over = () => {
    signal.removeEventListener('abort', leave);
    leave();
  };
  return {
    async next() {
      const result = await items.next().catch((error) => {
        over();
        throw error;
      });
      if (result.done) over();
      return result;
    },
    return() {
      over();
      return items.return(undefined);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** Returns what gives the place back; safe to call twice. */
function takePlace(keyId: string): () => void {
  const open = openStreams.get(keyId) ?? 0;
  if (open >= LIMITS.eventStreamsPerKey) {
    throw new SeedError('too_many_requests', `${open} event streams of one key are open already`, {
      hint: 'Close some of them first.',
    });
  }
  openStreams.set(keyId, open + 1);
  let isTaken = true;
  return () => {
    if (!isTaken) return;
    isTaken = false;
    const left = (openStreams.get(keyId) ?? 1) - 1;
    if (left > 0) openStreams.set(keyId, left);
    else openStreams.delete(keyId);
  };
}
