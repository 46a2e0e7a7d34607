// Passes an upstream's event stream on to the caller line by line, at the caller's pace. A client can act on whole
// lines only, so holding back an unfinished one costs no time and leaves room for a clean error at any point.
import type { SeedError } from '../../protocol/errors.ts';
import type { CallMeter } from './call-meter.ts';
import type { CallLimits, CallSignal } from './call-signal.ts';
import { createSseLines, createStreamCheck } from './stream-check.ts';
import { connectionFailure, llmUnavailable } from './upstream-failure.ts';

export interface PassThrough {
  body: ReadableStream<Uint8Array>;
  call: CallSignal;
  meter: CallMeter;
  limits: CallLimits;
  secrets: readonly string[];
  /** Called exactly once after the first event, before the caller sees the end. Must not reject. */
  onEnd(): Promise<void>;
  /** Called before `onEnd` when the upstream failed. */
  onFailure(error: SeedError): void;
}

/** What an upstream may take between its last event and the end of the answer. */
const CLOSING_MS = 1_000;
const BLANK_LINE = Buffer.from('\n\n');

/** The error as the last event. The blank line closes an event that was passed on half. */
function errorEvent(error: SeedError): Buffer {
  const { code, message } = error;
  return Buffer.from(`${BLANK_LINE}data: ${JSON.stringify({ error: { message, code } })}\n\n`);
}

/**
 * Resolves with the first event, so that until then the call can still fail as a whole or be made of another
 * model.
 * Throws llm_unavailable when there is none, without having called anything.
 */
export async function passThrough(options: PassThrough): Promise<ReadableStream<Uint8Array>> {
  const { body, call, meter, limits, secrets, onEnd, onFailure } = options;
  const reader = body.getReader();
  const lines = createSseLines(limits.lineBytes);
  const check = createStreamCheck(meter, secrets);
  let ending: Promise<void> | null = null;
  let cancelled = false;
  let begun = false;

  const end = (failure: SeedError | null, close: () => void = call.close) => {
    if (ending === null) {
      if (failure?.code === 'llm_unavailable') onFailure(failure);
      ending = onEnd();
    }
    close();
    return ending;
  };
  /**
   * Reads the end of a finished answer, so that its connection can be used again; either way the call is over
   * then.
   */
  const closeAtEnd = () => {
    void call.within(CLOSING_MS, 'end', reader.read()).then(call.close, call.close);
  };
  const failureOf = (cause: unknown) =>
    connectionFailure(call.signal.aborted ? call.signal.reason : cause, 'broke the connection');
  /** Adds the next lines to `passed`; true when nothing follows. The good lines before a bad one are kept. */
  const next = async (passed: Buffer[]): Promise<boolean> => {
    const { done, value } = await call.within(limits.idleMs, 'more', reader.read());
    for (const line of done ? [lines.rest()] : lines.push(value)) {
      const verdict = check.line(line);
      // Before the first event nothing else is worth keeping.
      if (verdict === 'beside' && !begun) continue;
      begun = true;
      passed.push(line);
      if (verdict === 'done') return true;
    }
    if (done && !meter.isFinished) throw llmUnavailable('ended its answer in the middle');
    return done;
  };

  const first: Buffer[] = [];
  let last = false;
  let broken: { cause: unknown } | null = null;
  try {
    while (!last && first.length === 0) last = await next(first);
  } catch (cause) {
    // Wherever the upstream cuts its bytes: an answer of which one event has come has begun.
    broken = { cause };
  }
  if (broken && first.length === 0) throw failureOf(broken.cause);
  // A caller that is gone may never read or cancel again; what it used is counted all the same.
  const onAbort = () => void end(failureOf(null));
  if (call.signal.aborted) onAbort();
  else call.signal.addEventListener('abort', onAbort, { once: true });

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const passed = first.splice(0);
        try {
          if (broken) throw broken.cause;
          while (!last && passed.length === 0) last = await next(passed);
          if (last) passed.push(BLANK_LINE);
          // Counted before the caller sees the end, so that a task that ends then has all its tokens.
          if (last) await end(null, closeAtEnd);
          if (cancelled) return;
          controller.enqueue(Buffer.concat(passed));
          if (last) controller.close();
        } catch (cause) {
          const failure = failureOf(cause);
          await end(failure);
          if (cancelled) return;
          controller.enqueue(Buffer.concat([...passed, errorEvent(failure)]));
          controller.close();
        }
      },
      cancel() {
        cancelled = true;
        return end(null);
      },
    },
    { highWaterMark: 0 },
  );
}
