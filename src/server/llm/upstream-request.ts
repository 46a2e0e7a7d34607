// Sends one chat completion request to the upstream. The upstream's key is attached here and nowhere else.
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallLimits } from './call-limits.ts';
import type { CallSignal } from './call-signal.ts';
import { readText } from './read-text.ts';
import type { Upstream } from './upstream.ts';
import { connectionFailure, refusal } from './upstream-failure.ts';

/** How much of an error's body is read for its message. */
const ERROR_BODY_BYTES = 64 * 1024;

export interface UpstreamRequest {
  upstream: Upstream;
  body: Record<string, unknown>;
  call: CallSignal;
  limits: CallLimits;
  fetch: typeof fetch;
}

async function send({ upstream, body, call, limits, fetch }: UpstreamRequest): Promise<Response> {
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
  return await call.within(limits.answerMs, 'answer', sent);
}

/** Milliseconds to wait before the one retry, or null when there is to be none. */
function retryDelayMs(response: Response, maxMs: number): number | null {
  const header = response.headers.get('retry-after');
  if (response.status !== 429 || header === null) return null;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) && ms <= maxMs ? Math.max(0, ms) : null;
}

/** The upstream's 2xx answer, its body unread. Throws llm_unavailable for everything else, after at most one retry of a 429. */
export async function requestUpstream(request: UpstreamRequest): Promise<Response> {
  const { upstream, call, limits } = request;
  try {
    let response = await send(request);
    const delayMs = retryDelayMs(response, limits.retryAfterMs);
    if (delayMs !== null) {
      await response.body?.cancel();
      await sleep(delayMs, undefined, { signal: call.signal });
      response = await send(request);
    }
    if (response.ok) return response;
    const { text } = await call.within(limits.idleMs, 'more', readText(response, ERROR_BODY_BYTES));
    throw refusal(response.status, text, upstream.apiKey === null ? [] : [upstream.apiKey]);
  } catch (error) {
    // A sleep that is aborted rejects with an error of its own; the reason says what happened.
    throw connectionFailure(call.signal.aborted ? call.signal.reason : error, 'could not be reached');
  }
}
