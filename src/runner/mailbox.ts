// The messages to one task: the server says with its heartbeats how many there are, and the guest asks for those
// that it does not have. Used by task-run.ts and relay.ts.
import type { Readable } from 'node:stream';
import type { Messages } from '../relay/bodies.ts';

export interface Mailbox extends Messages {
  /** There are so many by now. */
  told(count: number): void;
}

/** @param open asks the server */
export function createMailbox(
  known: number,
  open: (after: number, signal: AbortSignal) => Promise<Readable>,
): Mailbox {
  let count = known;
  let more = Promise.withResolvers<void>();
  return {
    told(now) {
      if (now <= count) return;
      count = now;
      more.resolve();
      more = Promise.withResolvers();
    },
    async read(after, signal) {
      const gone = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
      gone.catch(() => undefined);
      while (count <= after) await Promise.race([more.promise, gone]);
      return open(after, signal);
    },
    // What the heartbeats have not told yet counts, too: they may be late when a server was away.
    readNow: open,
  };
}
