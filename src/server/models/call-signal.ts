// The life of one call to the upstream as one abort signal: the caller's going away, the total time and too long a
// silence all end it.
import { SeedError } from '../../protocol/errors.ts';
import { llmUnavailable } from './upstream-failure.ts';

export interface CallSignal {
  signal: AbortSignal;
  /** Waits for the promise, which must follow the signal; after `ms` the whole call is aborted. */
  within<T>(ms: number, waitsFor: string, promise: Promise<T>): Promise<T>;
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
  const total = setTimeout(
    () => abort(llmUnavailable(`took longer than ${seconds(totalMs)}`, { blames: 'call' })),
    leftMs,
  );
  caller.addEventListener('abort', onCallerGone, { once: true });
  if (caller.aborted) onCallerGone();
  return {
    signal: controller.signal,
    async within(ms, waitsFor, promise) {
      const timer = setTimeout(() => abort(llmUnavailable(`sent no ${waitsFor} for ${seconds(ms)}`)), ms);
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
