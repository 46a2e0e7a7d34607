// The life of one call to the upstream as one abort signal (the caller's going away, the total time and too long a
// silence all end it), its limits, and the reading of an answer within them. Tests pass smaller limits.
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { llmUnavailable } from './upstream-failure.ts';

export const CALL_LIMITS = {
  /** Silence until the first event of an answer: a small server reads a long prompt for minutes. */
  answerMs: 300_000,
  /** The same while there is another model to ask. */
  answerWithOthersMs: 60_000,
  /** Until the first event while there is another model to ask, whatever signs of life come before it. */
  firstEventWithOthersMs: 300_000,
  /** Silence between two events of an answer. */
  idleMs: 60_000,
  /** The same once an answer has said why it ended: it is whole then, whatever does not come any more. */
  endedIdleMs: 2_000,
  /** What may follow that reason in all, pings included. */
  endedMs: 10_000,
  /** The whole call, with all that it waits for and all models that are asked. */
  totalMs: 600_000,
  /** The longest time named by an upstream that is waited for while other models can be asked. */
  retryAfterMs: 5_000,
  /** How often an upstream that names a time is asked again when there is no other model. */
  waits: 5,
  /** How long a server that loads its model is waited for in all, and at first. */
  loadingMs: 300_000,
  loadingPauseMs: 1_000,
  /** Before the one retry of an upstream that failed and did not say when to come back. */
  retryMs: 500,
  /** One line of a stream. */
  lineBytes: 1024 * 1024,
  /** A whole answer, as one document or in all events of a stream together. */
  answerBytes: LIMITS.guest.answerBytes,
};

export type CallLimits = Record<keyof typeof CALL_LIMITS, number>;

export interface CallSignal {
  signal: AbortSignal;
  /**
   * Waits for the promise, which must follow the signal; after `ms` the whole call is aborted.
   * @param saidMs what it says then, where a part of the time is over already
   */
  within<T>(ms: number, waitsFor: string, promise: Promise<T>, saidMs?: number): Promise<T>;
  /** Ends the call, if it has not ended, and lets go of its timer and listener. Safe to call twice. */
  close(): void;
}

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}

/**
 * @param leftMs the call is aborted after this time whatever happens
 * @param totalMs what it says then: other models may have taken part of that
 */
export function createCallSignal(caller: AbortSignal, leftMs: number, totalMs: number): CallSignal {
  const controller = new AbortController();
  const abort = (reason: SeedError) => controller.abort(reason);
  const onCallerGone = () =>
    abort(new SeedError('unavailable', 'the call was cancelled before the LLM had answered'));
  const tooLong = () => abort(llmUnavailable(`took longer than ${seconds(totalMs)}`, { blames: 'call' }));
  const total = setTimeout(tooLong, leftMs);
  caller.addEventListener('abort', onCallerGone, { once: true });
  if (caller.aborted) onCallerGone();
  return {
    signal: controller.signal,
    async within(ms, waitsFor, promise, saidMs = ms) {
      const timer = setTimeout(() => abort(llmUnavailable(`sent no ${waitsFor} for ${seconds(saidMs)}`)), ms);
      try {
        return await promise;
      } finally {
        clearTimeout(timer);
      }
    },
    close() {
      clearTimeout(total);
      caller.removeEventListener('abort', onCallerGone);
      controller.abort(new SeedError('unavailable', 'the call to the LLM has ended'));
    },
  };
}

interface ReadOptions {
  call: CallSignal;
  maxBytes: number;
  idleMs: number;
  /** Told how much has come, also of a body that then breaks off. */
  onBytes?(bytes: number): void;
}

/**
 * The body as text. `complete` is false when it was longer than `maxBytes`; the text then holds the beginning.
 * Rejects when the connection breaks, or nothing comes for `idleMs`.
 */
export async function readText(
  response: Response,
  { call, maxBytes, idleMs, onBytes }: ReadOptions,
): Promise<{ text: string; complete: boolean }> {
  const reader = response.body?.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  while (reader && bytes <= maxBytes) {
    const { done, value } = await call.within(idleMs, 'more', reader.read());
    if (done) break;
    chunks.push(value.subarray(0, maxBytes - bytes));
    bytes += value.length;
    onBytes?.(bytes);
  }
  // What is left of it is not waited for.
  if (bytes > maxBytes) void reader?.cancel().catch(() => undefined);
  return { text: Buffer.concat(chunks).toString('utf8'), complete: bytes <= maxBytes };
}
