// Passes an upstream's answer on to the caller as a standard event stream, at the caller's pace. Called by
// upstream-completion.ts.
import type { SeedError } from '../../protocol/errors.ts';
import type { CallMeter } from './call-meter.ts';
import type { CallSignal } from './call-signal.ts';
import type { AnswerPiece } from './dialect/answer-piece.ts';
import { chunkEvent, DONE_EVENT, usageEvent } from './dialect/standard-stream.ts';
import type { AnswerReader } from './read-answer.ts';
import { connectionFailure, UpstreamFailure } from './upstream-failure.ts';

export interface AnswerStream {
  answer: AnswerReader;
  call: CallSignal;
  meter: CallMeter;
  /** Whether a last chunk tells the usage. */
  includeUsage: boolean;
  /** Called exactly once after the first piece, before the caller sees the end. Must not reject. */
  onEnd(): Promise<void>;
  /** Called before `onEnd` when the upstream failed. */
  onFailure(error: SeedError): void;
}

/**
 * Resolves with the first piece: until then the call can still fail as a whole or be made of another model.
 * Throws llm_unavailable when there is none, without having called anything.
 */
export async function answerStream(options: AnswerStream): Promise<ReadableStream<Uint8Array>> {
  const { answer, call, meter, includeUsage, onEnd, onFailure } = options;
  let ending: Promise<void> | null = null;
  let cancelled = false;
  let isFirst = true;

  const end = (failure: SeedError | null, close: () => void = call.close) => {
    if (ending === null) {
      if (failure instanceof UpstreamFailure) onFailure(failure);
      ending = onEnd();
    }
    close();
    return ending;
  };
  const closeAtEnd = () => void answer.drain().then(call.close, call.close);
  const failureOf = (cause: unknown) =>
    connectionFailure(call.signal.aborted ? call.signal.reason : cause, 'broke the connection');
  const encoded = (pieces: readonly AnswerPiece[], more = '') => {
    let text = '';
    for (const piece of pieces) {
      text += chunkEvent(answer.head, piece, isFirst);
      isFirst = false;
    }
    return Buffer.from(text + more);
  };

  const first: AnswerPiece[] = [];
  let last = false;
  let broken: { cause: unknown } | null = null;
  try {
    while (!last && first.length === 0) last = await answer.next(first);
  } catch (cause) {
    // Wherever the upstream cuts its bytes: an answer of which one piece has come has begun.
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
        const pieces = first.splice(0);
        try {
          if (broken) throw broken.cause;
          while (!last && pieces.length === 0) last = await answer.next(pieces);
          // Counted before the caller sees the end, so that a task that ends then has all its tokens.
          if (last) await end(null, closeAtEnd);
          if (cancelled) return;
          const usage = last && includeUsage ? usageEvent(answer.head, meter.usage) : '';
          controller.enqueue(encoded(pieces, last ? `${usage}${DONE_EVENT}` : ''));
          if (last) controller.close();
        } catch (cause) {
          const failure = failureOf(cause);
          await end(failure);
          if (cancelled) return;
          controller.enqueue(encoded(pieces, errorEvent(failure)));
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

function errorEvent({ code, message }: SeedError): string {
  return `data: ${JSON.stringify({ error: { message, code } })}\n\n`;
}
