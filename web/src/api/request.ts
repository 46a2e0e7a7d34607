// An HTTP request to this Seed with the session's cookie, the session, and whether Seed can be reached at all.
import { useSyncExternalStore } from 'react';
import { ERROR_STATUS, type ErrorBody, type ErrorCode, SeedError } from '../../../src/protocol/errors.ts';
import { BASE_PATH } from './base-path.ts';
import { createStore } from './store.ts';

/** An error that people are shown: what happened, what to do, and the request to ask the operator about. */
export class AnswerError extends SeedError {
  readonly requestId: string | null;

  constructor(code: ErrorCode, message: string, options: AnswerErrorOptions = {}) {
    super(code, message, options);
    this.name = 'AnswerError';
    this.requestId = options.requestId ?? null;
  }
}

type AnswerErrorOptions = ConstructorParameters<typeof SeedError>[2] & { requestId?: string | null };

const MAY_PASS: readonly ErrorCode[] = [
  'unreachable',
  'unavailable',
  'internal',
  'rate_limited',
  'too_many_requests',
];

/** Whether the same may succeed in a moment. */
export function mayPass(error: unknown): boolean {
  return error instanceof AnswerError && MAY_PASS.includes(error.code);
}

/**
 * @param path of this Seed, such as `/api/v1/whoami`
 * @throws AnswerError; DOMException `AbortError` when `init.signal` is aborted
 */
export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await send(path, init);
  if (response.ok) return response;
  const error = await errorOf(response);
  // Whoever is signing in, or out, is told by the page that does it.
  if (error.status === 401 && !path.startsWith('/session')) listener(error);
  throw error;
}

async function send(path: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  // Marks the request as this page's: a form or a script of another site cannot send it.
  headers.set('Seed-Dashboard', '1');
  try {
    const response = await fetch(BASE_PATH + path, { ...init, headers, credentials: 'same-origin' });
    connectionIsUp();
    return response;
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    connectionIsLost();
    throw new AnswerError('unreachable', 'Seed does not answer', {
      hint: 'Check your connection and that the server runs. This page tries again by itself.',
      cause,
    });
  }
}

/** A proxy in between may answer with something that is not Seed's. */
async function errorOf(response: Response): Promise<AnswerError> {
  const body: Partial<ErrorBody> | null = await response.json().catch(() => null);
  const { error } = body ?? {};
  if (error && error.code in ERROR_STATUS) {
    const { code, message, hint, requestId } = error;
    const retryAfter = Number(response.headers.get('retry-after'));
    return new AnswerError(code, message, {
      ...(hint ? { hint } : {}),
      ...(retryAfter > 0 ? { retryAfterSeconds: retryAfter } : {}),
      requestId,
    });
  }
  const code = response.status === 401 ? 'not_authenticated' : 'unavailable';
  return new AnswerError(code, `The answer was ${response.status} ${response.statusText}`.trim(), {
    hint: 'Something between this page and Seed answered in its place. Try again in a moment.',
  });
}

let listener: (why: SeedError) => void = () => {};

/** Told by whichever request hears first that the session is over; the router then shows the sign-in page. */
export function onSignedOut(then: (why: SeedError) => void): void {
  listener = then;
}

/** @throws AnswerError with the key's own code when it is not accepted */
export async function signIn(key: string): Promise<void> {
  await request('/session', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ key }),
  });
}

/** @param everywhere ends the sessions of this key in all browsers */
export async function signOut(everywhere = false): Promise<void> {
  await request(everywhere ? '/session?everywhere=true' : '/session', { method: 'DELETE' });
}

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 10_000;

const connection = createStore<'up' | 'lost'>('up');
let timer: ReturnType<typeof setTimeout> | undefined;

/** Called by each request that gets no answer. */
function connectionIsLost(): void {
  if (connection.get() === 'lost') return;
  connection.set('lost');
  tryAgain(FIRST_RETRY_MS);
}

/** Called by each request that gets an answer. */
function connectionIsUp(): void {
  clearTimeout(timer);
  connection.set('up');
}

export function useConnection(): 'up' | 'lost' {
  return useSyncExternalStore(connection.subscribe, connection.get);
}

function tryAgain(afterMs: number): void {
  timer = setTimeout(async () => {
    const answered = await fetch(`${BASE_PATH}/healthz`, { cache: 'no-store' }).then(
      (response) => response.ok,
      () => false,
    );
    if (answered) connectionIsUp();
    else if (connection.get() === 'lost') tryAgain(Math.min(afterMs * 2, LAST_RETRY_MS));
  }, afterMs);
}
