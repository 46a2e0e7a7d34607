// One chat completion from the upstream: sends the request and makes the caller's answer of what comes back.
import type { SeedError } from '../../protocol/errors.ts';
import { type CallSignal, createCallSignal, readText } from './call-signal.ts';
import { type ChatRequest, toUpstreamBody } from './chat-request.ts';
import { passThrough } from './pass-through.ts';
import type { Upstream } from './upstream.ts';
import { connectionFailure, llmUnavailable, messageOf, parseObject, presentable } from './upstream-failure.ts';
import { requestUpstream, type UpstreamRequest } from './upstream-request.ts';

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
  try {
    const { text, complete } = await readText(response, {
      call,
      maxBytes,
      idleMs,
      onBytes: (bytes) => {
        received = bytes;
      },
    });
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

/**
 * Throws llm_unavailable as long as the answer has not begun; a stream that has begun ends with an error event.
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
