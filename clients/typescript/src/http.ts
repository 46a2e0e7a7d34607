// One request of the REST API: sent, sent again where that changes nothing, and its error made a SeedError.
import { errorOf, SeedError } from './errors.ts';

export interface Connection {
  /** Without a slash at its end. */
  url: string;
  key: string;
  fetch: typeof fetch;
  retries: number;
  headers: Record<string, string>;
}

export interface CallOptions {
  signal?: AbortSignal;
  /** A call with the same key is done once; unless given, every write has a random one of its own. */
  idempotencyKey?: string;
  headers?: Record<string, string>;
}

export interface Exchange extends CallOptions {
  method: string;
  /** With the query, under /api/v1. */
  path: string;
  /** JSON text. */
  body?: string;
  accept?: string;
}

const PASSING = [408, 429, 500, 502, 503, 504];
/** Nothing was done, or whatever was done is found by who asks again. */
const AGAIN = [
  'unreachable',
  'unavailable',
  'storage_full',
  'idempotency_in_progress',
  'rate_limited',
  'too_many_requests',
];
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
/** Whoever is asked to wait for longer is told, and not kept waiting. */
const LONGEST_RETRY_AFTER_SECONDS = 60;

/** The answer, which is not read yet. @throws SeedError of an error answer, or where none came */
export function send(connection: Connection, exchange: Exchange): Promise<Response> {
  return repeated(connection, exchange, async (response) => response);
}

/** The JSON of an answer. @throws SeedError as `send` does; bad_answer where it is none */
export function ask(connection: Connection, exchange: Exchange): Promise<unknown> {
  return repeated(connection, exchange, async (response) => {
    let text: string;
    try {
      text = await response.text();
    } catch (cause) {
      exchange.signal?.throwIfAborted();
      throw new SeedError('unreachable', 'the answer was cut off', { cause });
    }
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new SeedError('bad_answer', 'the answer is not JSON', { status: response.status, cause });
    }
  });
}

async function repeated<Answer>(
  connection: Connection,
  exchange: Exchange,
  read: (response: Response) => Promise<Answer>,
): Promise<Answer> {
  const key = exchange.idempotencyKey ?? (exchange.method === 'GET' ? undefined : crypto.randomUUID());
  for (let failures = 0; ; failures += 1) {
    try {
      return await read(await once(connection, exchange, key));
    } catch (error) {
      if (!(error instanceof SeedError) || exchange.signal?.aborted) throw error;
      const isPassing = AGAIN.includes(error.code) || (error.status !== null && PASSING.includes(error.status));
      const isSoon = (error.retryAfterSeconds ?? 0) <= LONGEST_RETRY_AFTER_SECONDS;
      if (!isPassing || !isSoon || failures >= connection.retries) throw error;
      await pause(pauseMs(failures, error.retryAfterSeconds), exchange.signal);
    }
  }
}

async function once(
  connection: Connection,
  exchange: Exchange,
  idempotencyKey: string | undefined,
): Promise<Response> {
  const { method, path, body, accept = 'application/json', signal, headers } = exchange;
  const sent = {
    ...connection.headers,
    accept,
    authorization: `Bearer ${connection.key}`,
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
    ...headers,
  };
  const init = { method, headers: sent, ...(body !== undefined && { body }), ...(signal && { signal }) };
  let response: Response;
  try {
    response = await connection.fetch(`${connection.url}/api/v1${path}`, init);
  } catch (cause) {
    signal?.throwIfAborted();
    throw new SeedError('unreachable', `${connection.url} does not answer`, { cause });
  }
  if (!response.ok) throw await errorOf(response);
  return response;
}

/** Doubles up to a limit, with jitter so that callers spread out; no less than the server asks for. */
export function pauseMs(failures: number, retryAfterSeconds: number | null = null): number {
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 10));
  return Math.max((retryAfterSeconds ?? 0) * 1000, longest * (0.5 + Math.random() / 2));
}

export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', aborted);
      resolve();
    }, ms);
    if (signal?.aborted) aborted();
    else signal?.addEventListener('abort', aborted, { once: true });
  });
}
