// What one guest may ask of its runner, counted for the life of its sandbox. Used by relay.ts.

import { createSlots } from '../lib/slots.ts';
import { createTokenBucket } from '../lib/token-bucket.ts';
import { SeedError } from '../protocol/errors.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { RelayRoute } from './relay-routes.ts';

const { requestsPerSecond, requestBurst, serverCalls, modelCalls } = LIMITS.guest;

export interface GuestLimits {
  /**
   * Throws too_many_requests when requests come too fast, or one is under way that must be alone.
   * @param route null for what is refused anyway: that counts, too
   * @returns what to call when the request is over
   */
  admit(route: RelayRoute | null): () => void;
  /** Waits for a free call to the server. Rejects when the signal is aborted. */
  enter(route: RelayRoute & { kind: 'forward' }, signal: AbortSignal): Promise<() => void>;
  /** Throws body_too_large when the task's events are more than may be kept. */
  chargeEvents(ndjson: string): void;
}

export function createGuestLimits(): GuestLimits {
  const bucket = () => createTokenBucket(requestsPerSecond, requestBurst);
  // An agent that floods the server must not cost its own guest the reports and the result.
  const buckets = { own: bucket(), forward: bucket() };
  const calls = createSlots(serverCalls);
  const completions = createSlots(modelCalls);
  const underWay = new Set<RelayRoute['kind']>();
  let events = 0;
  let eventBytes = 0;

  return {
    admit(route) {
      const kind = route?.kind ?? 'forward';
      if (!buckets[kind === 'forward' ? 'forward' : 'own'].take(1)) {
        throw new SeedError('too_many_requests', `more than ${requestsPerSecond} requests a second`, {
          hint: 'Wait a second, then go on more slowly.',
        });
      }
      // Their bodies are held in memory: one at a time.
      if (kind !== 'events' && kind !== 'result') return () => undefined;
      if (underWay.has(kind)) {
        throw new SeedError('too_many_requests', `another request to /${kind} is under way`);
      }
      underWay.add(kind);
      return () => void underWay.delete(kind);
    },
    enter: (route, signal) => (route.isCompletion ? completions : calls).enter(signal),
    chargeEvents(ndjson) {
      events += ndjson.split('\n').length - 1;
      eventBytes += ndjson.length;
      if (events <= LIMITS.eventsPerTask * 2 && eventBytes <= LIMITS.eventBytesPerTask) return;
      throw new SeedError('body_too_large', 'the events of this task are more than may be kept');
    },
  };
}
