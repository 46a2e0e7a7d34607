// What a guest may ask of its runner in its sandbox's life, and the reset of half-open requests, for relay.ts.
import type { ServerHttp2Stream } from 'node:http2';
import { createSlots } from '../lib/slots.ts';
import { createTokenBucket } from '../lib/token-bucket.ts';
import { SeedError } from '../protocol/errors.ts';
import { LIMITS } from '../protocol/limits.ts';
import { createPace, type Pace } from './paced-wire.ts';
import type { RelayRoute } from './relay-routes.ts';

const { requestsPerSecond, requestBurst, serverCalls, modelCalls, heldBytes } = LIMITS.guest;

/** Bodies of events and results are held in memory; files pass through. A guest sends these one by one. */
const AT_ONCE: Partial<Record<RelayRoute['kind'], number>> = {
  ...{ events: 1, result: 1, file: 4, artifact: 4, messages: 1, workspace: 1 },
  approval: LIMITS.guest.approvalWaits,
};

/** One is sent again when a server was away. */
const WORKSPACES_MOST = 100;

export interface GuestLimits {
  pace: Pace;
  /**
   * Rejects with too_many_requests when requests come too fast, or one is in flight that must be alone. Waits for
   * one that its guest has left already, such as by a stream that was cut: what it asks for again comes after it.
   * @param route null for what is refused anyway: that counts, too
   * @param gone aborted when the guest closes its request
   * @returns what to call when the request is over
   */
  admit(route: RelayRoute | null, gone: AbortSignal): Promise<() => void>;
  /**
   * Waits for a free call to the server, and for room in memory for its body. Rejects when the signal is aborted.
   * @param bytes of the body, at most LIMITS.guest.bodyBytes
   */
  enter(route: RelayRoute & { kind: 'forward' }, bytes: number, signal: AbortSignal): Promise<() => void>;
  /** Waits until nothing else is done with the artifact of this name. Rejects when the signal is aborted. */
  enterArtifact(name: string, signal: AbortSignal): Promise<() => void>;
  /** Throws body_too_large when the task's events are more than may be kept. */
  chargeEvents(ndjson: string): void;
  /** Throws too_many_requests for a workspace that was sent too often. */
  chargeWorkspace(): void;
  /** Throws body_too_large for one or all that are too large. @returns what takes it back for a server away */
  chargeArtifact(bytes: number): () => void;
}

export function createGuestLimits(): GuestLimits {
  const bucket = () => createTokenBucket(requestsPerSecond, requestBurst);
  // An agent that floods the server must not cost its own guest the reports and the result.
  const buckets = { own: bucket(), forward: bucket() };
  const calls = createSlots(serverCalls);
  const completions = createSlots(modelCalls);
  const memory = createSlots(heldBytes);
  const kinds = new Map<RelayRoute['kind'], { here: number; slots: ReturnType<typeof createSlots> }>();
  const artifacts = new Map<string, { slots: ReturnType<typeof createSlots>; count: number }>();
  let events = 0;
  let eventBytes = 0;
  let artifactBytes = 0;
  let workspaces = 0;

  return {
    pace: createPace(),
    async admit(route, gone) {
      const kind = route?.kind ?? 'forward';
      if (!buckets[kind === 'forward' || kind === 'approval' ? 'forward' : 'own'].take(1)) {
        const hint = 'Wait a second, then go on more slowly.';
        throw new SeedError('too_many_requests', `more than ${requestsPerSecond} requests a second`, { hint });
      }
      const atOnce = AT_ONCE[kind];
      if (atOnce === undefined) return () => undefined;
      const open = kinds.get(kind) ?? { here: 0, slots: createSlots(atOnce) };
      kinds.set(kind, open);
      if (open.here >= atOnce) {
        throw new SeedError('too_many_requests', `${open.here} requests of this kind (${kind}) are in flight`);
      }
      open.here += 1;
      let isHere = true;
      const leaves = () => {
        if (isHere) open.here -= 1;
        isHere = false;
      };
      gone.addEventListener('abort', leaves, { once: true });
      const release = await open.slots.enter(gone).catch((error) => {
        leaves();
        throw error;
      });
      return () => {
        leaves();
        release();
      };
    },
    async enter(route, bytes, signal) {
      const leave = await (route.isCompletion ? completions : calls).enter(signal);
      try {
        const release = await memory.enter(signal, bytes);
        return () => {
          release();
          leave();
        };
      } catch (error) {
        leave();
        throw error;
      }
    },
    async enterArtifact(name, signal) {
      const { slots, count } = artifacts.get(name) ?? { slots: createSlots(1), count: 0 };
      artifacts.set(name, { slots, count: count + 1 });
      const forget = () => {
        const left = (artifacts.get(name)?.count ?? 1) - 1;
        if (left === 0) artifacts.delete(name);
        else artifacts.set(name, { slots, count: left });
      };
      try {
        const leave = await slots.enter(signal);
        return () => {
          leave();
          forget();
        };
      } catch (error) {
        forget();
        throw error;
      }
    },
    chargeEvents(ndjson) {
      events += ndjson.split('\n').length - 1;
      eventBytes += Buffer.byteLength(ndjson);
      if (events <= LIMITS.eventsPerTask * 2 && eventBytes <= LIMITS.eventBytesPerTask) return;
      throw new SeedError('body_too_large', 'the events of this task are more than may be kept');
    },
    chargeWorkspace() {
      workspaces += 1;
      if (workspaces > WORKSPACES_MOST)
        throw new SeedError('too_many_requests', 'the workspace was sent too often already');
    },
    chargeArtifact(bytes) {
      artifactBytes += bytes;
      if (bytes <= LIMITS.artifactBytes && artifactBytes <= LIMITS.guest.artifactBytes) {
        return () => {
          artifactBytes -= bytes;
        };
      }
      const one = `an artifact is at most ${LIMITS.artifactBytes} bytes`;
      const most = LIMITS.guest.artifactBytes;
      const all = `${most} bytes of artifacts were sent already, with those that were replaced`;
      throw new SeedError('body_too_large', bytes > LIMITS.artifactBytes ? one : all);
    },
  };
}

interface Idleness {
  /** Whether the guest could do nothing, for it is off the processor: that is not its delay. */
  isAsleep?: () => boolean;
  idleMs?: number;
}

/** Call it when the body begins to be read. A stream on which the server lets the guest wait is left alone. */
export function resetWhenIdle(
  stream: ServerHttp2Stream,
  { isAsleep = () => false, idleMs = LIMITS.guest.idleMs }: Idleness = {},
): void {
  let bodyCame = stream.endAfterHeaders;
  stream.once('end', () => {
    bodyCame = true;
  });
  const check = () => {
    if (stream.destroyed) return;
    // Destroyed, not closed: that could end the answer as if it were whole.
    const owes = !bodyCame || stream.writableLength > 0;
    if (owes && !isAsleep()) stream.destroy(new Error(`idle for ${idleMs} ms`));
    else stream.setTimeout(idleMs, check);
  };
  stream.setTimeout(idleMs, check);
}
