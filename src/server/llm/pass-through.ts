// Passes an upstream's event stream on to the caller line by line, at the caller's pace. A client can act on whole lines
// only, so holding back an unfinished one costs no time and leaves room for a clean error at any point.
import type { SeedError } from '../../protocol/errors.ts';
import type { CallLimits } from './call-limits.ts';
import type { CallSignal } from './call-signal.ts';
import { createSseLines } from './sse-lines.ts';
import { createStreamCheck } from './stream-check.ts';
import { connectionFailure, llmUnavailable } from './upstream-failure.ts';
import type { TokenUsage } from './usage.ts';

export interface PassThrough {
  body: ReadableStream<Uint8Array>;
  call: CallSignal;
  limits: CallLimits;
  secrets: readonly string[];
  /** Called exactly once, before the caller sees the end; null when the upstream gave no usage. Must not reject. */
  onEnd(usage: TokenUsage | null): Promise<void>;
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

export function passThrough({
  body,
  call,
  limits,
  secrets,
  onEnd,
  onFailure,
}: PassThrough): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  const lines = createSseLines(limits.lineBytes);
  const check = createStreamCheck(secrets);
  let ending: Promise<void> | null = null;
  let cancelled = false;

  const end = (close: () => void = call.close) => {
    ending ??= onEnd(check.usage());
    close();
    return ending;
  };
  /** Reads the end of a finished answer, so that its connection can be used again; either way the call is over then. */
  const closeAtEnd = () => {
    void call.within(CLOSING_MS, 'end', reader.read()).then(call.close, call.close);
  };
  // A caller that is gone may never read or cancel again; what it used is counted all the same.
  call.signal.addEventListener('abort', () => void end(), { once: true });

  /** Adds the next lines to `passed`; true when nothing follows. The good lines before a bad one are kept. */
  const next = async (passed: Buffer[]): Promise<boolean> => {
    const { done, value } = await call.within(limits.idleMs, 'more', reader.read());
    for (const line of done ? [lines.rest()] : lines.push(value)) {
      const verdict = check.line(line);
      passed.push(line);
      if (verdict === 'done') return true;
    }
    if (done && !check.finished()) throw llmUnavailable('ended its answer in the middle');
    return done;
  };

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const passed: Buffer[] = [];
        try {
          let last = false;
          while (!last && passed.length === 0) last = await next(passed);
          if (last) passed.push(BLANK_LINE);
          // Counted before the caller sees the end, so that a task that ends then has all its tokens.
          if (last) await end(closeAtEnd);
          if (cancelled) return;
          controller.enqueue(Buffer.concat(passed));
          if (last) controller.close();
        } catch (cause) {
          const error = connectionFailure(
            call.signal.aborted ? call.signal.reason : cause,
            'broke the connection',
          );
          if (!cancelled && error.code === 'llm_unavailable') onFailure(error);
          await end();
          if (cancelled) return;
          controller.enqueue(Buffer.concat([...passed, errorEvent(error)]));
          controller.close();
        }
      },
      cancel() {
        cancelled = true;
        return end();
      },
    },
    { highWaterMark: 0 },
  );
}
