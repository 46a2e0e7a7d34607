// Sends one chat completion request to the upstream, when its queue admits it. The upstream's key is attached here
// and nowhere else.
import { setTimeout as sleep } from 'node:timers/promises';
import { retryAfterMs, sentAt } from '../../lib/retry-after.ts';
import type { CallMeter } from './call-meter.ts';
import { type CallLimits, type CallSignal, readText } from './call-signal.ts';
import type { Release } from './rate-limited-queue.ts';
import type { Upstream } from './upstream.ts';
import { connectionFailure, neverArrived, parseObject, refusal, UpstreamFailure } from './upstream-failure.ts';

/** How much of an error's body is read for its message. */
const ERROR_BODY_BYTES = 64 * 1024;

export interface UpstreamRequest {
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

/**
 * The upstream's 2xx answer, its body unread; its slot is free again when the call ends.
 * Throws llm_unavailable for everything else, after at most one retry.
 */
export async function requestUpstream(request: UpstreamRequest): Promise<Response> {
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
  return refusal(response.status, text, upstream.apiKey === null ? [] : [upstream.apiKey], afterMs);
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
