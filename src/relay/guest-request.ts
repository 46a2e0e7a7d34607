// One request of a guest and the way to answer it, whatever it came over: a stream of HTTP/2 that a runner serves,
// or an HTTP request that was forwarded to the server's door. What may be asked is in routes.ts.
import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { SeedError } from '../protocol/errors.ts';

export interface GuestRequest {
  method: string | undefined;
  /** Path and query, as they were sent. */
  path: string | undefined;
  headers: IncomingHttpHeaders;
  body: Readable;
  /** Aborted when the request is over: answered, given up by the guest, or cut. */
  gone: AbortSignal;
  /** From now on it is the guest's delay when its body does not come or its answer is not taken. */
  begin(): void;
  /** Calls it when the request is over and its body has not come whole, which the body need not tell. */
  onBrokenOff(call: () => void): void;
  /** Whether all that came the same way is over, too: by no doing of the guest's. */
  wasCut(): boolean;
  /** Resolves when the answer is passed on whole; at once, with the answer let go, where nobody takes one. */
  send(answer: GuestAnswer): Promise<void>;
}

export interface GuestAnswer {
  status: number;
  headers?: Record<string, string>;
  /** Null: none. */
  content: string | Buffer | GuestContent | null;
}

/** Content that comes as it is read. */
export interface GuestContent {
  chunks: Readable | AsyncIterable<Buffer>;
  /** More is not passed on. */
  mostBytes: number;
  /** Lets go of what is left of it. */
  drop(): void;
}

/** The bytes of a stream that the server gives. */
export function contentOf(chunks: Readable, mostBytes: number): GuestContent {
  return { chunks, mostBytes, drop: () => void chunks.destroy() };
}

export function jsonAnswer(status: number, body: string): GuestAnswer {
  return { status, headers: { 'content-type': 'application/json' }, content: body === '' ? null : body };
}

/** The error that the guest is told, for whatever was thrown. */
export function refusalOf(error: unknown): SeedError {
  return error instanceof SeedError ? error : new SeedError('internal', 'the call failed', { cause: error });
}

/** A guest that is too fast is told to wait a second. */
export function refusalAnswer(error: SeedError): GuestAnswer {
  const seconds = error.retryAfterSeconds ?? (error.status === 429 ? 1 : null);
  const answer = jsonAnswer(error.status, JSON.stringify(error.toBody(null)));
  return {
    ...answer,
    headers: { ...answer.headers, ...(seconds !== null && { 'retry-after': String(seconds) }) },
  };
}
