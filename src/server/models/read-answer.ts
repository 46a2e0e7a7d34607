// Reads an upstream's answer as standard pieces, whatever it sends: a stream of events or one JSON document. The
// meter is told of each as it comes. Called by upstream-completion.ts.
import { randomUUID } from 'node:crypto';
import type { CallMeter } from './call-meter.ts';
import type { CallLimits, CallSignal } from './call-signal.ts';
import { type AnswerPiece, type Normaliser, writtenBytes } from './dialect/answer-piece.ts';
import { BadAnswer } from './dialect/bad-answer.ts';
import { createEventReader, type UpstreamEvent } from './dialect/event-stream.ts';
import { readableText } from './dialect/said-error.ts';
import { type AnswerHead, SaidOfAnswer } from './dialect/standard-stream.ts';
import { llmUnavailable, presentable } from './upstream-failure.ts';
import { failureIn } from './upstream-refusal.ts';

export interface AnswerReader {
  /** Of what has come so far. */
  readonly head: AnswerHead;
  /**
   * Adds what comes next to `pieces`; true when nothing follows. What came before something bad is kept.
   * @throws UpstreamFailure for an error of the upstream, for half an answer and for what is none
   */
  next(pieces: AnswerPiece[]): Promise<boolean>;
  /** Reads the end of a finished answer, so that its connection can be used again. */
  drain(): Promise<unknown>;
}

interface ReadAnswer {
  body: ReadableStream<Uint8Array>;
  call: CallSignal;
  meter: CallMeter;
  limits: CallLimits;
  normaliser: Normaliser;
  /** Values that must not show in an error. */
  secrets: readonly string[];
  /** The model that is asked. */
  model: string;
  /** Whether another model would be asked next: then the first event is not waited for as long. */
  others: boolean;
}

/** What an upstream may take between its last event and the end of the answer. */
const CLOSING_MS = 1_000;

export function readAnswer(options: ReadAnswer): AnswerReader {
  const { body, call, meter, limits, normaliser, secrets, model, others } = options;
  const bytes = body.getReader();
  const events = createEventReader({ eventBytes: limits.lineBytes, documentBytes: limits.answerBytes });
  const head: AnswerHead = { id: `chatcmpl-${randomUUID()}`, created: Math.floor(Date.now() / 1000), model };
  const startedAt = performance.now();
  let begun = false;
  /** Bytes in the pieces so far, and those that the meter was told of. */
  let given = 0;
  let counted = 0;
  let endedAt: number | null = null;
  /** What is still waited for when the answer counts as whole. */
  let reading: ReturnType<typeof bytes.read> | null = null;

  /**
   * Waits for bytes. Until the first event comments are signs of life, for as long as the call may last, or until
   * another model is to be asked.
   */
  const waitFor = (next: ReturnType<typeof bytes.read>) => {
    if (begun || events.heldBytes > 0) return call.within(limits.idleMs, 'more', next);
    if (!others) return call.within(limits.answerMs, 'event', next);
    const { answerWithOthersMs: silenceMs, firstEventWithOthersMs: mostMs } = limits;
    const leftMs = Math.max(0, startedAt + mostMs - performance.now());
    if (silenceMs <= leftMs) return call.within(silenceMs, 'event', next);
    return call.within(leftMs, 'event', next, mostMs);
  };

  const take = (pieces: AnswerPiece[], received: UpstreamEvent): boolean => {
    const { text, json, isLast } = received;
    if (isLast) return true;
    meter.isWhole = events.isDocument;
    if (typeof json === 'object' && json !== null) meter.answered(json);
    const failure = failureIn(received, { secrets, isDocument: events.isDocument });
    if (failure !== null) {
      if (!begun) meter.notServed();
      throw failure;
    }
    const event = objectOf(text, json, secrets);
    if (!('choices' in event) && !begun && events.isDocument)
      throw llmUnavailable(`sent no completion: ${presentable(text, secrets)}`);
    if (!begun) readHead(head, event);
    begun = true;
    give(pieces, normaliser.push(event));
    countWritten();
    if (normaliser.hasEnded) meter.finished();
    return false;
  };
  // What is held is written, too: an answer that breaks off is paid for.
  const countWritten = () => {
    const written = given + normaliser.heldBytes;
    if (written > limits.answerBytes)
      throw llmUnavailable(`sent an answer of more than ${limits.answerBytes} bytes`);
    if (written > counted) meter.wrote(written - counted);
    counted = Math.max(counted, written);
  };
  const give = (pieces: AnswerPiece[], more: readonly AnswerPiece[]) => {
    for (const piece of more) {
      if (saysNothing(piece)) continue;
      given += writtenBytes(piece);
      pieces.push(piece);
      endedAt = null;
    }
  };
  const end = (pieces: AnswerPiece[], done: boolean): true => {
    const last = normaliser.end({ done });
    if (last === null) throw llmUnavailable('ended its answer in the middle');
    meter.finished();
    give(pieces, last);
    countWritten();
    return true;
  };

  /** The next bytes; null when an answer that has said why it ended says no more. */
  const read = async () => {
    const next = bytes.read();
    if (!normaliser.hasEnded) return await waitFor(next);
    endedAt ??= performance.now();
    const came = await inTime(
      Math.min(limits.endedIdleMs, endedAt + limits.endedMs - performance.now()),
      next,
    ).catch(() => null);
    if (came !== null) return came;
    reading = next;
    // Whoever ends the call ends it, too.
    next.catch(() => undefined);
    return null;
  };

  return {
    head,
    async next(pieces) {
      try {
        const came = await read();
        if (came === null) return end(pieces, true);
        const { done, value } = came;
        for (const event of done ? events.end() : events.push(value))
          if (take(pieces, event)) return end(pieces, true);
        return done && end(pieces, false);
      } catch (error) {
        // Of a document that breaks off nobody can tell the parts.
        if (!begun && events.isDocument) meter.wrote(events.heldBytes);
        throw error instanceof BadAnswer ? llmUnavailable(error.message) : error;
      }
    },
    drain: () => call.within(CLOSING_MS, 'end', reading ?? bytes.read()),
  };
}

/** Null when nothing came in time. The promise goes on. */
async function inTime<T>(ms: number, promise: Promise<T>): Promise<T | null> {
  const { promise: late, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(resolve, ms, null);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function objectOf(text: string, json: unknown, secrets: readonly string[]): object {
  if (typeof json === 'object' && json !== null) return json;
  throw llmUnavailable(`sent something that is not JSON: ${presentable(readableText(text), secrets)}`);
}

/** What the first event says of the whole answer. */
function readHead(head: AnswerHead, event: object): void {
  const said = Object.entries(SaidOfAnswer.parse(event)).filter(([, value]) => value !== undefined);
  Object.assign(head, Object.fromEntries(said));
}

function saysNothing({ calls = [], ...piece }: AnswerPiece): boolean {
  return calls.length === 0 && Object.values(piece).every((value) => value === undefined || value === '');
}
