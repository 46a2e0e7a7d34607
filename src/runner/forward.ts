// Sends a guest's request on to the server: built anew from checked parts, with the task key attached, and streamed both
// ways. Nothing that the guest wrote decides where it goes or as whom.
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { pipeline } from 'node:stream/promises';
import { type Dispatcher, request } from 'undici';
import { limitBytes } from '../lib/limit-bytes.ts';
import { SeedError } from '../protocol/errors.ts';
import { FORWARDED_REQUEST_HEADERS, isForwardedResponseHeader } from '../protocol/guest-wire.ts';
import { LIMITS } from '../protocol/limits.ts';

export interface Upstream {
  serverUrl: string;
  taskKey: string;
  dispatcher: Dispatcher;
}

export interface GuestRequest {
  method: string;
  /** Checked path and query. */
  target: string;
  headers: IncomingHttpHeaders;
}

const BODILESS_METHODS = new Set(['GET', 'DELETE']);
const BODILESS_STATUSES = new Set([204, 205, 304]);
/** Every server reads these bytes the same way. */
const PLAIN_VALUE = /^[\x20-\x7e]{1,1000}$/;

/**
 * Resolves when the answer was passed on whole. When the guest closes its stream the call to the server is aborted.
 * @param guestGone aborted when the guest closes its stream
 * @param onAnswer called when the server begins to answer
 * @throws SeedError unreachable or body_too_large, when nothing was answered yet
 */
export async function forwardRequest(
  stream: ServerHttp2Stream,
  { method, target, headers }: GuestRequest,
  upstream: Upstream,
  guestGone: AbortSignal,
  onAnswer: () => void,
): Promise<void> {
  const body = BODILESS_METHODS.has(method) ? null : stream.pipe(limitBytes(LIMITS.guest.bodyBytes));
  const response = await request(upstream.serverUrl + target, {
    method: method as Dispatcher.HttpMethod,
    dispatcher: upstream.dispatcher,
    headers: { ...requestHeaders(headers), authorization: `Bearer ${upstream.taskKey}` },
    body,
    signal: guestGone,
    // A model may think for minutes; the task's deadline ends what hangs.
    headersTimeout: 0,
    bodyTimeout: 0,
  }).catch((cause: Error) => {
    if (cause instanceof SeedError) throw cause;
    throw new SeedError('unreachable', `the server did not answer: ${cause.message}`, { cause });
  });
  onAnswer();
  const bodiless = BODILESS_STATUSES.has(response.statusCode);
  if (!stream.writable || stream.headersSent) {
    response.body.destroy();
    return;
  }
  stream.respond(
    { ':status': response.statusCode, ...responseHeaders(response.headers) },
    { endStream: bodiless },
  );
  if (bodiless) await response.body.dump();
  else await pipeline(response.body, limitBytes(LIMITS.guest.answerBytes), stream);
}

function requestHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of FORWARDED_REQUEST_HEADERS) {
    const value = headers[name];
    if (typeof value === 'string' && PLAIN_VALUE.test(value)) kept[name] = value;
  }
  return kept;
}

function responseHeaders(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string' && isForwardedResponseHeader(name)) kept[name] = value;
  }
  return kept;
}
