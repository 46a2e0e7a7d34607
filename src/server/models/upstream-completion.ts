// One chat completion from the upstream: sends the request when its queue admits it, and makes the caller's answer
// of what comes back. The upstream's key is attached here and nowhere else.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Leave } from '../../lib/counted-slots.ts';
import { isRecord } from '../../lib/json.ts';
import type { SeedError } from '../../protocol/errors.ts';
import { answerStream } from './answer-stream.ts';
import type { CallMeter } from './call-meter.ts';
import { type CallLimits, type CallSignal, createCallSignal, readText } from './call-signal.ts';
import { type ChatRequest, toUpstreamBody } from './chat-request.ts';
import type { AnswerPiece } from './dialect/answer-piece.ts';
import { createNormaliser } from './dialect/normaliser.ts';
import { completionOf } from './dialect/standard-stream.ts';
import { readAnswer } from './read-answer.ts';
import type { Upstream } from './upstream.ts';
import {
  connectionFailure,
  llmUnavailable,
  neverArrived,
  parseObject,
  presentable,
  UpstreamFailure,
} from './upstream-failure.ts';
import { refusalOf } from './upstream-refusal.ts';
import { createWaiting } from './waiting.ts';

/** How much of an error's body is read for its message. */
const ERROR_BODY_BYTES = 64 * 1024;

interface UpstreamRequest {
  upstream: Upstream;
  body: Record<string, unknown>;
  call: CallSignal;
  /** Told of every request that the upstream may have served. */
  meter: CallMeter;
  limits: CallLimits;
  fetch: typeof fetch;
  /** Whether another model would be asked next: then this one may not be silent for as long. */
  others: boolean;
  /** Resolves when a request may be made. */
  enterQueue(signal: AbortSignal): Promise<Leave>;
}

export interface UpstreamCompletion
  extends Pick<UpstreamRequest, 'upstream' | 'meter' | 'limits' | 'fetch' | 'others' | 'enterQueue'> {
  model: string;
  /** How that model calls tools. */
  toolCalls: 'native' | 'text';
  signal: AbortSignal;
  /** Whether to wait until it can answer. */
  patient: boolean;
  /** What it said, when the call has to wait for it first. */
  after: UpstreamFailure | null;
  /** What is left of the time for the whole call. */
  leftMs: number;
  /** What is left of the task's. */
  taskLeftMs: number;
  /** Called before a wait that a person would notice. */
  onWait(failure: UpstreamFailure, pauseMs: number): void;
  /** Called when the answer is complete, or has broken off after its beginning. Must not reject. */
  onEnd(): Promise<void>;
  /** @param detail what lies behind the error, for the operator */
  onFailure(error: SeedError, detail: string): void;
}

function secretsOf(upstream: Upstream): string[] {
  return upstream.apiKey === null ? [] : [upstream.apiKey];
}

/** What the upstream sent, as the caller asked for it. */
async function answerOf(
  response: Response,
  call: CallSignal,
  { request, ...options }: UpstreamCompletion & { request: ChatRequest },
): Promise<Response> {
  const { upstream, model, meter, limits, others, onEnd, onFailure } = options;
  if (response.body === null) throw llmUnavailable('sent an empty answer');
  const normaliser = createNormaliser({ request, model, toolCalls: options.toolCalls });
  const secrets = secretsOf(upstream);
  const answer = readAnswer({ body: response.body, call, meter, limits, normaliser, secrets, model, others });
  if (request.stream) {
    const stream = await answerStream({
      answer,
      call,
      meter,
      includeUsage: wantsUsage(request),
      onEnd,
      onFailure: (error) => onFailure(error, detailOf(error, upstream)),
    });
    return new Response(stream, { headers: { 'content-type': STREAM_TYPE, 'cache-control': 'no-store' } });
  }
  const pieces: AnswerPiece[] = [];
  while (!(await answer.next(pieces)));
  call.close();
  await onEnd();
  return Response.json(completionOf(answer.head, pieces, meter.usage), {
    headers: { 'cache-control': 'no-store' },
  });
}

const STREAM_TYPE = 'text/event-stream; charset=utf-8';

/** Whoever says nothing of it is told, too. */
function wantsUsage({ stream_options: options }: ChatRequest): boolean {
  return !isRecord(options) || options['include_usage'] !== false;
}

/** The chain of causes in one line. */
function detailOf(error: SeedError, upstream: Upstream): string {
  const messages: string[] = [];
  for (let cause: unknown = error.cause; cause instanceof Error; cause = cause.cause) messages.push(cause.message);
  return presentable(messages.join(': '), secretsOf(upstream));
}

/** Throws an UpstreamFailure until the answer has begun; a stream that has begun ends with an error event. */
export async function completeUpstream(request: ChatRequest, options: UpstreamCompletion): Promise<Response> {
  const { upstream, signal, limits } = options;
  const call = createCallSignal(signal, options.leftMs, limits.totalMs);
  const pauseBefore = pauses(options, call);
  try {
    if (options.after !== null) await pauseBefore(options.after);
    const body = toUpstreamBody(request, options.model);
    for (;;) {
      const attempt: Attempt = { ...options, request, body, call, stop: new AbortController(), isAnswered: false };
      try {
        return await tryOnce(attempt);
      } catch (error) {
        await pauseBefore(error, attempt.isAnswered);
      }
    }
  } catch (cause) {
    const error = connectionFailure(call.signal.aborted ? call.signal.reason : cause, 'broke the connection');
    call.close();
    if (error instanceof UpstreamFailure) options.onFailure(error, detailOf(error, upstream));
    throw error;
  }
}

/** A pause that a person would notice. */
const NOTICED_MS = 1_000;

/** Resolves when the model is to be asked once more. Throws the failure when it is not. */
function pauses({ limits, patient, leftMs, taskLeftMs, onWait }: UpstreamCompletion, call: CallSignal) {
  const startedAt = performance.now();
  const waiting = createWaiting({ limits, patient });
  return async (failure: unknown, isAnswered = true): Promise<void> => {
    const goneMs = performance.now() - startedAt;
    const left = { callMs: leftMs - goneMs, taskMs: taskLeftMs - goneMs };
    const pauseMs = waiting.pauseAfter(failure, { ...left, isAnswered });
    if (pauseMs === null || call.signal.aborted) throw failure;
    if (pauseMs >= NOTICED_MS && failure instanceof UpstreamFailure) onWait(failure, pauseMs);
    // A sleep that is aborted rejects with an error of its own; the reason says what happened.
    await sleep(pauseMs, undefined, { signal: call.signal }).catch(() => call.signal.throwIfAborted());
  };
}

type Attempt = UpstreamCompletion &
  UpstreamRequest & {
    request: ChatRequest;
    /** Lets go of an answer that is of no use. */
    stop: AbortController;
    /** Whether an answer had begun to come, good or bad: it may have been served. */
    isAnswered: boolean;
  };

/** One request when its queue admits it; its slot is free again when it fails, or the call ends. */
async function tryOnce(attempt: Attempt): Promise<Response> {
  const { signal } = attempt.call;
  const release = await attempt.enterQueue(signal);
  signal.addEventListener('abort', release, { once: true });
  try {
    const response = await send(attempt);
    if (!response.ok) throw await refused(response, attempt);
    attempt.isAnswered = true;
    return await answerOf(response, attempt.call, attempt);
  } catch (error) {
    signal.removeEventListener('abort', release);
    release();
    attempt.stop.abort();
    const doing = attempt.isAnswered ? 'broke the connection' : 'could not be reached';
    throw connectionFailure(signal.aborted ? signal.reason : error, doing);
  }
}

async function send(request: Attempt): Promise<Response> {
  const { upstream, body, call, meter, limits, fetch, others, stop } = request;
  call.signal.throwIfAborted();
  meter.sent();
  const sent = fetch(`${upstream.baseUrl}/chat/completions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: body['stream'] ? 'text/event-stream' : 'application/json',
      // Compression would hold back the small chunks of a stream.
      'accept-encoding': 'identity',
      'user-agent': 'seed',
      ...(upstream.apiKey === null ? {} : { authorization: `Bearer ${upstream.apiKey}` }),
    },
    body: JSON.stringify(body),
    // A redirect would take the key and the conversation to an address nobody has set.
    redirect: 'manual',
    signal: AbortSignal.any([call.signal, stop.signal]),
  });
  try {
    return await call.within(others ? limits.answerWithOthersMs : limits.answerMs, 'answer', sent);
  } catch (error) {
    if (neverArrived(error)) meter.notServed();
    throw error;
  }
}

async function refused(
  response: Response,
  { upstream, call, meter, limits }: UpstreamRequest,
): Promise<UpstreamFailure> {
  meter.notServed();
  const { text } = await readText(response, { call, maxBytes: ERROR_BODY_BYTES, idleMs: limits.idleMs });
  meter.answered(parseObject(text) ?? {});
  return refusalOf(response, text, secretsOf(upstream));
}
