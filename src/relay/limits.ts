// What a guest may ask in its sandbox's life, for relay.ts: how much at a time, and how much in all.
import { createSlots } from '../lib/slots.ts';
import { createTokenBucket } from '../lib/token-bucket.ts';
import { SeedError } from '../protocol/errors.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { RelayRoute } from './routes.ts';

const { requestsPerSecond, requestBurst, serverCalls, modelCalls, heldBytes } = LIMITS.guest;

/** Bodies of events and results are held in memory; files pass through. A guest sends these one by one. */
const AT_ONCE: Partial<Record<RelayRoute['kind'], number>> = {
  ...{ events: 1, result: 1, file: 4, artifact: 4, messages: 2, workspace: 1 },
  approval: LIMITS.guest.approvalWaits,
};

/** One is sent again when a server was away. */
const WORKSPACES_MOST = 100;

/** How much a guest may send in all; whoever counts it where. */
export interface GuestCharges {
  /** Rejects with body_too_large when the task's events are more than may be kept. */
  chargeEvents(ndjson: string): Promise<void>;
  /** Rejects with too_many_requests for a workspace that was sent too often. */
  chargeWorkspace(): Promise<void>;
  /** Rejects with body_too_large for one or all that are too large. @returns what takes it back */
  chargeArtifact(bytes: number): Promise<() => Promise<void>>;
}

export interface GuestLimits extends GuestCharges {
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
}

export function createGuestLimits(charges: GuestCharges = createCharges()): GuestLimits {
  const bucket = () => createTokenBucket(requestsPerSecond, requestBurst);
  // An agent that floods the server must not cost its own guest the reports and the result.
  const buckets = { own: bucket(), forward: bucket() };
  const calls = createSlots(serverCalls);
  const completions = createSlots(modelCalls);
  const memory = createSlots(heldBytes);
  const kinds = new Map<RelayRoute['kind'], { here: number; slots: ReturnType<typeof createSlots> }>();
  const artifacts = new Map<string, { slots: ReturnType<typeof createSlots>; count: number }>();

  return {
    ...charges,
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
  };
}

/** Counted in this process. */
function createCharges(): GuestCharges {
  let [events, eventBytes, artifactBytes, workspaces] = [0, 0, 0, 0];
  return {
    async chargeEvents(ndjson) {
      const { count, bytes } = sizeOfEvents(ndjson);
      events += count;
      eventBytes += bytes;
      if (events > MOST.events || eventBytes > MOST.eventBytes) throw tooManyEvents();
    },
    async chargeWorkspace() {
      workspaces += 1;
      if (workspaces > MOST.workspaces) throw tooManyWorkspaces();
    },
    async chargeArtifact(bytes) {
      artifactBytes += bytes;
      if (bytes > LIMITS.artifactBytes || artifactBytes > MOST.artifactBytes) throw artifactsTooLarge(bytes);
      return async () => {
        artifactBytes -= bytes;
      };
    },
  };
}

/** In all, of one task. */
export const MOST = {
  events: LIMITS.eventsPerTask * 2,
  eventBytes: LIMITS.eventBytesPerTask,
  artifactBytes: LIMITS.guest.artifactBytes,
  workspaces: WORKSPACES_MOST,
};

export function sizeOfEvents(ndjson: string): { count: number; bytes: number } {
  return { count: ndjson.split('\n').length - 1, bytes: Buffer.byteLength(ndjson) };
}

export function tooManyEvents(): SeedError {
  return new SeedError('body_too_large', 'the events of this task are more than may be kept');
}

export function tooManyWorkspaces(): SeedError {
  return new SeedError('too_many_requests', 'the workspace was sent too often already');
}

/** @param bytes of the one that was refused */
export function artifactsTooLarge(bytes: number): SeedError {
  const one = `an artifact is at most ${LIMITS.artifactBytes} bytes`;
  const all = `${MOST.artifactBytes} bytes of artifacts were sent already, with those that were replaced`;
  return new SeedError('body_too_large', bytes > LIMITS.artifactBytes ? one : all);
}
