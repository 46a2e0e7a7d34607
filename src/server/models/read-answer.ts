// Reads an upstream's answer as standard pieces, whatever it sends: a stream of events or one JSON document. The
// meter is told of each as it comes. Called by upstream-completion.ts.
import { randomUUID } from 'node:crypto';
import type { CallMeter } from './call-meter.ts';
import type { CallLimits, CallSignal } from './call-signal.ts';
import { type AnswerPiece, writtenBytes } from './dialect/answer-piece.ts';
import { BadAnswer } from './dialect/bad-answer.ts';
import { createEventReader, type UpstreamEvent } from './dialect/event-stream.ts';
import type { Normaliser } from './dialect/normaliser.ts';
import { type AnswerHead, SaidOfAnswer } from './dialect/standard-stream.ts';
import { llmUnavailable, messageOf, presentable } from './upstream-failure.ts';

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
}

/** What an upstream may take between its last event and the end of the answer. */
const CLOSING_MS = 1_000;

export function readAnswer({ body, call, meter, limits, normaliser, secrets, model }: ReadAnswer): AnswerReader {
  const bytes = body.getReader();
  const events = createEventReader({ eventBytes: limits.lineBytes, documentBytes: limits.answerBytes });
  const head: AnswerHead = { id: `chatcmpl-${randomUUID()}`, created: Math.floor(Date.now() / 1000), model };
  let begun = false;
  let endedAt: number | null = null;
  /** What is still waited for when the answer counts as whole. */
  let reading: ReturnType<typeof bytes.read> | null = null;

  const take = (pieces: AnswerPiece[], { text, json, isLast }: UpstreamEvent): boolean => {
    if (isLast) return true;
    const event = objectOf(text, json, secrets);
    meter.answered(event);
    if ('error' in event && event.error) {
      if (!begun) meter.notServed();
      const said = presentable(messageOf(event) ?? text, secrets);
      throw llmUnavailable(events.isDocument ? `sent no completion: ${said}` : `broke off: ${said}`);
    }
    if (!('choices' in event) && !begun && events.isDocument)
      throw llmUnavailable(`sent no completion: ${presentable(messageOf(event) ?? text, secrets)}`);
    if (!begun) readHead(head, event);
    begun = true;
    give(pieces, normaliser.push(event));
    if (normaliser.hasEnded) meter.finished();
    return false;
  };
  const give = (pieces: AnswerPiece[], more: readonly AnswerPiece[]) => {
    for (const piece of more) {
      if (saysNothing(piece)) continue;
      meter.wrote(writtenBytes(piece));
      pieces.push(piece);
      endedAt = null;
    }
  };
  const end = (pieces: AnswerPiece[], done: boolean): true => {
    const last = normaliser.end({ done });
    if (last === null) throw llmUnavailable('ended its answer in the middle');
    meter.finished();
    give(pieces, last);
    return true;
  };

  /** The next bytes; null when an answer that has said why it ended says no more. */
  const read = async () => {
    const next = bytes.read();
    if (!normaliser.hasEnded) return await call.within(limits.idleMs, 'more', next);
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
  throw llmUnavailable(`sent something that is not JSON: ${presentable(text, secrets)}`);
}

/** What the first event says of the whole answer. */
function readHead(head: AnswerHead, event: object): void {
  const said = Object.entries(SaidOfAnswer.parse(event)).filter(([, value]) => value !== undefined);
  Object.assign(head, Object.fromEntries(said));
}

function saysNothing({ calls = [], ...piece }: AnswerPiece): boolean {
  return calls.length === 0 && Object.values(piece).every((value) => value === undefined || value === '');
}
