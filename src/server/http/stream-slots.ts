// How many streams of one key may be open at a time, on this server. Held by the command routes.
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';

export class StreamSlots {
  /** Of keys that have any. */
  readonly #open = new Map<string, number>();

  /**
   * The items, as a stream of the key. Its slot is taken at once, not with the first item, and free again when the
   * items end, their reader leaves, or the signal aborts. @throws SeedError too_many_requests
   */
  hold<Item>(keyId: string, items: AsyncIterable<Item>, signal: AbortSignal): AsyncIterableIterator<Item> {
    const iterator = items[Symbol.asyncIterator]();
    const leave = this.#take(keyId);
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
    const over = () => {
      signal.removeEventListener('abort', leave);
      leave();
    };
    return {
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
        return this;
      },
    };
  }

  /** Returns what gives the slot back; safe to call twice. */
  #take(keyId: string): () => void {
    const open = this.#open.get(keyId) ?? 0;
    if (open >= LIMITS.eventStreamsPerKey) {
      throw new SeedError('too_many_requests', `${open} event streams of one key are open already`, {
        hint: 'Close some of them first.',
      });
    }
    this.#open.set(keyId, open + 1);
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      const left = (this.#open.get(keyId) ?? 1) - 1;
      if (left > 0) this.#open.set(keyId, left);
      else this.#open.delete(keyId);
    };
  }
}
