// Sends a guest's request on to the server: built anew from checked parts, as the task. Nothing the guest wrote
// decides where it goes or as whom. While the server is away it is sent again as long as nothing of an answer was
// handed on; every write carries an Idempotency-Key, by which the server does it once. Used by relay.ts.
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { relayedRequestHeaders, relayedResponseHeaders } from '../lib/relay-headers.ts';
import { APPROVAL_HEADER } from '../protocol/approval-wait.ts';
import type { SeedError } from '../protocol/errors.ts';
import { LIMITS } from '../protocol/limits.ts';
import { readBody } from './bodies.ts';
import type { GuestRequest } from './guest-request.ts';
import { untilBack } from './patience.ts';
import type { RelayRoute } from './routes.ts';
import type { ServerAnswer, ServerRequest } from './server-answer.ts';

/** The server, asked as the task. */
export interface Upstream {
  /** @throws SeedError one that is away (patience.ts): there was no answer, it broke off, or it said so */
  ask(request: ServerRequest, signal: AbortSignal): Promise<ServerAnswer>;
  /**
   * Whether the task is another runner's by now, and with it the right to answer the guest. Missing: it cannot be.
   */
  isLost?: (() => Promise<boolean>) | undefined;
}

export interface Forwarding {
  /** The server begins to answer. */
  onAnswer(): void;
  /** The server is away; the call waits. */
  onAway(error: SeedError): void;
  /** The model is not called before people have decided on more of a budget. Resolves when they have. */
  decided(approvalId: string): Promise<void>;
}

export type ForwardRoute = RelayRoute & { kind: 'forward' };

const BODILESS_METHODS = new Set(['GET', 'DELETE']);
const BODILESS_STATUSES = new Set([204, 205, 304]);

/** What of a request is held in memory until it is answered: what it says of its length, or else the most. */
export function heldBytes({ method }: ForwardRoute, headers: IncomingHttpHeaders): number {
  if (BODILESS_METHODS.has(method)) return 0;
  const length = headers['content-length'] ?? '';
  return Math.min(/^\d+$/.test(length) ? Number(length) : Infinity, LIMITS.guest.bodyBytes);
}

/**
 * Resolves when the answer was passed on whole. A guest that gives its request up aborts the call to the server.
 * @throws SeedError body_too_large; unreachable or unavailable, with nothing answered, when the server stayed away
 */
export async function forwardRequest(
  guest: GuestRequest,
  route: ForwardRoute,
  upstream: Upstream,
  { onAnswer, onAway, decided }: Forwarding,
): Promise<void> {
  const isBodiless = BODILESS_METHODS.has(route.method);
  // Whatever comes all the same is not for the server, and must not look like a body that does not come.
  if (isBodiless) guest.body.resume();
  const headers = relayedRequestHeaders(guest.headers);
  if (route.method !== 'GET' && !route.isCompletion) headers['idempotency-key'] ??= randomUUID();
  const request: ServerRequest = {
    target: route.target,
    method: route.method,
    headers,
    body: isBodiless ? null : await readBody(guest.body, LIMITS.guest.bodyBytes),
    isCompletion: route.isCompletion,
  };
  const ask = () => upstream.ask(request, guest.gone);
  const answered = () => untilBack(ask, { signal: guest.gone, onAway });
  let answer = await answered();
  for (let id = budgetAsked(route, answer); id !== null; id = budgetAsked(route, answer)) {
    answer.drop();
    await decided(id);
    answer = await answered();
  }
  onAnswer();
  const { status, content: chunks, drop } = answer;
  const isEmpty = BODILESS_STATUSES.has(status);
  if (isEmpty) drop();
  await guest.send({
    status,
    headers: relayedResponseHeaders(answer.headers),
    content: isEmpty ? null : { chunks, mostBytes: LIMITS.guest.answerBytes, drop },
  });
}

const BUDGET_EXCEEDED = 402;

/** The id of the approval that a call of the model waits for, and is then made again. */
function budgetAsked({ isCompletion }: ForwardRoute, { status, headers }: ServerAnswer): string | null {
  const id = headers[APPROVAL_HEADER];
  return isCompletion && status === BUDGET_EXCEEDED && typeof id === 'string' ? id : null;
}
