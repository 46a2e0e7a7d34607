// Passes an upstream's event stream on to the caller line by line, at the caller's pace, and checks each line. A
// client can act on whole lines only: holding an unfinished one back costs no time and leaves room for an error.
import { parseJson } from '../../lib/json.ts';
import type { SeedError } from '../../protocol/errors.ts';
import type { CallMeter } from './call-meter.ts';
import type { CallLimits, CallSignal } from './call-signal.ts';
import { connectionFailure, llmUnavailable, messageOf, presentable } from './upstream-failure.ts';

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
function errorEvent({ code, message }: SeedError): Buffer {
  return Buffer.from(`${BLANK_LINE}data: ${JSON.stringify({ error: { message, code } })}\n\n`);
}

/**
 * Resolves with the first event: until then the call can still fail as a whole or be made of another model.
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
  /** Reads the end of a finished answer, so that its connection can be used again, and closes the call. */
  const closeAtEnd = () => void call.within(CLOSING_MS, 'end', reader.read()).then(call.close, call.close);
  const failureOf = (cause: unknown) =>
    connectionFailure(call.signal.aborted ? call.signal.reason : cause, 'broke the connection');
  /** Adds the next lines to `passed`; true when nothing follows. The good lines before a bad one are kept. */
  const next = async (passed: Buffer[]): Promise<boolean> => {
    const { done, value } = await call.within(limits.idleMs, 'more', reader.read());
    for (const line of done ? [lines.rest()] : lines.push(value)) {
      const verdict = check(line);
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

const NEWLINE = 0x0a;

/** Cuts the bytes of an event stream into whole lines. Throws llm_unavailable when one is too long. */
function createSseLines(maxLineBytes: number) {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  const hold = (part: Uint8Array) => {
    held.push(part);
    heldBytes += part.length;
    if (heldBytes > maxLineBytes) throw llmUnavailable(`sent a line of more than ${maxLineBytes} bytes`);
  };
  const takeLine = (): Buffer => {
    const line = Buffer.concat(held, heldBytes);
    held = [];
    heldBytes = 0;
    return line;
  };
  return {
    /** The lines completed by this chunk, with their newlines. */
    push(chunk: Uint8Array): Buffer[] {
      const lines: Buffer[] = [];
      let from = 0;
      for (let to = chunk.indexOf(NEWLINE); to !== -1; to = chunk.indexOf(NEWLINE, from)) {
        hold(chunk.subarray(from, to + 1));
        lines.push(takeLine());
        from = to + 1;
      }
      if (from < chunk.length) hold(chunk.subarray(from));
      return lines;
    },
    /** What is left when the stream ends without a newline. */
    rest: takeLine,
  };
}

function parsePayload(payload: string): object {
  const json = parseJson(payload, (cause) => llmUnavailable('sent an event that is not JSON', { cause }));
  if (typeof json === 'object' && json !== null) return json;
  throw llmUnavailable('sent an event that is not a JSON object');
}

function hasFinishReason(json: object): boolean {
  if (!('choices' in json) || !Array.isArray(json.choices)) return false;
  return json.choices.some((choice: { finish_reason?: unknown } | null) => Boolean(choice?.finish_reason));
}

/**
 * Tells the meter of each line as it passes: `done` for the closing `[DONE]`, `beside` for what carries nothing of
 * the answer. Throws llm_unavailable for an error of the upstream and for what is no event stream.
 * @param secrets values that must not show in an error
 */
function createStreamCheck(meter: CallMeter, secrets: readonly string[]) {
  let begun = false;
  return (line: Buffer): 'event' | 'done' | 'beside' => {
    const text = line.toString('utf8').trim();
    if (text === '' || /^(?::|(?:event|id|retry)(?::|$))/.test(text)) return 'beside';
    if (!text.startsWith('data:')) throw llmUnavailable('sent something that is not an event stream');
    const payload = text.slice('data:'.length).trim();
    if (payload === '[DONE]') {
      meter.finished();
      return 'done';
    }
    const json = parsePayload(payload);
    meter.answered(json);
    if ('error' in json && json.error) {
      if (!begun) meter.notServed();
      throw llmUnavailable(`broke off: ${presentable(messageOf(json) ?? payload, secrets)}`);
    }
    begun = true;
    if (hasFinishReason(json)) meter.finished();
    return 'event';
  };
}
