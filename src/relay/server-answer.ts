// What is asked of the server for a guest, and what of its answers is passed on when: a short answer once it is
// there whole, a long one as it comes, and none of a server that is away. Used by whoever asks.
import { parseJson } from '../lib/json.ts';
import { ERROR_STATUS, type ErrorBody, type ErrorCode, SeedError } from '../protocol/errors.ts';
import { isAway } from './patience.ts';

export interface ServerRequest {
  /** Path and query. */
  target: string;
  method: string;
  headers: Record<string, string>;
  /** In memory, so that it can be sent again. */
  body: Buffer | null;
  /** An answer of unknown length is waited for until it has begun; it can be long until then. */
  isCompletion: boolean;
}

/** By their names in lower case. */
type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

export interface ServerAnswer {
  status: number;
  headers: AnswerHeaders;
  /** The whole of it. It breaks off where the server broke off. */
  content: AsyncIterable<Buffer>;
  /** Lets go of what is left of it. */
  drop(): void;
}

/** An answer that is known not to be longer is there whole before any of it is handed on. */
const WHOLE_BYTES = 1024 * 1024;
/** Those of a proxy in between, and of a server that is away or works on the same request already. */
const PASSING_STATUSES = new Set([409, 502, 503, 504]);

/** Every answer of Seed's has one; what has none comes from whoever is in between, such as a function's vendor. */
const REQUEST_ID = 'x-request-id';

/** An answer whose head is there. */
export interface BegunAnswer {
  status: number;
  headers: AnswerHeaders;
  chunks: AsyncIterator<Buffer>;
  drop(): void;
}

/** @throws SeedError one that is away (patience.ts): it broke off, or said so */
export async function readServerAnswer(begun: BegunAnswer, isCompletion: boolean): Promise<ServerAnswer> {
  const { status, headers, chunks, drop } = begun;
  if (status >= 500 && headers[REQUEST_ID] === undefined) {
    drop();
    return noAnswer(new Error(`${status} on the way to it`));
  }
  const isShort = status !== 200 || Number(headers['content-length']) <= WHOLE_BYTES;
  const wanted = isShort ? WHOLE_BYTES : Number(isCompletion);
  const first = await firstOf(chunks, wanted).catch(noAnswer);
  const away = PASSING_STATUSES.has(status) ? awayIn(status, Buffer.concat(first), headers) : null;
  if (away !== null) {
    drop();
    throw away;
  }
  return { status, headers, content: wholeOf(first, chunks), drop };
}

export function noAnswer(cause: Error): never {
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
function awayIn(status: number, body: Buffer, { 'retry-after': retryAfter }: AnswerHeaders): SeedError | null {
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

/** The error that the body of an answer tells of; null when it is none of Seed's. */
export function errorIn(text: string): SeedError | null {
  const error = (parseJson(text) as Partial<ErrorBody> | null | undefined)?.error;
  if (error === undefined || !isErrorCode(error.code)) return null;
  return new SeedError(error.code, error.message, error.hint === null ? {} : { hint: error.hint });
}

const isErrorCode = (code: unknown): code is ErrorCode =>
  typeof code === 'string' && Object.hasOwn(ERROR_STATUS, code);
