// Reads an upstream's answer as standard pieces, whatever it sends: a stream of events or one JSON document. The
// meter is told of each as it comes. Called by upstream-completion.ts.
import { randomUUID } from 'node:crypto';
import { parseJson } from '../../lib/json.ts';
import type { CallMeter } from './call-meter.ts';
import type { CallLimits, CallSignal } from './call-signal.ts';
import { type AnswerPiece, writtenBytes } from './dialect/answer-piece.ts';
import { BadAnswer } from './dialect/bad-answer.ts';
import { createEventReader } from './dialect/event-stream.ts';
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

  const take = (pieces: AnswerPiece[], payload: string): boolean => {
    if (payload === '[DONE]') return true;
    const event = parseEvent(payload, secrets);
    meter.isWhole = events.isDocument;
    meter.answered(event);
    if ('error' in event && event.error) {
      if (!begun) meter.notServed();
      const said = presentable(messageOf(event) ?? payload, secrets);
      throw llmUnavailable(events.isDocument ? `sent no completion: ${said}` : `broke off: ${said}`);
    }
    if (!('choices' in event) && !begun && events.isDocument)
      throw llmUnavailable(`sent no completion: ${presentable(messageOf(event) ?? payload, secrets)}`);
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
    }
  };
  const end = (pieces: AnswerPiece[], done: boolean): true => {
    const last = normaliser.end({ done });
    if (last === null) throw llmUnavailable('ended its answer in the middle');
    meter.finished();
    give(pieces, last);
    return true;
  };

  return {
    head,
    async next(pieces) {
      try {
        const { done, value } = await call.within(limits.idleMs, 'more', bytes.read());
        for (const payload of done ? events.end() : events.push(value))
          if (take(pieces, payload)) return end(pieces, true);
        return done && end(pieces, false);
      } catch (error) {
        // Of a document that breaks off nobody can tell the parts.
        if (!begun && events.isDocument) meter.wrote(events.heldBytes);
        throw error instanceof BadAnswer ? llmUnavailable(error.message) : error;
      }
    },
    drain: () => call.within(CLOSING_MS, 'end', bytes.read()),
  };
}

function parseEvent(payload: string, secrets: readonly string[]): object {
  const fail = (cause?: Error) =>
    llmUnavailable(`sent something that is not JSON: ${presentable(payload, secrets)}`, { cause });
  const json = parseJson(payload, fail);
  if (typeof json === 'object' && json !== null) return json;
  throw fail();
}

/** What the first event says of the whole answer. */
function readHead(head: AnswerHead, event: object): void {
  const said = Object.entries(SaidOfAnswer.parse(event)).filter(([, value]) => value !== undefined);
  Object.assign(head, Object.fromEntries(said));
}

function saysNothing({ calls = [], ...piece }: AnswerPiece): boolean {
  return calls.length === 0 && Object.values(piece).every((value) => value === undefined || value === '');
}
