// Sends a guest's request on to the server: built anew from checked parts, with the task key attached. Nothing that the guest
// wrote decides where it goes or as whom. While the server is away the call waits: it is sent again as long as nothing of an
// answer was handed on, and every write carries an Idempotency-Key, by which the server does it once.
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { pipeline } from 'node:stream/promises';
import type { Dispatcher } from 'undici';
import { limitBytes } from '../lib/limit-bytes.ts';
import type { SeedError } from '../protocol/errors.ts';
import { FORWARDED_REQUEST_HEADERS, isForwardedResponseHeader } from '../protocol/guest-wire.ts';
import { LIMITS } from '../protocol/limits.ts';
import { askServer, type ServerRequest } from './ask-server.ts';
import { readBody } from './relay-body.ts';
import type { RelayRoute } from './relay-routes.ts';
import { untilBack } from './until-back.ts';

export interface Upstream {
  serverUrl: string;
  taskKey: string;
  dispatcher: Dispatcher;
}

export interface Forwarding {
  /** Aborted when the guest closes its stream. */
  guestGone: AbortSignal;
  /** The server begins to answer. */
  onAnswer(): void;
  /** The server is away; the call waits. */
  onAway(error: SeedError): void;
}

export interface GuestRequest {
  route: RelayRoute & { kind: 'forward' };
  headers: IncomingHttpHeaders;
}

const BODILESS_METHODS = new Set(['GET', 'DELETE']);
const BODILESS_STATUSES = new Set([204, 205, 304]);
/** Every server reads these bytes the same way. */
const PLAIN_VALUE = /^[\x20-\x7e]{1,1000}$/;

/** What of a request is held in memory while it waits for its answer: what it says of its length, or else the most. */
export function heldBytes({ route, headers }: GuestRequest): number {
  if (BODILESS_METHODS.has(route.method)) return 0;
  const length = headers['content-length'] ?? '';
  return Math.min(/^\d+$/.test(length) ? Number(length) : Infinity, LIMITS.guest.bodyBytes);
}

/**
 * Resolves when the answer was passed on whole. When the guest closes its stream the call to the server is aborted.
 * @throws SeedError body_too_large, and unreachable or unavailable when the server was away for too long; nothing was answered then
 */
export async function forwardRequest(
  stream: ServerHttp2Stream,
  { route, headers }: GuestRequest,
  upstream: Upstream,
  { guestGone, onAnswer, onAway }: Forwarding,
): Promise<void> {
  const isBodiless = BODILESS_METHODS.has(route.method);
  // Whatever comes all the same is not for the server, and must not look like a body that does not come.
  if (isBodiless) stream.resume();
  const request: ServerRequest = {
    url: upstream.serverUrl + route.target,
    method: route.method as Dispatcher.HttpMethod,
    headers: { ...requestHeaders(route, headers), authorization: `Bearer ${upstream.taskKey}` },
    body: isBodiless ? null : await readBody(stream, LIMITS.guest.bodyBytes),
    isCompletion: route.isCompletion,
  };
  const ask = () => askServer(request, upstream.dispatcher, guestGone);
  const answer = await untilBack(ask, { signal: guestGone, onAway });
  onAnswer();
  if (!stream.writable || stream.headersSent) return answer.drop();
  const bodiless = BODILESS_STATUSES.has(answer.status);
  stream.respond({ ':status': answer.status, ...responseHeaders(answer.headers) }, { endStream: bodiless });
  if (bodiless) answer.drop();
  else await pipeline(answer.content, limitBytes(LIMITS.guest.answerBytes), stream);
}

function requestHeaders(
  { method, isCompletion }: GuestRequest['route'],
  headers: IncomingHttpHeaders,
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of FORWARDED_REQUEST_HEADERS) {
    const value = headers[name];
    if (typeof value === 'string' && PLAIN_VALUE.test(value)) kept[name] = value;
  }
  if (method !== 'GET' && !isCompletion) kept['idempotency-key'] ??= randomUUID();
  return kept;
}

function responseHeaders(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string' && isForwardedResponseHeader(name)) kept[name] = value;
  }
  return kept;
}
