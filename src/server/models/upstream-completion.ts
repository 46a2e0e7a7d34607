// One chat completion from the upstream: sends the request when its queue admits it, and makes the caller's answer
// of what comes back. The upstream's key is attached here and nowhere else.
import { setTimeout as sleep } from 'node:timers/promises';
import { retryAfterMs, sentAt } from '../../lib/retry-after.ts';
import type { SeedError } from '../../protocol/errors.ts';
import type { CallMeter } from './call-meter.ts';
import { type CallLimits, type CallSignal, createCallSignal, readText } from './call-signal.ts';
import { type ChatRequest, toUpstreamBody } from './chat-request.ts';
import { passThrough } from './pass-through.ts';
import type { Release } from './rate-limited-queue.ts';
import type { Upstream } from './upstream.ts';
import {
  connectionFailure,
  llmUnavailable,
  messageOf,
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

async function jsonAnswer(response: Response, call: CallSignal, options: UpstreamCompletion): Promise<Response> {
  const { upstream, meter } = options;
  const text = await wholeText(response, call, options);
  const json = parseObject(text);
  if (json === null) throw llmUnavailable('sent an answer that is not JSON');
  meter.answered(json);
  // Some upstreams report errors with status 200.
  if (!('choices' in json) || !Array.isArray(json.choices)) {
    if ('error' in json) meter.notServed();
    throw llmUnavailable(`sent no completion: ${presentable(messageOf(json) ?? text, secretsOf(upstream))}`);
  }
  meter.finished();
  call.close();
  await options.onEnd();
  return new Response(text, { headers: { 'content-type': 'application/json', 'cache-control': 'no-store' } });
}

/** What comes of an answer that breaks off, or never ends, counts as written: nobody can tell its parts. */
async function wholeText(
  response: Response,
  call: CallSignal,
  { limits, meter }: UpstreamCompletion,
): Promise<string> {
  const { answerBytes: maxBytes, idleMs } = limits;
  let received = 0;
  let whole = false;
  const onBytes = (bytes: number) => {
    received = bytes;
  };
  try {
    const { text, complete } = await readText(response, { call, maxBytes, idleMs, onBytes });
    if (!complete) throw llmUnavailable(`sent an answer of more than ${maxBytes} bytes`);
    whole = true;
    return text;
  } finally {
    if (!whole) meter.wrote(received);
  }
}

async function streamAnswer(
  response: Response,
  call: CallSignal,
  { limits, upstream, meter, onEnd, onFailure }: UpstreamCompletion,
): Promise<Response> {
  const type = response.headers.get('content-type') ?? '';
  if (response.body === null || !type.startsWith('text/event-stream')) {
    const { text } = await readText(response, { call, maxBytes: limits.lineBytes, idleMs: limits.idleMs });
    if (messageOf(parseObject(text)) !== null) meter.notServed();
    throw llmUnavailable(`sent no event stream: ${presentable(text, secretsOf(upstream))}`);
  }
  const stream = await passThrough({
    body: response.body,
    call,
    meter,
    limits,
    secrets: secretsOf(upstream),
    onEnd,
    onFailure: (error) => onFailure(error, detailOf(error, upstream)),
  });
  return new Response(stream, {
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' },
  });
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
    return request.stream
      ? await streamAnswer(response, call, options)
      : await jsonAnswer(response, call, options);
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
