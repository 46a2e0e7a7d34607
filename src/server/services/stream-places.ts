// How many event streams of one key are open at a time, on this server.
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';

const openStreams = new Map<string, number>();

/** @throws SeedError too_many_requests */
export function refuseCrowd(keyId: string): void {
  const open = openStreams.get(keyId) ?? 0;
  if (open < LIMITS.eventStreamsPerKey) return;
  throw new SeedError('too_many_requests', `${open} event streams of one key are open already`, {
    hint: 'Close some of them first.',
  });
}

/** Taken when a stream begins, given back when it ends. */
export function takePlace(keyId: string): Disposable {
  openStreams.set(keyId, (openStreams.get(keyId) ?? 0) + 1);
  return {
    [Symbol.dispose]() {
      const left = (openStreams.get(keyId) ?? 1) - 1;
      if (left > 0) openStreams.set(keyId, left);
      else openStreams.delete(keyId);
    },
  };
}
