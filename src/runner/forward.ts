// Sends a guest's request on to the server: built anew from checked parts, with the task key attached. Nothing the
// guest wrote decides where it goes or as whom. While the server is away it is sent again as long as nothing of an
// answer was handed on; every write carries an Idempotency-Key, by which the server does it once.
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { pipeline } from 'node:stream/promises';
import { type Dispatcher, request as send } from 'undici';
import { limitBytes } from '../lib/limit-bytes.ts';
import { relayedRequestHeaders, relayedResponseHeaders } from '../lib/relay-headers.ts';
import { APPROVAL_HEADER } from '../protocol/approval-wait.ts';
import { SeedError } from '../protocol/errors.ts';
import { LIMITS } from '../protocol/limits.ts';
import { isAway, untilAborted, untilBack } from './patience.ts';
import { readBody } from './relay-bodies.ts';
import type { RelayRoute } from './relay-routes.ts';
import { errorIn } from './server-client.ts';

export interface Upstream {
  serverUrl: string;
  taskKey: string;
  dispatcher: Dispatcher;
  /**
   * Whether the task is another runner's by now, and with it the right to answer the guest. Missing: it cannot be.
   */
  isLost?: (() => Promise<boolean>) | undefined;
}

export interface Forwarding {
  /** Aborted when the guest closes its stream. */
  guestGone: AbortSignal;
  /** The server begins to answer. */
  onAnswer(): void;
  /** The server is away; the call waits. */
  onAway(error: SeedError): void;
  /** The model is not called before people have decided on more of a budget. Resolves when they have. */
  decided(approvalId: string): Promise<void>;
}

export interface GuestRequest {
  route: RelayRoute & { kind: 'forward' };
  headers: IncomingHttpHeaders;
}

const BODILESS_METHODS = new Set(['GET', 'DELETE']);
const BODILESS_STATUSES = new Set([204, 205, 304]);

/** What of a request is held in memory until it is answered: what it says of its length, or else the most. */
export function heldBytes({ route, headers }: GuestRequest): number {
  if (BODILESS_METHODS.has(route.method)) return 0;
  const length = headers['content-length'] ?? '';
  return Math.min(/^\d+$/.test(length) ? Number(length) : Infinity, LIMITS.guest.bodyBytes);
}

/**
 * Resolves when the answer was passed on whole. A guest that closes its stream aborts the call to the server.
 * @throws SeedError body_too_large; unreachable or unavailable, with nothing answered, when the server stayed away
 */
export async function forwardRequest(
  stream: ServerHttp2Stream,
  { route, headers }: GuestRequest,
  upstream: Upstream,
  { guestGone, onAnswer, onAway, decided }: Forwarding,
): Promise<void> {
  const isBodiless = BODILESS_METHODS.has(route.method);
  // Whatever comes all the same is not for the server, and must not look like a body that does not come.
  if (isBodiless) stream.resume();
  const kept = relayedRequestHeaders(headers);
  if (route.method !== 'GET' && !route.isCompletion) kept['idempotency-key'] ??= randomUUID();
  const request: ServerRequest = {
    url: upstream.serverUrl + route.target,
    method: route.method as Dispatcher.HttpMethod,
    headers: { ...kept, authorization: `Bearer ${upstream.taskKey}` },
    body: isBodiless ? null : await readBody(stream, LIMITS.guest.bodyBytes),
    isCompletion: route.isCompletion,
  };
  const ask = () => askAsTask(request, upstream, guestGone);
  const answered = () => untilBack(ask, { signal: guestGone, onAway });
  let answer = await answered();
  for (let id = budgetAsked(route, answer); id !== null; id = budgetAsked(route, answer)) {
    answer.drop();
    await decided(id);
    answer = await answered();
  }
  onAnswer();
  if (!stream.writable || stream.headersSent) return answer.drop();
  const bodiless = BODILESS_STATUSES.has(answer.status);
  stream.respond({ ':status': answer.status, ...relayedResponseHeaders(answer.headers) }, { endStream: bodiless });
  if (bodiless) answer.drop();
  else await pipeline(answer.content, limitBytes(LIMITS.guest.answerBytes), stream);
}

const BUDGET_EXCEEDED = 402;

/** The id of the approval that a call of the model waits for, and is then made again. */
function budgetAsked({ isCompletion }: GuestRequest['route'], { status, headers }: ServerAnswer): string | null {
  const id = headers[APPROVAL_HEADER];
  return isCompletion && status === BUDGET_EXCEEDED && typeof id === 'string' ? id : null;
}

export interface ServerRequest {
  url: string;
  method: Dispatcher.HttpMethod;
  headers: Record<string, string>;
  /** In memory, so that it can be sent again. */
  body: Buffer | null;
  /** An answer of unknown length is waited for until it has begun; it can be long until then. */
  isCompletion: boolean;
}

export interface ServerAnswer {
  status: number;
  headers: Dispatcher.ResponseData['headers'];
  /** The whole of it. It breaks off where the server broke off. */
  content: AsyncIterable<Buffer>;
  /** Lets go of what is left of it. */
  drop(): void;
}

/** An answer that is known not to be longer is there whole before any of it is handed on. */
const WHOLE_BYTES = 1024 * 1024;
/** Those of a proxy in between, and of a server that is away or works on the same request already. */
const PASSING_STATUSES = new Set([409, 502, 503, 504]);

const NOT_AUTHENTICATED = 401;

/**
 * The same with the task's key. Where that is refused because the task has another runner, its guest asks that
 * one: it is told nothing here. Rejects then when the signal is aborted.
 */
export async function askAsTask(
  request: ServerRequest,
  { dispatcher, isLost }: Upstream,
  signal: AbortSignal,
): Promise<ServerAnswer> {
  const answer = await askServer(request, dispatcher, signal);
  if (answer.status !== NOT_AUTHENTICATED || isLost === undefined || !(await isLost())) return answer;
  answer.drop();
  return untilAborted(signal);
}

/** @throws SeedError one that is away (patience.ts): there was no answer, it broke off, or it said so */
async function askServer(
  { url, isCompletion, ...request }: ServerRequest,
  dispatcher: Dispatcher,
  signal: AbortSignal,
): Promise<ServerAnswer> {
  // A model may think for minutes; the task's deadline ends what hangs.
  const options = { ...request, dispatcher, signal, headersTimeout: 0, bodyTimeout: 0 };
  const { statusCode: status, headers, body } = await send(url, options).catch(noAnswer);
  const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const isShort = status !== 200 || Number(headers['content-length']) <= WHOLE_BYTES;
  const wanted = isShort ? WHOLE_BYTES : Number(isCompletion);
  const begun = await firstOf(chunks, wanted).catch(noAnswer);
  const away = PASSING_STATUSES.has(status) ? awayIn(status, Buffer.concat(begun), headers) : null;
  if (away !== null) {
    body.destroy();
    throw away;
  }
  return { status, headers, content: wholeOf(begun, chunks), drop: () => body.destroy() };
}

function noAnswer(cause: Error): never {
  const hint = 'What was to be changed may have been changed all the same: look before you try again.';
  throw new SeedError('unreachable', `the server did not answer: ${cause.message}`, { hint, cause });
}

async function firstOf(chunks: AsyncIterator<Buffer>, bytes: number): Promise<Buffer[]> {
  const first: Buffer[] = [];
  for (let size = 0; size < bytes; ) {
    const { done, value } = await chunks.next();
    if (done) break;
    first.push(value);
    size += value.length;
  }
  return first;
}

async function* wholeOf(begun: Buffer[], rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield* begun;
  yield* { [Symbol.asyncIterator]: () => rest };
}

/** What the answer says of a server that is away; null when it is the answer. */
function awayIn(
  status: number,
  body: Buffer,
  { 'retry-after': retryAfter }: Dispatcher.ResponseData['headers'],
): SeedError | null {
  const said = errorIn(body.toString('utf8'));
  if (said === null) {
    // Seed's own errors say what they are.
    if (status === 409) return null;
    return new SeedError('unreachable', `the server did not answer: ${status} on the way to it`);
  }
  if (!isAway(said)) return null;
  const { code, message, hint } = said;
  const retryAfterSeconds = Number(retryAfter);
  const when = retryAfterSeconds > 0 && { retryAfterSeconds };
  return new SeedError(code, message, { ...(hint !== null && { hint }), ...when });
}
