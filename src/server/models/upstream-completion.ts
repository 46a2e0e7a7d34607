// One chat completion from the upstream: sends the request when its queue admits it, and makes the caller's answer
// of what comes back. The upstream's key is attached here and nowhere else.
import { setTimeout as sleep } from 'node:timers/promises';
import { isRecord } from '../../lib/json.ts';
import { retryAfterMs, sentAt } from '../../lib/retry-after.ts';
import type { SeedError } from '../../protocol/errors.ts';
import { answerStream } from './answer-stream.ts';
import type { CallMeter } from './call-meter.ts';
import { type CallLimits, type CallSignal, createCallSignal, readText } from './call-signal.ts';
import { type ChatRequest, toUpstreamBody } from './chat-request.ts';
import type { AnswerPiece } from './dialect/answer-piece.ts';
import { createNormaliser } from './dialect/normaliser.ts';
import { completionOf } from './dialect/standard-stream.ts';
import type { Release } from './rate-limited-queue.ts';
import { readAnswer } from './read-answer.ts';
import type { Upstream } from './upstream.ts';
import {
  connectionFailure,
  llmUnavailable,
  neverArrived,
  parseObject,
  presentable,
  refusal,
  UpstreamFailure,
} from './upstream-failure.ts';

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
  /** Whether another model would be asked next: then this one is not waited for as long. */
  others: boolean;
  /** Resolves when a request may be made. */
  enterQueue(signal: AbortSignal): Promise<Release>;
}

export interface UpstreamCompletion
  extends Pick<UpstreamRequest, 'upstream' | 'meter' | 'limits' | 'fetch' | 'others' | 'enterQueue'> {
  model: string;
  /** How that model calls tools. */
  toolCalls: 'native' | 'text';
  signal: AbortSignal;
  /** What is left of the time for the whole call. */
  leftMs: number;
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
  const { upstream, model, meter, limits, onEnd, onFailure } = options;
  if (response.body === null) throw llmUnavailable('sent an empty answer');
  const normaliser = createNormaliser({ request, model, toolCalls: options.toolCalls });
  const secrets = secretsOf(upstream);
  const answer = readAnswer({ body: response.body, call, meter, limits, normaliser, secrets, model });
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

/** Throws llm_unavailable until the answer has begun; a stream that has begun ends with an error event. */
export async function completeUpstream(request: ChatRequest, options: UpstreamCompletion): Promise<Response> {
  const { upstream, signal } = options;
  const call = createCallSignal(signal, options.leftMs, options.limits.totalMs);
  try {
    const body = toUpstreamBody(request, options.model);
    const response = await requestUpstream({ ...options, body, call });
    return await answerOf(response, call, { ...options, request });
  } catch (cause) {
    const error = connectionFailure(call.signal.aborted ? call.signal.reason : cause, 'broke the connection');
    call.close();
    if (error.code === 'llm_unavailable') options.onFailure(error, detailOf(error, upstream));
    throw error;
  }
}

/**
 * The upstream's 2xx answer, its body unread; its slot is free again when the call ends.
 * Throws llm_unavailable for everything else, after at most one retry.
 */
async function requestUpstream(request: UpstreamRequest): Promise<Response> {
  const { call, limits } = request;
  try {
    return await sendWhenAdmitted(request);
  } catch (error) {
    const delayMs = retryDelayMs(error, limits);
    if (delayMs === null || call.signal.aborted) throw error;
    // A sleep that is aborted rejects with an error of its own; the reason says what happened.
    await sleep(delayMs, undefined, { signal: call.signal }).catch(() => call.signal.throwIfAborted());
    return await sendWhenAdmitted(request);
  }
}

async function sendWhenAdmitted(request: UpstreamRequest): Promise<Response> {
  const { signal } = request.call;
  const release = await request.enterQueue(signal);
  signal.addEventListener('abort', release, { once: true });
  try {
    const response = await send(request);
    if (response.ok) return response;
    throw await refused(response, request);
  } catch (error) {
    signal.removeEventListener('abort', release);
    release();
    throw connectionFailure(signal.aborted ? signal.reason : error, 'could not be reached');
  }
}

async function send(request: UpstreamRequest): Promise<Response> {
  const { upstream, body, call, meter, limits, fetch, others } = request;
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
    signal: call.signal,
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
  const afterMs = retryAfterMs(response.headers.get('retry-after'), sentAt(response.headers.get('date')));
  return refusal(response.status, text, secretsOf(upstream), afterMs);
}

/** Milliseconds to wait before the one retry, or null when there is to be none. */
function retryDelayMs(error: unknown, limits: CallLimits): number | null {
  if (!(error instanceof UpstreamFailure) || error.blames !== 'model') return null;
  const { upstreamStatus: status, retryAfterSeconds } = error;
  if (retryAfterSeconds !== null && (status === 429 || (status ?? 0) >= 500)) {
    return retryAfterSeconds * 1000 <= limits.retryAfterMs ? retryAfterSeconds * 1000 : null;
  }
  // Without a status there was no answer: connections break, most of all those kept from an earlier call.
  return status === null || status >= 500 ? limits.retryMs : null;
}
