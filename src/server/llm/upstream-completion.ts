// One chat completion from the upstream: sends the request and makes the caller's answer of what comes back.
import type { SeedError } from '../../protocol/errors.ts';
import { type CallSignal, createCallSignal } from './call-signal.ts';
import { type ChatRequest, toUpstreamBody } from './chat-request.ts';
import { passThrough } from './pass-through.ts';
import { readText } from './read-text.ts';
import type { Upstream } from './upstream.ts';
import { connectionFailure, llmUnavailable, messageOf, presentable } from './upstream-failure.ts';
import { requestUpstream, type UpstreamRequest } from './upstream-request.ts';
import { type TokenUsage, usageOf } from './usage.ts';

export interface UpstreamCompletion
  extends Pick<UpstreamRequest, 'upstream' | 'limits' | 'fetch' | 'others' | 'takeTurn'> {
  model: string;
  signal: AbortSignal;
  /** What is left of the time for the whole call. */
  leftMs: number;
  /** Called when the answer is complete, or has broken off after its beginning. Must not reject. */
  onUsage(usage: TokenUsage | null): Promise<void>;
  /** @param detail what lies behind the error, for the operator */
  onFailure(error: SeedError, detail: string): void;
}

function secretsOf(upstream: Upstream): string[] {
  return upstream.apiKey === null ? [] : [upstream.apiKey];
}

function parseAnswer(text: string): object {
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null) return json;
  } catch (error) {
    throw llmUnavailable('sent an answer that is not JSON', { cause: error });
  }
  throw llmUnavailable('sent an answer that is not a JSON object');
}

async function jsonAnswer(
  response: Response,
  call: CallSignal,
  options: UpstreamCompletion,
): Promise<Response> {
  const { limits, upstream } = options;
  const { text, complete } = await readText(response, limits.answerBytes, call, limits.idleMs);
  if (!complete) throw llmUnavailable(`sent an answer of more than ${limits.answerBytes} bytes`);
  const json = parseAnswer(text);
  // Some upstreams report errors with status 200.
  if (!('choices' in json) || !Array.isArray(json.choices)) {
    const said = presentable(messageOf(json) ?? text, secretsOf(upstream));
    throw llmUnavailable(`sent no completion: ${said}`, { usage: usageOf(json) });
  }
  call.close();
  await options.onUsage(usageOf(json));
  return new Response(text, { headers: { 'content-type': 'application/json', 'cache-control': 'no-store' } });
}

async function streamAnswer(
  response: Response,
  call: CallSignal,
  { limits, upstream, onUsage, onFailure }: UpstreamCompletion,
): Promise<Response> {
  const type = response.headers.get('content-type') ?? '';
  if (response.body === null || !type.startsWith('text/event-stream')) {
    const { text } = await readText(response, limits.lineBytes, call, limits.idleMs);
    throw llmUnavailable(`sent no event stream: ${presentable(text, secretsOf(upstream))}`);
  }
  const stream = await passThrough({
    body: response.body,
    call,
    limits,
    secrets: secretsOf(upstream),
    onEnd: onUsage,
    onFailure: (error) => onFailure(error, detailOf(error, upstream)),
  });
  return new Response(stream, {
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' },
  });
}

/** The chain of causes in one line. */
function detailOf(error: SeedError, upstream: Upstream): string {
  const messages: string[] = [];
  for (let cause: unknown = error.cause; cause instanceof Error; cause = cause.cause)
    messages.push(cause.message);
  return presentable(messages.join(': '), secretsOf(upstream));
}

/**
 * Throws llm_unavailable as long as the answer has not begun, with what the upstream says it used; a stream that has begun
 * ends with an error event.
 */
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
